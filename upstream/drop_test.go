package upstream

import (
	"fmt"
	"testing"
	"testing/synctest"

	"sidecar"
	"sidecar/discovery"
	"sidecar/upstream/limit"
	"sidecar/varz"
)

func dropping(m limit.Mode) Settings {
	s := usual()
	s.DropOverload = m
	return s
}

// drop announces an endpoint and what is to be dropped.
func (r *rig) drop(all ...discovery.Drop) {
	r.feed.updates <- discovery.Update{Endpoints: []discovery.Endpoint{{Address: "a:1"}}, Drops: all}
	synctest.Wait()
}

func (r *rig) dropped(d *varz.Desc, category string) uint64 {
	return r.registry.Counter(d, varz.Source{Service: "users", Reason: category}).Value()
}

// The random number is 0.3 each time, so what is dropped is what has a larger
// share.
func TestRequestsAreDroppedByTheShareOfACategory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, dropping(limit.On), 0.3)
		defer r.stop()
		r.drop(discovery.Drop{Category: "small", Share: 0.2}, discovery.Drop{Category: "large", Share: 0.5}, discovery.Drop{Category: "all", Share: 1})
		if why := r.do(request()); why != sidecar.BulkheadFull {
			t.Errorf("got %v", why)
		}
		if r.backend("a:1").served.Load() != 0 || r.dropped(varz.DropsRefused, "large") != 1 || r.dropped(varz.DropsRefused, "all") != 0 {
			t.Errorf("served %d, counted %+v", r.backend("a:1").served.Load(), r.Drops())
		}
		r.drop(discovery.Drop{Category: "small", Share: 0.2})
		if why := r.do(request()); why != sidecar.NoReason {
			t.Errorf("with a small share, got %v", why)
		}
		r.drop(discovery.Drop{Category: "all", Share: 1})
		r.do(request())
		if all := r.Drops(); len(all) != 1 || all[0].Refused != 1 || all[0].Mode != "on" || all[0].Share != 1 {
			t.Errorf("told as %+v", all)
		}
		r.drop()
		if why := r.do(request()); why != sidecar.NoReason || r.Drops() != nil {
			t.Errorf("after the end, got %v, %+v", why, r.Drops())
		}
	})
}

func TestDropsThatAreDarkAreCountedOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, dropping(limit.Dark), 0.3)
		defer r.stop()
		all := discovery.Drop{Category: "all", Share: 1}
		r.drop(all)
		if why := r.do(request()); why != sidecar.NoReason || r.dropped(varz.DropsDark, "all") != 1 || r.dropped(varz.DropsRefused, "all") != 0 {
			t.Errorf("got %v, %+v", why, r.Drops())
		}
		for mode, want := range map[limit.Mode]sidecar.Reason{limit.Off: sidecar.NoReason, limit.On: sidecar.BulkheadFull} {
			if err := r.Apply(dropping(mode)); err != nil {
				t.Fatal(err)
			}
			if why := r.do(request()); why != want {
				t.Errorf("%v: got %v", mode, why)
			}
		}
		if r.dropped(varz.DropsDark, "all") != 1 {
			t.Error("counted as dark in another mode")
		}
	})
}

// Categories are named by a control plane: what it makes up without end must not
// become series without end.
func TestCategoriesOfDropsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, dropping(limit.On), 0)
		defer r.stop()
		for i := range 2 * maxCategories {
			r.drop(discovery.Drop{Category: fmt.Sprint("c", i), Share: 1})
			r.do(request())
		}
		if n := len(r.guards.drops.of); n != maxCategories+1 {
			t.Errorf("%d categories are counted apart", n)
		}
		if got := r.dropped(varz.DropsRefused, "other"); got != maxCategories {
			t.Errorf("%d are counted as other, want %d", got, maxCategories)
		}
	})
}
