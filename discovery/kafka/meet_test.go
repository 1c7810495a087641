package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/varz"
)

// begun is a source of a cluster of one broker, a second after it has answered.
func begun(t *testing.T) (*cluster, *rig) {
	c := &cluster{}
	c.set(metadata("x", map[int32]string{1: "b1:9092"}), "b1:9092")
	r := run(t, c, nil, "b1:9092")
	r.pass(settled)
	return c, r
}

func TestClientsAreNotToldOfABrokerBeforeItCanBeUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := begun(t)
		asked := c.times()
		r.Meet(300, []byte("b300"), 9093)
		// At once, and before any answer.
		if got := r.out(); len(got) != 2 || got[1] != "b300:9093 300" || r.Nodes().Address(300) != "b300:9093" {
			t.Errorf("given out: %q", got)
		}
		r.pass(2 * time.Second)
		if c.times() == asked {
			t.Error("the cluster was not asked")
		}
		// The answer has no such broker: it goes some time after.
		r.wants(t, "b1:9092 1", "b300:9093 300")
		r.pass(Lingering)
		r.wants(t, "b1:9092 1")
	})
}

func TestBrokerMetElsewhereIsFollowedUntilTheClusterSaysOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := begun(t)
		c.set(func(ctx context.Context) (kmsg.Response, error) {
			time.Sleep(100 * time.Millisecond)
			return metadata("x", map[int32]string{1: "b1:9092"})(ctx)
		}, "b1:9092", "old:9092")
		r.Meet(1, []byte("old"), 9092)
		if got := r.Nodes().Address(1); got != "old:9092" {
			t.Errorf("node 1 at %q", got)
		}
		// Answers that differ do not make it change with each of them.
		for range 100 {
			r.Meet(1, []byte("b1"), 9092)
			r.Meet(1, []byte("old"), 9092)
		}
		if n := r.told(); n != 2 {
			t.Errorf("%d changes, want 2", n)
		}
		r.pass(2 * time.Second)
		if got := r.Nodes().Address(1); got != "b1:9092" {
			t.Errorf("node 1 at %q", got)
		}
	})
}

func TestWhatCannotBeABrokerIsNotMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := begun(t)
		r.Meet(-1, nil, -1)
		r.Meet(-1, []byte("b2"), 9092)
		r.Meet(2, nil, 9092)
		r.Meet(2, []byte("b2"), 0)
		r.Meet(2, []byte("b2"), -5)
		r.Meet(2, []byte("b2"), 70000)
		r.Meet(2, []byte("a b"), 9092)
		r.Meet(2, []byte("user@host"), 9092)
		r.Meet(2, []byte("0.0.0.0"), 9092)
		r.Meet(2, []byte("::"), 9092)
		r.Meet(2, []byte(strings.Repeat("a", 300)), 9092)
		r.wants(t, "b1:9092 1")
		r.Meet(1<<31-1, []byte("2001:DB8::1"), 9092)
		r.wants(t, "[2001:db8::1]:9092 2147483647", "b1:9092 1")
	})
}

func TestNodesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		for i := range int32(MaxNodes + 10) {
			n, err := node(i, fmt.Sprintf("b%d", i), 9092)
			if err != nil {
				t.Fatal(err)
			}
			table.meet(n, time.Now())
		}
		if n := len(table.nodes); n != MaxNodes {
			t.Errorf("%d nodes, want %d", n, MaxNodes)
		}
	})
}

func TestUnknownNodeIsLookedForOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := begun(t)
		asked := c.times()
		c.set(metadata("x", map[int32]string{1: "b1:9092", 2: "b2:9092"}), "b1:9092")
		found := make(chan string, 300)
		for range 100 {
			go func() { found <- r.Wait(t.Context(), 2) }()
			go func() { found <- r.Wait(t.Context(), 3) }()
			go func() { found <- r.Wait(t.Context(), 1) }()
		}
		got := map[string]int{}
		for range 300 {
			got[<-found]++
		}
		if got["b2:9092"] != 100 || got[""] != 100 || got["b1:9092"] != 100 {
			t.Errorf("got %v", got)
		}
		// For the first; for those who came meanwhile, whom it may have missed; and for
		// a wish that came too late to be the second's.
		if n := c.times() - asked; n > 3 {
			t.Errorf("asked %d times", n)
		}
		if n := r.registry.Counter(varz.KafkaUnknownNode, varz.Source{Service: "k"}).Value(); n < 100 || n > 200 {
			t.Errorf("%d are counted, want those who did not find it", n)
		}
	})
}

func TestUnknownNodesCostAtMostALookASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := begun(t)
		asked := c.times()
		began := time.Now()
		for node := range int32(10) {
			r.Wait(t.Context(), 1000+node)
		}
		if n := c.times() - asked; time.Duration(n) > time.Since(began)/minLook+1 {
			t.Errorf("asked %d times in %s", n, time.Since(began))
		}
	})
}

func TestWaitEndsWithTheLookTheCallerOrTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(silent, "b1:9092")
		r := run(t, c, nil, "b1:9092")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		if got := r.Wait(ctx, 1); got != "" || time.Since(began) != 50*time.Millisecond {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
		// A client's answer tells meanwhile.
		go func() { time.Sleep(time.Second); r.Meet(1, []byte("b1"), 9092) }()
		if got := r.Wait(t.Context(), 1); got != "b1:9092" {
			t.Errorf("got %q", got)
		}
		began = time.Now()
		if got := r.Wait(t.Context(), 2); got != "" || time.Since(began) > maxWait {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
	})
}

func TestWaitEndsWithTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		s := New(Params{Ask: c.ask, Refresh: func() time.Duration { return time.Minute }})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan struct{})
		go func() {
			_ = s.Run(ctx, nil)
			close(done)
		}()
		go func() { time.Sleep(time.Second); cancel() }()
		began := time.Now()
		if got := s.Wait(t.Context(), 1); got != "" || time.Since(began) != time.Second {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
		<-done
	})
}

func TestOnlySoManyWaitForANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		c.set(silent, "b1:9092")
		r := run(t, c, nil, "b1:9092")
		for range maxWaiting {
			go r.Wait(t.Context(), 1)
		}
		synctest.Wait()
		began := time.Now()
		if got := r.Wait(t.Context(), 1); got != "" || time.Since(began) != 0 {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
		r.pass(maxWait)
	})
}
