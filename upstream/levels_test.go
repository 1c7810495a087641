package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/discovery"
	"sidecar/varz"
)

// zoned announces addresses, each with its zone and priority.
func (r *rig) zoned(endpoints ...discovery.Endpoint) {
	r.feed.updates <- discovery.Update{Endpoints: endpoints}
	synctest.Wait()
}

func place(address, zone string, priority int) discovery.Endpoint {
	return discovery.Endpoint{Address: address, Zone: zone, Priority: priority}
}

// With the defaults, one of three dead primaries may not be ejected: the backup
// takes over all the same.
func TestBackupTakesOverFromPrimariesThatAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual())
		defer r.stop()
		r.zoned(place("a:1", "", 0), place("b:1", "", 0), place("c:1", "", 0), place("spare:1", "", 1))
		for _, a := range []string{"a:1", "b:1", "c:1"} {
			r.backend(a).refuse.Store(true)
		}
		r.many(100)
		time.Sleep(2 * time.Second)
		spare := r.backend("spare:1")
		before, tried := spare.served.Load(), 0
		for range 300 {
			x := request()
			if reason := r.do(x); reason != sidecar.NoReason {
				t.Error(reason)
			}
			if x.Tries.Len() > 1 {
				tried++
			}
		}
		if n := spare.served.Load() - before; n != 300 || tried > 30 {
			t.Errorf("the spare served %d of 300, %d of them after another was tried", n, tried)
		}
	})
}

func TestOwnZoneIsUsedUntilItFails(t *testing.T) {
	for _, policy := range policies() {
		t.Run(policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := usual()
				s.Balance.Policy, s.Balance.Zone, s.Balance.Panic = policy, "here", 0.5
				s.MaxEjected = 1
				r := newRig(t, s)
				defer r.stop()
				r.zoned(place("far:1", "there", 0), place("near:1", "here", 0), place("spare:1", "here", 1))
				if n := r.many(50); n != 0 || r.backend("near:1").served.Load() != 50 {
					t.Errorf("%d failed, %d of 50 at the near one", n, r.backend("near:1").served.Load())
				}
				if rows := r.Focus().Levels; len(rows) != 3 || rows[0].Zone != "own" || rows[0].Share != 1 || rows[1].Zone != "other" {
					t.Errorf("levels %+v", rows)
				}
				if row := r.row("spare:1"); row.Level != 2 || row.Priority != 1 || row.Zone != "here" {
					t.Errorf("row %+v", row)
				}
				r.backend("near:1").class.Store(uint32(sidecar.Failure))
				r.many(40)
				r.want("near:1", "closed", "ejected")
				before := r.backend("far:1").served.Load()
				if n := r.many(50); n != 0 || r.backend("far:1").served.Load()-before != 50 {
					t.Errorf("%d failed, %d of 50 at the far one", n, r.backend("far:1").served.Load()-before)
				}
				// It comes back by a probe, though its level gets no requests.
				r.backend("near:1").class.Store(0)
				time.Sleep(20 * time.Second)
				r.many(10)
				time.Sleep(2 * time.Second)
				r.want("near:1", "open", "healthy")
				if spilled := r.registry.Counter(varz.Spilled, varz.Source{Service: "users"}).Value(); spilled < 50 {
					t.Errorf("%d spilled", spilled)
				}
			})
		})
	}
}

func TestTooFewWellMeansThatAllAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance.Policy, s.Balance.Panic = policyP2C, 0.5
		s.MaxEjected, s.Retry.MaxRetries = 1, 0
		s.Breaker.MinBackoff, s.Breaker.MaxBackoff = time.Hour, time.Hour
		r := newRig(t, s, "a:1", "b:1", "c:1")
		defer r.stop()
		for _, a := range []string{"a:1", "b:1"} {
			r.backend(a).class.Store(uint32(sidecar.Failure))
		}
		r.many(60)
		r.want("a:1", "closed", "ejected")
		r.want("b:1", "closed", "ejected")
		time.Sleep(2 * time.Second)
		if row := r.row("a:1"); !row.Panic {
			t.Errorf("row %+v", row)
		}
		before := r.backend("a:1").served.Load() + r.backend("b:1").served.Load()
		r.many(300)
		if n := r.backend("a:1").served.Load() + r.backend("b:1").served.Load() - before; n < 150 || n > 250 {
			t.Errorf("%d of 300 went to the two that are ejected, want two thirds", n)
		}
		// Taken out by hand is another matter.
		if err := r.Eject("b:1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		before = r.backend("b:1").served.Load()
		r.many(100)
		if n := r.backend("b:1").served.Load() - before; n != 0 {
			t.Errorf("%d went to the one that is out by hand", n)
		}
		s.Balance.Panic = 0
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		if n := r.many(100); n != 0 {
			t.Errorf("%d failed although one is well and panic is off", n)
		}
	})
}

func TestZoneOfAnEndpointMayChangeUnderWay(t *testing.T) {
	for _, policy := range policies() {
		synctest.Test(t, func(t *testing.T) {
			s := usual()
			s.Balance.Policy, s.Balance.Zone = policy, "here"
			r := newRig(t, s)
			defer r.stop()
			r.zoned(place("a:1", "here", 0), place("b:1", "there", 0))
			r.backend("a:1").delay.Store(int64(time.Second))
			done := make(chan sidecar.Reason)
			go func() { done <- r.do(request()) }()
			synctest.Wait()
			r.zoned(place("a:1", "there", 0), place("b:1", "here", 0))
			r.zoned(place("a:1", "", 0), place("b:1", "", 0))
			if got := <-done; got != sidecar.NoReason {
				t.Errorf("%v", got)
			}
			if n := r.many(20); n != 0 {
				t.Errorf("%d failed", n)
			}
			for _, row := range r.Rows() {
				if row.Pending != 0 {
					t.Errorf("%d pending at %s", row.Pending, row.Address)
				}
			}
		})
	}
}
