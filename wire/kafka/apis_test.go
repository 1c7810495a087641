package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The table is compared with the codec's generated messages, and printed (-v), so
// that a newer codec asks for a review of what it brings.
func TestTableOfAPIsIsWhatTheCodecKnows(t *testing.T) {
	for key := int16(0); ; key++ {
		req := kmsg.RequestForKey(key)
		if req == nil {
			if Of(key) != nil {
				t.Errorf("key %d is reviewed and unknown to the codec", key)
			}
			break
		}
		a := Of(key)
		if a == nil {
			t.Fatalf("key %d (%s) has not been reviewed", key, kmsg.NameForKey(key))
		}
		flexible := int16(-1)
		for v := req.MaxVersion(); v >= 0; v-- {
			if req.SetVersion(v); req.IsFlexible() {
				flexible = v
			}
			if a.FlexibleAt(v) != req.IsFlexible() {
				t.Errorf("%s %d: flexible is %v", a.Name, v, a.FlexibleAt(v))
			}
		}
		t.Logf("%2d %-38s 0-%-2d flexible %2d kind %d long %v", key, a.Name, a.Max, a.Flexible, a.Kind, a.Long)
		if a.Key != key || a.Max != req.MaxVersion() || a.Flexible != flexible {
			t.Errorf("key %d is %+v, the codec has versions to %d, flexible from %d", key, *a, req.MaxVersion(), flexible)
		}
		if name := kmsg.NameForKey(key); !strings.EqualFold(name, a.Name) && key != 45 { // where the codec kept an older name
			t.Errorf("key %d is named %s, by the codec %s", key, a.Name, name)
		}
	}
}

func TestAPIsAreFoundByKeyAndName(t *testing.T) {
	for _, key := range []int16{-1, 95, 32767, -32768} {
		if Of(key) != nil || NameOf(key) != "unknown" {
			t.Errorf("key %d is known", key)
		}
	}
	if got := NameOf(18); got != "ApiVersions" {
		t.Error(got)
	}
	if got := Named("deletetopics"); len(got) != 1 || got[0] != 20 {
		t.Error(got)
	}
	if got := Named("nonsense"); got != nil {
		t.Error(got)
	}
	if got := fmt.Sprint(Named("Write")); got != "[0 22 24 25 26 28]" {
		t.Error(got)
	}
	seen := map[int16]bool{}
	for _, group := range []string{"read", "write", "admin"} {
		for _, key := range Named(group) {
			if seen[key] || Of(key).Kind == Plain || Of(key).Kind == Internal {
				t.Errorf("%s is in group %s", NameOf(key), group)
			}
			seen[key] = true
		}
	}
}

func TestAnswersWithAddressesDoNotJustPass(t *testing.T) {
	for _, c := range []struct {
		key, version int16
		want         Treatment
	}{
		{KeyProduce, 8, Pass}, {KeyProduce, 10, Whole}, {KeyProduce, 13, Whole}, {KeyProduce, 99, Whole},
		{KeyFetch, 11, Walked}, {KeyFetch, 16, Walked}, {KeyFetch, 18, Walked},
		{KeyMetadata, 0, Whole}, {KeyMetadata, 13, Whole}, {KeyFindCoordinator, 0, Whole}, {KeyDescribeCluster, 0, Whole},
		{KeyShareFetch, 1, Walked}, {KeyShareAcknowledge, 1, Whole}, {KeyAPIVersions, 0, Whole},
		{11, 5, Pass}, {88, 0, Pass},
	} {
		if got := Of(c.key).Treatment(c.version); got != c.want {
			t.Errorf("%s %d: treatment %d, want %d", NameOf(c.key), c.version, got, c.want)
		}
	}
	for i := range apis {
		if a := &apis[i]; a.Addresses() && a.Treatment(a.Max) == Pass {
			t.Errorf("%s passes", a.Name)
		}
	}
}

func TestCodesAreNamedAsKafkaDoes(t *testing.T) {
	for code := int16(-1); code < 200; code++ {
		want := "NONE"
		if err := kerr.TypedErrorForCode(code); err != nil {
			want = err.Message
		}
		got := CodeName(code)
		switch {
		case code == 6: // renamed since
			want = "NOT_LEADER_OR_FOLLOWER"
		case int(code) >= len(codes):
			want = fmt.Sprintf("ERROR_%d", code)
		}
		if got != want {
			t.Errorf("code %d is %s, want %s", code, got, want)
		}
	}
	if got := CodeName(-32768); got != "ERROR_-32768" {
		t.Error(got)
	}
}
