package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/upstream/limit"
)

func guarded() Settings {
	s := usual()
	s.Breaker.ConsecutiveFailures, s.Breaker.SuccessRate = 0, 0
	s.Circuit = limit.CircuitSettings{Mode: limit.On, Window: 10 * time.Second, MinRequests: 20, ErrorRate: 0.5, Sleep: 5 * time.Second}
	return s
}

// What a retry has mended is well: the circuit counts what callers saw.
func TestCircuitDoesNotSeeWhatRetriesMend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, guarded(), "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").class.Store(uint32(sidecar.Unavailable))
		r.many(40)
		if s := r.Circuit().Snapshot(); s.State != limit.StateClosed || s.Failed != 0 || s.Requests != 40 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestCircuitOpensOnWhatCallersSee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, guarded(), "a:1", "b:1")
		defer r.stop()
		for _, a := range []string{"a:1", "b:1"} {
			r.backend(a).class.Store(uint32(sidecar.Unavailable))
		}
		r.many(20)
		served := r.backend("a:1").served.Load() + r.backend("b:1").served.Load()
		if why := r.do(request()); why != sidecar.BreakerOpen {
			t.Errorf("the 21st got %v", why)
		}
		if now := r.backend("a:1").served.Load() + r.backend("b:1").served.Load(); now != served {
			t.Error("it reached somebody")
		}
		r.Reset()
		if why := r.do(request()); why == sidecar.BreakerOpen {
			t.Error("still open after a reset")
		}
	})
}

// A circuit outlives its settings, and what is off refuses nobody.
func TestCircuitFollowsItsSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guarded()
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.backend("a:1").class.Store(uint32(sidecar.Failure))
		r.many(20)
		s.Circuit.Mode = limit.Off
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		if why := r.do(request()); why != sidecar.NoReason {
			t.Errorf("off, and it refuses: %v", why)
		}
		s.Circuit.Mode = limit.On
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		if why := r.do(request()); why != sidecar.BreakerOpen {
			t.Errorf("on again it has forgotten: %v", why)
		}
	})
}

func TestResetBringsAllBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1", "c:1", "d:1")
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		r.backend("b:1").class.Store(uint32(sidecar.Failure))
		r.many(60)
		if r.row("a:1").State != "closed" || r.row("b:1").State != "closed" {
			t.Fatalf("not ejected: %v, %v", r.row("a:1"), r.row("b:1"))
		}
		if n := r.Reset(); n != 2 || r.quota.ejected() != 0 {
			t.Errorf("%d readmitted, %d still out", n, r.quota.ejected())
		}
	})
}

func TestEjectingByHandLeavesOneInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1", "c:1")
		defer r.stop()
		if err := r.Eject("a:1"); err != nil {
			t.Error(err)
		}
		if err := r.Eject("b:1"); err != nil { // beyond max_ejected
			t.Error(err)
		}
		if err := r.Eject("c:1"); err == nil {
			t.Error("the last one was ejected")
		}
		if err := r.Eject("x:1"); err == nil {
			t.Error("an unknown one was ejected")
		}
		r.many(10)
		if n := r.backend("c:1").served.Load(); n != 10 {
			t.Errorf("c:1 served %d of 10", n)
		}
	})
}
