package zk

import (
	"fmt"
	"strings"
	"testing"
)

// told is a view to which data is told by the names of nodes, in their order.
func told(t *testing.T, endpoint string, nodes ...string) *view {
	t.Helper()
	v := newView(Location{Path: "/s", Prefix: DefaultPrefix, Endpoint: endpoint})
	var names []string
	for i := 0; i < len(nodes); i += 2 {
		names = append(names, nodes[i])
	}
	if err := v.list(names); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(nodes); i += 2 {
		v.take(nodes[i], []byte(nodes[i+1]), Node{Created: int64(i + 1)}, nil)
	}
	return v
}

func at(host, status string) string {
	return fmt.Sprintf(`{"serviceEndpoint":{"host":%q,"port":1},"additionalEndpoints":{},"status":%q,"shard":7}`, host, status)
}

func addresses(v *view) string {
	var all []string
	for _, e := range v.result().set {
		all = append(all, fmt.Sprintf("%s*%v", strings.TrimSuffix(e.Address, ":1"), e.Weight))
	}
	return strings.Join(all, " ")
}

func TestOnlyAliveMembersAreUsed(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"), "member_2", at("b", "STOPPING"), "member_3", at("c", "DEAD"), "member_4", at("d", "alive"))
	if got := addresses(v); got != "a*1" {
		t.Errorf("got %q", got)
	}
	if r := v.result(); r.members != 4 || r.idle != 3 || r.refused != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestMembersThatStopAreRetired(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"), "member_2", at("b", "STOPPING"), "member_3", at("c", "STOPPED"), "member_4", at("d", "DEAD"), "member_5", at("e", "STARTING"))
	if got := fmt.Sprint(v.result().retired); got != "[b:1 c:1]" {
		t.Errorf("got %s", got)
	}
}

func TestAnotherShardAtAnAddressIsAnotherEndpoint(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"))
	if e := v.result().set[0]; e.Identity != "shard 7" || e.Labels["shard"] != "7" {
		t.Errorf("got %+v", e)
	}
}

func TestOneBadMemberLosesNoOther(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"), "member_2", "garbage", "member_3", at("c", "ALIVE"), "other", "x")
	if got := addresses(v); got != "a*1 c*1" {
		t.Errorf("got %q", got)
	}
	if r := v.result(); r.members != 3 || r.refused != 1 || !strings.Contains(r.first.Error(), "member_2") || v.verdict(r) != nil {
		t.Errorf("got %+v", r)
	}
}

func TestBadMembersAreNamedUpToANumber(t *testing.T) {
	var nodes []string
	for i := range maxTold + 3 {
		nodes = append(nodes, fmt.Sprintf("member_%d", i), "garbage")
	}
	r := told(t, "", nodes...).result()
	if r.refused != maxTold+3 || len(r.told) != maxTold || !strings.HasPrefix(r.told[1], "member_1: ") {
		t.Errorf("%d refused, told %q", r.refused, r.told)
	}
}

func TestAMemberWhoseDataBecomesGarbageStays(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"))
	v.take("member_1", []byte("garbage"), Node{}, nil)
	if got := addresses(v); got != "a*1" || v.result().refused != 1 {
		t.Errorf("got %q", got)
	}
	v.take("member_1", []byte(at("a", "STOPPING")), Node{}, nil)
	if got := addresses(v); got != "" || v.result().refused != 0 {
		t.Errorf("got %q", got)
	}
}

// A service that has lost its session is there twice until the old node is
// taken away, which must not take the service away.
func TestAnAddressThatIsThereTwiceStaysWhenTheOldNodeGoes(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"), "member_2", at("a", "ALIVE"))
	if got := addresses(v); got != "a*1" {
		t.Errorf("got %q", got)
	}
	if err := v.list([]string{"member_2"}); err != nil || len(v.unread()) != 0 {
		t.Fatalf("%v, unread %v", err, v.unread())
	}
	if got := addresses(v); got != "a*1" {
		t.Errorf("got %q", got)
	}
}

func TestWeightVectorsApply(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"), "member_2", at("b", "ALIVE"),
		"vector_1", `{"vector":[{"select":"member=member_1","weight":0.25},{"select":"inet=b:1","weight":0}]}`, "vector_2", `{"vector":[{"select":"shard=7","weight":2}]}`)
	if got := addresses(v); got != "a*0.5" {
		t.Errorf("got %q", got)
	}
	if r := v.result(); r.members != 2 || r.idle != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestNothingUsableIsAnErrorAndNotAnEmptySet(t *testing.T) {
	for _, c := range []struct {
		name string
		v    *view
		want string
	}{
		{"bad data", told(t, "", "member_1", "x"), "none of the 1 members of /s can be used: member_1: not the JSON"},
		{"no such endpoint", told(t, "http", "member_1", at("a", "ALIVE")), `no additional endpoint "http"`},
		{"other prefix", told(t, "", "i-1_0000000001", "{}"), "?prefix="},
		{"no path", newView(Location{Path: "/s"}), "no node /s yet"},
	} {
		if err := c.v.verdict(c.v.result()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", c.name, err, c.want)
		}
	}
	removed := told(t, "", "member_1", at("a", "ALIVE"))
	removed.gone()
	for want, v := range map[string]*view{
		"has no members": told(t, ""), "is to be used": told(t, "", "member_1", at("a", "DEAD")), "was removed": removed,
	} {
		if err, why := v.verdict(v.result()), v.emptiness(v.result()); err != nil || !strings.Contains(why, want) {
			t.Errorf("%v, %q does not say %q", err, why, want)
		}
	}
}

func TestTooManyChildrenAreRefusedWhole(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"))
	if err := v.list(make([]string, maxNodes+1)); err == nil || addresses(v) != "a*1" {
		t.Errorf("got %v, %q", err, addresses(v))
	}
}

func TestEventsSayWhatIsToBeReadAgain(t *testing.T) {
	v := told(t, "", "member_1", at("a", "ALIVE"), "member_2", at("b", "ALIVE"))
	v.touched("/s/member_2")
	if got := v.unread(); len(got) != 1 || got[0] != "member_2" || !v.listed {
		t.Errorf("got %v", got)
	}
	v.touched("/s")
	v.touched("/s/unknown")
	if v.listed {
		t.Error("the list is taken for current")
	}
	if got := addresses(v); got != "a*1 b*1" {
		t.Errorf("what is to be read again is lost: %q", got)
	}
}
