package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/varz"
)

// quickest is usual with replies' times for a load.
func quickest() Settings {
	s := usual()
	s.Balance.Policy, s.Balance.Load, s.Balance.Decay = policyP2C, loadPeakEwma, 10*time.Second
	s.Retry.MaxRetries = 0
	s.Breaker.ConsecutiveFailures, s.Breaker.SuccessRate = 0, 0
	return s
}

func TestSlowEndpointGetsFewRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, quickest(), "slow:1", "b:1", "c:1", "d:1")
		defer r.stop()
		for _, a := range []string{"slow:1", "b:1", "c:1", "d:1"} {
			r.backend(a).delay.Store(int64(time.Millisecond))
		}
		r.backend("slow:1").delay.Store(int64(100 * time.Millisecond))
		r.many(10)
		before := r.backend("slow:1").served.Load()
		r.many(1000) // a second and a little more
		if n := r.backend("slow:1").served.Load() - before; n > 10 {
			t.Errorf("the slow one of four got %d of 1000", n)
		}
		if row := r.row("slow:1"); row.Cost < 50*time.Millisecond || row.Cost > 100*time.Millisecond {
			t.Errorf("it is said to take %v", row.Cost)
		}
	})
}

// A host that fails at once answers the fastest of all and must not draw
// traffic by it, with no breaker to help.
func TestFastFailuresDrawNoTraffic(t *testing.T) {
	for _, class := range []sidecar.Class{sidecar.Failure, sidecar.Unavailable, sidecar.Overload, sidecar.Shed} {
		t.Run(class.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, quickest(), "bad:1", "b:1", "c:1", "d:1")
				defer r.stop()
				for _, a := range []string{"b:1", "c:1", "d:1"} {
					r.backend(a).delay.Store(int64(10 * time.Millisecond))
				}
				r.backend("bad:1").class.Store(uint32(class))
				r.many(1000)
				if n := r.backend("bad:1").served.Load(); n > 5 {
					t.Errorf("it got %d of 1000", n)
				}
				if row := r.row("bad:1"); row.Cost < 400*time.Millisecond {
					t.Errorf("it is said to take %v", row.Cost)
				}
			})
		})
	}
}

func TestPeerThatAsksForAWhileGetsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, quickest(), "a:1")
		defer r.stop()
		b := r.backend("a:1")
		b.class.Store(uint32(sidecar.Shed))
		b.inside = func(x *sidecar.Exchange) { x.Tries.Last().After = int64(time.Minute) }
		r.many(1)
		if row := r.row("a:1"); row.Cost < 59*time.Second || row.Cost > 61*time.Second {
			t.Errorf("it is said to take %v", row.Cost)
		}
	})
}

func TestResetsAndRefusalsAreSlowReplies(t *testing.T) {
	for name, fail := range map[string]func(*backend){
		"reset":   func(b *backend) { b.reset.Store(true) },
		"refused": func(b *backend) { b.refuse.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, quickest())
				defer r.stop()
				fail(r.backend("a:1"))
				r.announce("a:1")
				r.many(1)
				if row := r.row("a:1"); row.Cost < 4*time.Second {
					t.Errorf("it is said to take %v", row.Cost)
				}
			})
		})
	}
}

// The time of a reply is that to its beginning, from where the endpoint had the
// whole request; a session's says nothing.
func TestStreamsAndSlowClientsMakeNoEndpointSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, quickest(), "a:1")
		defer r.stop()
		b := r.backend("a:1")
		b.delay.Store(int64(2 * time.Millisecond))
		b.stream.Store(int64(3 * time.Second))
		r.many(1)
		if got := r.row("a:1").Cost; got < time.Millisecond || got > 3*time.Millisecond {
			t.Errorf("after a long stream it is said to take %v", got)
		}
		x := request()
		x.Kind = sidecar.Session
		b.delay.Store(int64(time.Second))
		r.do(x)
		if got := r.row("a:1").Cost; got > 3*time.Millisecond {
			t.Errorf("after a session it is said to take %v", got)
		}
	})
}

func TestLoadChangesWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := quickest()
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.backend("a:1").delay.Store(int64(5 * time.Millisecond))
		for _, c := range []struct {
			load string
			want bool
		}{{loadPending, false}, {loadPeakEwma, true}, {"", false}} {
			s.Balance.Load = c.load
			if err := r.Apply(s); err != nil {
				t.Fatal(err)
			}
			r.many(1)
			if got := r.row("a:1").Cost != 0; got != c.want {
				t.Errorf("load %q: costs count: %v", c.load, got)
			}
		}
	})
}

func TestImpossibleLoadsAreRefused(t *testing.T) {
	for _, b := range []Balance{
		{Policy: policyLeastLoaded, Load: loadPeakEwma, Decay: time.Second}, {Load: loadPeakEwma}, {Load: "x"}, {Policy: "x"},
	} {
		if b.check() == nil {
			t.Errorf("%+v passed", b)
		}
	}
}

func TestNewEndpointGrowsIntoItsWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance.Policy, s.Balance.SlowStart = policyP2C, 20*time.Second
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		if got := r.row("a:1").Share; got != 1 {
			t.Errorf("the first set starts with a share of %v", got)
		}
		r.announce("a:1", "b:1", "c:1")
		share := func() float64 {
			before := r.backend("c:1").served.Load()
			r.many(2000)
			return float64(r.backend("c:1").served.Load()-before) / 2000
		}
		// Each draw is by weight and nothing is outstanding: 0.1 of 2.1, 0.5 of
		// 2.5, 1 of 3, within six standard deviations.
		for _, c := range []struct {
			wait     time.Duration
			row      float64
			from, to float64
		}{{0, 0.1, 0.02, 0.08}, {10500 * time.Millisecond, 0.525, 0.14, 0.26}, {12 * time.Second, 1, 0.27, 0.4}} {
			time.Sleep(c.wait)
			synctest.Wait()
			if got := share(); got < c.from || got > c.to {
				t.Errorf("after %v more it gets %v, want %v to %v", c.wait, got, c.from, c.to)
			}
			if got := r.row("c:1").Share; got < c.row-0.01 || got > c.row+0.01 {
				t.Errorf("after %v more its share is told as %v, want %v", c.wait, got, c.row)
			}
		}
		s.Balance.SlowStart = 0
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		r.announce("a:1", "b:1", "c:1", "d:1")
		if got := r.row("d:1").Share; got != 1 {
			t.Errorf("without slow_start a new one has a share of %v", got)
		}
	})
}

func TestCostAndWeightAreGauges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, quickest(), "a:1")
		defer r.stop()
		r.backend("a:1").delay.Store(int64(20 * time.Millisecond))
		r.many(1)
		told := map[*varz.Desc]float64{}
		r.registry.Each(func(d *varz.Desc, _ varz.Source, v varz.Value) { told[d] = v.Number })
		if w, c := told[varz.EndpointWeight], told[varz.EndpointCost]; w != 1 || c < 0.019 || c > 0.021 {
			t.Errorf("weight %v, cost %v", w, c)
		}
	})
}
