package kafka

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/varz"
)

func TestSeedsServeUntilTheClusterHasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		r := run(t, c, nil, "seed:9092")
		if got := r.failing(); !strings.Contains(got, "seed:9092: connection refused") {
			t.Errorf("got %q", got)
		}
		if r.Nodes() != nil {
			t.Errorf("got %v", r.Nodes())
		}
		c.set(metadata("x", map[int32]string{1: "b1:9092", 2: "b2:9092"}), "seed:9092")
		r.pass(2 * time.Second)
		r.wants(t, "b1:9092 1", "b2:9092 2", "seed:9092 ")
		if got := r.Nodes().Address(2); got != "b2:9092" {
			t.Errorf("node 2 at %q", got)
		}
		r.pass(handover)
		r.wants(t, "b1:9092 1", "b2:9092 2")
	})
}

func TestSeedsAreGivenOutWhenTheFirstLookTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(silent, "seed:9092")
		r := run(t, c, nil, "seed:9092")
		r.wants(t)
		r.pass(firstLook)
		r.wants(t, "seed:9092 ")
	})
}

// Another set, if for a moment only, costs connections.
func TestSeedsAreNotGivenOutWhereTheClusterAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(metadata("x", map[int32]string{1: "b1:9092", 2: "b2:9092"}), "seed:9092")
		r := run(t, c, nil, "seed:9092")
		r.wants(t, "b1:9092 1", "b2:9092 2")
		if r.updates != 1 {
			t.Errorf("%d sets, want 1", r.updates)
		}
		r.pass(firstLook)
		r.wants(t, "b1:9092 1", "b2:9092 2")
	})
}

func TestLooksThatFailAreSpacedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		r := run(t, c, nil, "seed:9092")
		r.pass(10 * time.Minute)
		if n := c.times(); n < 18 || n > 40 {
			t.Errorf("asked %d times in 10 minutes", n)
		}
		if n := r.registry.Counter(varz.KafkaLooksFailed, varz.Source{Service: "k"}).Value(); int(n) != c.times() {
			t.Errorf("%d failed looks are counted, want %d", n, c.times())
		}
	})
}

func TestBrokerThatMovesIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(metadata("x", map[int32]string{1: "b1:9092", 2: "b2:9092"}), "b1:9092", "b2:9092")
		r := run(t, c, nil, "b1:9092")
		r.wants(t, "b1:9092 1", "b2:9092 2")
		c.set(metadata("x", map[int32]string{1: "b1:9092", 2: "b9:9092"}), "b1:9092", "b2:9092", "b9:9092")
		r.pass(6*time.Minute + time.Second)
		if got := r.Nodes().Address(2); got != "b9:9092" {
			t.Errorf("node 2 at %q", got)
		}
		r.wants(t, "b1:9092 1", "b9:9092 2")
		if n := r.told(); n != 2 {
			t.Errorf("%d changes were told, want 2", n)
		}
	})
}

func TestRemovedBrokerLingersAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(metadata("x", map[int32]string{1: "b1:9092", 2: "b2:9092"}), "b1:9092")
		r := run(t, c, nil, "b1:9092")
		c.set(metadata("x", map[int32]string{1: "b1:9092"}), "b1:9092")
		r.pass(time.Second)
		r.Look()
		r.pass(time.Second)
		r.wants(t, "b1:9092 1", "b2:9092 2")
		if n, _ := r.Nodes().At(2); n.Until.IsZero() {
			t.Error("node 2 is told as one of the cluster's")
		}
		r.pass(Lingering)
		r.wants(t, "b1:9092 1")
		if got := r.Nodes().Address(2); got != "" {
			t.Errorf("node 2 at %q", got)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.last.Retired) != 1 || r.last.Retired[0] != "b2:9092" {
			t.Errorf("retired: %q", r.last.Retired)
		}
	})
}

func TestAnAnswerNeverMakesTheClusterEmpty(t *testing.T) {
	for name, say := range map[string]func(context.Context) (kmsg.Response, error){
		"no brokers":          metadata("x", nil),
		"rebootstrap":         func(context.Context) (kmsg.Response, error) { return &kmsg.MetadataResponse{ErrorCode: 129}, nil },
		"no answer":           func(context.Context) (kmsg.Response, error) { return nil, nil },
		"another":             func(context.Context) (kmsg.Response, error) { return kmsg.NewPtrFetchResponse(), nil },
		"addresses of nobody": metadata("x", map[int32]string{1: ":9092", 2: "0.0.0.0:9092", 3: "b:0", 4: "bad host:1"}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &cluster{}
				c.set(metadata("x", map[int32]string{1: "b1:9092"}), "b1:9092")
				r := run(t, c, nil, "b1:9092")
				c.set(say, "b1:9092")
				r.pass(7 * time.Minute)
				if got := r.Nodes().Address(1); got != "b1:9092" || r.failing() == "<nil>" {
					t.Errorf("node 1 at %q, told %q", got, r.failing())
				}
			})
		})
	}
}

func TestSilentBrokerDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(silent, "s1:9092", "s2:9092", "s3:9092", "s4:9092")
		c.set(metadata("x", map[int32]string{1: "b1:9092"}), "b1:9092")
		r := run(t, c, nil, "s1:9092", "s2:9092", "s3:9092", "s4:9092", "b1:9092")
		r.pass(5 * stagger)
		if got := r.Nodes().Address(1); got != "b1:9092" {
			t.Errorf("node 1 at %q", got)
		}
	})
}

func TestTwoBrokersAtOneAddressAreOneEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(metadata("x", map[int32]string{1: "gate:9092", 2: "gate:9092", 3: "b3:9092"}), "seed:1")
		r := run(t, c, nil, "seed:1")
		r.pass(handover)
		r.wants(t, "b3:9092 3", "gate:9092 1,2")
	})
}

func TestBrokerOfAnotherClusterIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		ours := map[int32]string{1: "b1:9092", 2: "b2:9092"}
		c.set(metadata("x", ours), "seed:9092", "b1:9092", "b2:9092")
		r := run(t, c, nil, "seed:9092")
		// Both addresses are another cluster's now; the seed knows nothing yet.
		c.set(metadata("y", map[int32]string{1: "z1:9092"}), "b1:9092", "b2:9092")
		c.set(nil, "seed:9092")
		r.pass(7 * time.Minute)
		if got := r.Nodes().Address(1); got != "b1:9092" || !strings.Contains(r.failing(), "a broker of the cluster y is there now, not one of x") {
			t.Errorf("node 1 at %q, told %q", got, r.failing())
		}
		// What the seeds lead to is believed: it was made anew.
		c.set(metadata("y", map[int32]string{1: "n1:9092"}), "seed:9092")
		r.pass(time.Minute)
		if got := r.Nodes().Address(1); got != "n1:9092" {
			t.Errorf("node 1 at %q", got)
		}
	})
}

func TestBrokerThatIsThisProcessIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(metadata("x", map[int32]string{1: "localhost:9092", 2: "b2:9092"}), "b2:9092")
		r := run(t, c, func(p *Params) { p.Own = func(address string) bool { return address == "localhost:9092" } }, "b2:9092")
		r.Meet(3, []byte("localhost"), 9092)
		r.wants(t, "b2:9092 2")
	})
}
