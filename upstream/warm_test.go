package upstream

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestConnectionsAreDialledAheadOfNeed(t *testing.T) {
	for _, policy := range policies() {
		t.Run(policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := usual()
				s.Balance.Policy, s.Pool.LowWatermark = policy, 3
				r := newRig(t, s, "a:1", "b:1", "c:1", "d:1")
				defer r.stop()
				time.Sleep(2 * time.Second)
				inside := 0
				for _, row := range r.Rows() {
					want := 0
					if row.InAperture {
						want = 3
						inside++
					}
					if row.Pool.Idle != want || row.Requests != 0 {
						t.Errorf("%s has %d idle after %d requests, want %d", row.Address, row.Pool.Idle, row.Requests, want)
					}
				}
				if want := map[bool]int{true: 1, false: 4}[policy == policyAperture]; inside != want {
					t.Errorf("%d in use, want %d", inside, want)
				}
				before := dials(r)
				if n := r.many(4); n != 0 || dials(r) != before {
					t.Errorf("%d failed, %d dials though all are warm", n, dials(r)-before)
				}
			})
		})
	}
}

// dials are those made so far, to all.
func dials(r *rig) (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.backends {
		n += b.dials.Load()
	}
	return n
}

func TestDialsAheadOfNeedAreTwoAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Pool.LowWatermark = 2
		r := newRig(t, s)
		defer r.stop()
		names := []string{"a:1", "b:1", "c:1", "d:1", "e:1"}
		for _, name := range names {
			r.backend(name).slow.Store(int64(700 * time.Millisecond))
		}
		r.announce(names...)
		time.Sleep(8 * time.Second)
		r.mu.Lock()
		if r.most != 2 {
			t.Errorf("%d dials at once", r.most)
		}
		r.mu.Unlock()
		for _, row := range r.Rows() {
			if row.Pool.Idle != 2 {
				t.Errorf("%s has %d idle", row.Address, row.Pool.Idle)
			}
		}
	})
}

// A dead endpoint is known before any client comes, and dialled no more often
// than its backoff allows.
func TestEndpointThatCannotBeWarmedIsOutAndLeftToTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual())
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		r.announce("a:1", "b:1")
		time.Sleep(2 * time.Second)
		r.want("a:1", "closed", "disconnected")
		r.want("b:1", "open", "healthy")
		time.Sleep(5 * time.Minute)
		if n := r.backend("a:1").dials.Load(); n > 14 {
			t.Errorf("%d dials in five minutes", n)
		}
		r.backend("a:1").refuse.Store(false)
		time.Sleep(62 * time.Second)
		r.want("a:1", "open", "healthy")
		if row := r.row("a:1"); row.Pool.Idle != 1 || row.Requests != 0 {
			t.Errorf("after it came back: %+v", row)
		}
	})
}

// The last one is never out, so only the pool's own pause keeps it from being
// dialled every second.
func TestLastEndpointThatCannotBeWarmedIsNotDialledInALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual())
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		r.announce("a:1")
		time.Sleep(5 * time.Minute)
		row := r.row("a:1")
		if n := r.backend("a:1").dials.Load(); n < 3 || n > 10 {
			t.Errorf("%d dials in five minutes", n)
		}
		if row.State != "open" || !row.Breaker.Kept || row.Pool.WarmIn == 0 {
			t.Errorf("told as %+v", row)
		}
	})
}

func TestRemovedEndpointIsNotWarmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1")
		defer r.stop()
		a := r.backend("a:1")
		a.stream.Store(int64(10 * time.Second))
		done := make(chan struct{})
		go func() { defer close(done); r.many(1) }() // keeps it from ending
		synctest.Wait()
		r.announce("b:1")
		before := a.dials.Load()
		time.Sleep(5 * time.Second)
		if n := a.dials.Load() - before; n != 0 || r.backend("b:1").dials.Load() != 1 {
			t.Errorf("%d dials to the removed one", n)
		}
		<-done
	})
}

func TestNothingIsDialledAheadOfNeedInADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Pool.LowWatermark = 4
		r := newRig(t, s)
		defer r.stop()
		r.backend("a:1").slow.Store(int64(700 * time.Millisecond))
		r.announce("a:1")
		time.Sleep(1500 * time.Millisecond) // amid the first
		r.Drain()
		time.Sleep(time.Minute)
		if n := dials(r); n != 1 {
			t.Errorf("%d dials, want the one that was under way", n)
		}
		r.backend("a:1").delay.Store(int64(time.Second))
		var failed atomic.Int64
		var requests sync.WaitGroup
		for range 2 {
			requests.Go(func() { failed.Add(int64(r.many(1))) })
		}
		requests.Wait()
		if failed.Load() != 0 || dials(r) != 2 {
			t.Errorf("%d failed with %d dials, though dials on demand go on", failed.Load(), dials(r))
		}
	})
}

// Clusters that begin together, as in a start of a process, must not dial
// together.
func TestEachClusterHasItsOwnMomentOfUpkeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, random := range []float64{0, 0.25, 0.9999} {
			r := newRigOf(t, usual(), random, "a:1")
			began := time.Now()
			for dials(r) == 0 {
				time.Sleep(time.Millisecond)
			}
			want := time.Duration((1 - random) * float64(upkeep))
			if late := time.Since(began) - want; late < 0 || late > moment+2*time.Millisecond {
				t.Errorf("at %v the first dial was %v later than %v", random, late, want)
			}
			first := r.Tended()
			time.Sleep(3*upkeep + upkeep/2) // not at the instant of a turn
			if tended := time.Duration(r.Tended() - first); tended != 3*upkeep {
				t.Errorf("at %v tended %v later", random, tended)
			}
			r.stop()
		}
	})
}
