package upstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/discovery"
	"sidecar/varz"
)

func policies() []string {
	return append(spreading(), policyRingHash, policyMaglev)
}

// spreading are those that spread requests that are all alike.
func spreading() []string { return []string{policyAperture, policyLeastLoaded, policyP2C} }

func TestBeforeDiscoveryAnswersExchangesFailAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual())
		defer r.stop()
		err := r.Do(context.Background(), request())
		f := sidecar.FaultOf(err)
		if f.Reason != sidecar.NoEndpoints || f.Stage != sidecar.StagePick || !f.Has(sidecar.Unsent|sidecar.Rejected) {
			t.Errorf("got %v", err)
		}
		if ok, why := r.Ready(); ok || !strings.Contains(why, "feed") {
			t.Errorf("ready %v, %q", ok, why)
		}
		r.announce("a:1")
		if ok, _ := r.Ready(); !ok {
			t.Error("not ready after the first answer")
		}
		if got := r.do(request()); got != sidecar.NoReason {
			t.Error(got)
		}
		r.announce()
		if got := r.do(request()); got != sidecar.NoEndpoints {
			t.Errorf("of an empty set: %v", got)
		}
	})
}

// The scales library's aperture of one, or two endpoints in a heap, answered
// for a dead endpoint with failures until something else happened.
func TestDeadEndpointsCostNoRequest(t *testing.T) {
	for _, policy := range policies() {
		for dead := 1; dead <= 4; dead++ {
			t.Run(fmt.Sprintf("%s/%d of 5", policy, dead), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := usual()
					s.Balance.Policy = policy
					r := newRig(t, s, "a:1", "b:1", "c:1", "d:1", "e:1")
					defer r.stop()
					for i := range dead {
						r.backend(string(rune('a'+i)) + ":1").refuse.Store(true)
					}
					for range 20 {
						if n := r.many(20); n != 0 {
							t.Fatalf("%d of 20 failed", n)
						}
						time.Sleep(time.Second)
					}
				})
			})
		}
	}
}

func TestRefusingEndpointIsRedialledInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		if n := r.many(20); n != 0 {
			t.Errorf("%d failed", n)
		}
		r.want("a:1", "closed", "disconnected")
		before := r.row("a:1").Requests
		time.Sleep(30 * time.Second)
		r.many(20)
		if got := r.row("a:1").Requests; got != before {
			t.Errorf("%d clients' requests were spent on it", got-before)
		}
		if r.backend("a:1").dials.Load() < 2 {
			t.Error("never dialled again")
		}
		r.backend("a:1").refuse.Store(false)
		time.Sleep(62 * time.Second)
		r.want("a:1", "open", "healthy")
		r.many(20)
		if r.backend("a:1").served.Load() == 0 {
			t.Error("healthy and not used")
		}
	})
}

func TestFailingEndpointComesBackByOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Retry.MaxRetries = 0
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		a := r.backend("a:1")
		a.class.Store(uint32(sidecar.Failure))
		if n := r.many(40); n != 5 {
			t.Errorf("%d failed, want as many as in a row eject", n)
		}
		r.want("a:1", "closed", "ejected")
		time.Sleep(10 * time.Second) // the first time out is at most that
		if n := r.many(40); n != 1 {
			t.Errorf("%d failed, want the probe only", n)
		}
		a.class.Store(0)
		time.Sleep(20 * time.Second)
		if n := r.many(40); n != 0 {
			t.Errorf("%d failed", n)
		}
		r.want("a:1", "open", "healthy")
	})
}

func TestOneProbeAtATimeHoweverManyWait(t *testing.T) {
	for _, policy := range spreading() {
		t.Run(policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := usual()
				s.Balance.Policy = policy
				s.Balance.Aperture.MinSize = 2
				s.Retry.MaxRetries = 0
				r := newRig(t, s, "a:1", "b:1")
				defer r.stop()
				a := r.backend("a:1")
				a.class.Store(uint32(sidecar.Failure))
				r.many(60)
				r.want("a:1", "closed", "ejected")
				time.Sleep(10 * time.Second)
				before := a.served.Load()
				a.delay.Store(int64(time.Second))
				r.backend("b:1").delay.Store(int64(100 * time.Millisecond))
				var all sync.WaitGroup
				for range 50 {
					all.Go(func() { r.do(request()) })
				}
				all.Wait()
				if n := a.served.Load() - before; n != 1 {
					t.Errorf("%d went to the ejected endpoint", n)
				}
			})
		})
	}
}

func TestTheLastEndpointIsNeverEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.MaxEjected = 1
		r := newRig(t, s, "a:1", "b:1", "c:1")
		defer r.stop()
		for _, b := range []string{"a:1", "b:1", "c:1"} {
			r.backend(b).class.Store(uint32(sidecar.Failure))
		}
		if n := r.many(100); n != 100 {
			t.Errorf("%d of 100 failed", n)
		}
		if n := r.quota.ejected(); n != 2 {
			t.Errorf("%d of 3 ejected", n)
		}
		for _, b := range []string{"a:1", "b:1", "c:1"} {
			r.backend(b).class.Store(0)
		}
		if n := r.many(100); n != 0 {
			t.Errorf("%d failed after recovery", n)
		}
	})
}

func TestAllDeadIsAnAnswerAndNotAHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		r.backend("b:1").refuse.Store(true)
		for range 5 {
			x := request()
			if got := r.do(x); got != sidecar.ConnectRefused {
				t.Errorf("got %v", got)
			}
			if n := x.Tries.Len(); n != 2 {
				t.Errorf("%d tries of 2 endpoints", n)
			}
		}
		// The one that recovers is found although it is ejected and the other
		// could not be.
		r.backend("a:1").refuse.Store(false)
		if n := r.many(5); n != 0 {
			t.Errorf("%d failed with one alive", n)
		}
		r.backend("a:1").refuse.Store(true)
		r.backend("b:1").refuse.Store(false)
	})
}

func TestAllowedEjections(t *testing.T) {
	want := []int{0, 1, 1, 2, 2, 3, 3, 4, 4, 5}
	for n := 1; n <= 10; n++ {
		if got := allowed(n, 0.5); got != want[n-1] {
			t.Errorf("half of %d: %d, want %d", n, got, want[n-1])
		}
	}
	for _, c := range []struct {
		n     int
		share float64
		want  int
	}{{100, 0.29, 29}, {10, 0.7, 7}, {3, 1, 2}, {1, 1, 0}, {0, 1, 0}, {5, 0, 0}, {9, 0.1, 0}} {
		if got := allowed(c.n, c.share); got != c.want {
			t.Errorf("%v of %d: %d, want %d", c.share, c.n, got, c.want)
		}
	}
}

func TestQuotaIsKeptWhenTheSetChanges(t *testing.T) {
	q := newQuota(0.5)
	for id := uint64(1); id <= 4; id++ {
		q.join(id)
	}
	if !q.ask(1) || !q.ask(2) || q.ask(3) {
		t.Error("two of four")
	}
	q.leave(2)
	if n := q.ejected(); n != 1 || q.ask(3) {
		t.Errorf("%d out of three", n)
	}
	q.join(2)
	if n := q.ejected(); n != 2 {
		t.Errorf("came back ejected: %d", n)
	}
	q.leave(2)
	q.back(2)
	q.join(2)
	if n := q.ejected(); n != 1 || !q.ask(3) || q.ask(4) {
		t.Errorf("recovered while away: %d", n)
	}
}

func TestRepliesAreReplacedWhileTriesLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1", "c:1", "d:1")
		defer r.stop()
		for _, b := range []string{"a:1", "b:1", "c:1", "d:1"} {
			r.backend(b).class.Store(uint32(sidecar.Unavailable))
		}
		x := request()
		if got := r.do(x); got != sidecar.NoReason || x.Tries.Len() != 3 {
			t.Errorf("%v after %d tries; the last reply must go out", got, x.Tries.Len())
		}
		seen := map[uint64]bool{}
		for _, try := range x.Tries.Kept(nil) {
			seen[try.ID] = true
			if try.Class != sidecar.Unavailable || try.End == 0 {
				t.Errorf("recorded as %+v", try)
			}
		}
		if len(seen) != 3 {
			t.Errorf("tries went to %d endpoints", len(seen))
		}
	})
}

func TestAttemptTimeoutGoesElsewhereAndTheDeadlineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.AttemptTimeout, s.Timeout = time.Second, 2500*time.Millisecond
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").delay.Store(int64(time.Hour))
		for range 4 {
			if n := r.many(1); n != 0 {
				t.Error("failed though the other endpoint answers")
			}
		}
		r.backend("b:1").delay.Store(int64(time.Hour))
		start := time.Now()
		x := request()
		got := r.do(x)
		if got != sidecar.DeadlineExceeded || x.Tries.Len() != 3 || time.Since(start) != s.Timeout {
			t.Errorf("%v after %v and %d tries", got, time.Since(start), x.Tries.Len())
		}
	})
}

func TestOperationsHaveTheirOwnSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		short, no := 200*time.Millisecond, false
		s.Operations = []Operation{{Name: "GET /users", Timeout: &short, Idempotent: &no}}
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.backend("a:1").delay.Store(int64(time.Hour))
		start := time.Now()
		x := request()
		if got := r.do(x); got != sidecar.DeadlineExceeded || time.Since(start) != short || x.Idempotent {
			t.Errorf("%v after %v, idempotent %v", got, time.Since(start), x.Idempotent)
		}
		if got := r.Operation(x); got != "GET /users" {
			t.Errorf("counted as %q", got)
		}
		if n := r.registry.Counter(varz.Timeouts, varz.Source{Service: "users"}).Value(); n != 1 {
			t.Errorf("%d timeouts", n)
		}
	})
}

func TestRemovedEndpointDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1")
		defer r.stop()
		r.many(3)
		a := r.backend("a:1")
		a.delay.Store(int64(3 * time.Second))
		var all sync.WaitGroup
		all.Go(func() {
			if got := r.do(request()); got != sidecar.NoReason {
				t.Errorf("the exchange under way: %v", got)
			}
		})
		synctest.Wait()
		r.announce("b:1")
		r.want("a:1", "leaving", "healthy")
		if n := r.many(5); n != 0 || a.served.Load() != 4 {
			t.Errorf("%d failed; the removed endpoint served %d", n, a.served.Load())
		}
		all.Wait()
		if a.open.Load() == 0 {
			t.Error("its connection was not kept for its return")
		}
		time.Sleep(limbo)
		if a.open.Load() != 0 {
			t.Error("its connection was kept")
		}
		if n := len(r.Rows()); n != 1 {
			t.Errorf("%d rows", n)
		}
		departed := r.registry.Counter(varz.EndpointDispatches, varz.Source{Service: "users", Endpoint: varz.Departed})
		if n := departed.Value(); n != 4 {
			t.Errorf("%d requests kept of the departed one", n)
		}
	})
}

func TestEndpointThatReturnsWhileItDrainsIsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		a := r.backend("a:1")
		a.delay.Store(int64(5 * time.Second))
		r.backend("b:1").delay.Store(int64(5 * time.Second))
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() { r.do(request()) })
		}
		synctest.Wait()
		id := r.set.Load().byAddress["a:1"].id
		r.announce("b:1")
		r.announce("b:1", "a:1")
		if got := r.set.Load().byAddress["a:1"].id; got != id {
			t.Error("a second pool for the same endpoint")
		}
		all.Wait()
		r.want("a:1", "open", "healthy")
		if n := r.many(4); n != 0 {
			t.Errorf("%d failed", n)
		}
	})
}

func TestSourceThatFailsTakesNoEndpointAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1")
		defer r.stop()
		r.feed.updates <- discovery.Update{Err: errors.New("zk: session lost")}
		synctest.Wait()
		if n := r.many(3); n != 0 {
			t.Errorf("%d failed", n)
		}
		if r.Discovery().Err == nil {
			t.Error("the error is not told")
		}
	})
}

func TestSettingsChangeUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").delay.Store(int64(4 * time.Second))
		r.backend("b:1").delay.Store(int64(4 * time.Second))
		var all sync.WaitGroup
		all.Go(func() {
			if got := r.do(request()); got != sidecar.NoReason {
				t.Errorf("began with 10 s and got %v", got)
			}
		})
		synctest.Wait()
		s.Timeout = time.Second
		for _, policy := range append(policies(), "") {
			s.Balance.Policy = policy
			if err := r.Apply(s); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if got := r.do(request()); got != sidecar.DeadlineExceeded || time.Since(start) != time.Second {
				t.Errorf("%s: %v after %v", policy, got, time.Since(start))
			}
		}
		all.Wait()
		for _, row := range r.Rows() {
			if row.Pending != 0 {
				t.Errorf("%d pending at %s", row.Pending, row.Address)
			}
		}
		s.Balance.Policy = "round_robin"
		if err := r.Apply(s); err == nil {
			t.Error("an unknown policy was taken")
		}
	})
}

func TestNamedEndpointIsUsedAndOthersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		for range 4 {
			x := request()
			x.Endpoint = "b:1"
			if got := r.do(x); got != sidecar.NoReason {
				t.Error(got)
			}
		}
		if n := r.backend("a:1").served.Load(); n != 0 {
			t.Errorf("another served %d", n)
		}
		r.backend("b:1").refuse.Store(true)
		x := request()
		x.Endpoint = "c:1"
		if got := r.do(x); got != sidecar.NoEndpoints || x.Tries.Len() != 0 {
			t.Errorf("unknown endpoint: %v", got)
		}
	})
}

func TestLongReplyOfAProbeDoesNotHoldTheEndpointBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Retry.MaxRetries = 0
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		a := r.backend("a:1")
		a.class.Store(uint32(sidecar.Failure))
		r.many(40)
		a.class.Store(0)
		a.stream.Store(int64(time.Hour))
		r.backend("b:1").stream.Store(int64(time.Hour))
		time.Sleep(10 * time.Second)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { r.do(request()) })
		}
		time.Sleep(3 * time.Second)
		r.want("a:1", "open", "healthy")
		all.Wait()
	})
}

func TestFinishedIsToldOfEveryExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int64
		f := &feed{make(chan discovery.Update)}
		c, err := New(Params{
			Name: "users", Settings: usual(), Sources: []discovery.Source{f},
			Lines:    []Line{{Dial: (&rig{}).dial}},
			Finished: func(x *sidecar.Exchange, err error) { told.Add(1) },
		})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Do(context.Background(), request())
		if told.Load() != 1 {
			t.Errorf("told %d times", told.Load())
		}
		c.Close()
	})
}
