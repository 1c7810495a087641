package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/upstream/breaker"
)

// deviant has five endpoints of which the first fails a fifth of its requests,
// in no row, and the others nothing: no absolute rule sees that.
func deviant(t *testing.T, factor float64) *rig {
	s := usual()
	s.Retry.MaxRetries, s.Breaker.Deviation, s.Balance.Policy = 0, factor, policyP2C
	r := newRig(t, s, "a:1", "b:1", "c:1", "d:1", "e:1")
	poor := r.backend("a:1")
	for range 1000 {
		class := sidecar.Success
		if poor.served.Load()%5 == 0 {
			class = sidecar.Failure
		}
		poor.class.Store(uint32(class))
		r.many(1)
	}
	time.Sleep(2 * upkeep)
	synctest.Wait()
	return r
}

func TestEndpointWorseThanTheOthersIsEjectedByUpkeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := deviant(t, 1.9)
		defer r.stop()
		r.want("a:1", "closed", "ejected")
		if why := r.row("a:1").Breaker.Reason; why != breaker.Deviation {
			t.Errorf("for %q", why)
		}
		for _, good := range []string{"b:1", "c:1", "d:1", "e:1"} {
			r.want(good, "open", "healthy")
		}
	})
}

func TestDeviationIsOffUnlessConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := deviant(t, 0)
		defer r.stop()
		r.want("a:1", "open", "healthy")
	})
}

// An endpoint that comes back takes a tenth of its share first.
func TestReadmittedEndpointGrowsIntoItsWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Ramp = 10 * time.Second
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		if err := r.Eject("a:1"); err != nil {
			t.Fatal(err)
		}
		if err := r.Readmit("a:1"); err != nil {
			t.Fatal(err)
		}
		if share := r.row("a:1").Share; share > 0.11 {
			t.Errorf("its share is %v at once", share)
		}
		time.Sleep(11 * time.Second)
		if share := r.row("a:1").Share; share != 1 {
			t.Errorf("its share is %v in the end", share)
		}
	})
}
