package sidecar_test

import (
	"context"
	"slices"
	"testing"

	"sidecar"
)

func TestStackReadsInTheOrderARequestMeetsIt(t *testing.T) {
	var met []string
	layer := func(name string) sidecar.Layer {
		return func(next sidecar.Service) sidecar.Service {
			return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
				met = append(met, name)
				defer func() { met = append(met, "/"+name) }()
				return next.Do(ctx, x)
			})
		}
	}
	want := &sidecar.Fault{Reason: sidecar.NoRoute}
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error {
		met = append(met, "leaf")
		return want
	})
	err := sidecar.Stack(leaf, layer("stats"), layer("retry"), layer("pool")).Do(t.Context(), begun())
	if sidecar.FaultOf(err) != want {
		t.Errorf("got %v", err)
	}
	if order := []string{"stats", "retry", "pool", "leaf", "/pool", "/retry", "/stats"}; !slices.Equal(met, order) {
		t.Errorf("met %v, want %v", met, order)
	}
	met = nil
	_ = sidecar.Stack(leaf).Do(t.Context(), begun()) // the leaf's own fault, seen above
	if !slices.Equal(met, []string{"leaf"}) {
		t.Errorf("without layers met %v", met)
	}
}

// notes is an Observer that keeps what it is told.
type notes []sidecar.Op

func (n *notes) Observe(op sidecar.Op, _ sidecar.Outcome) { *n = append(*n, op) }

func TestSessionIsObservedByTheLayersInside(t *testing.T) {
	x := begun()
	var outer, inner notes
	x.Observe(1, sidecar.Outcome{})
	x.Watch(&outer)
	x.Observe(2, sidecar.Outcome{})
	x.Watch(&inner)
	x.Observe(3, sidecar.Outcome{})
	x.Unwatch()
	x.Observe(4, sidecar.Outcome{})
	x.Unwatch()
	x.Observe(5, sidecar.Outcome{})
	if !slices.Equal(outer, notes{2, 3, 4}) || !slices.Equal(inner, notes{3}) {
		t.Errorf("outer was told of %v, inner of %v", outer, inner)
	}
}

func TestNowNeverReadsZero(t *testing.T) {
	a := sidecar.Now()
	b := sidecar.Now()
	if a <= 0 || b < a {
		t.Errorf("read %d, then %d", a, b)
	}
	if d := sidecar.Wall(a + 1500).Sub(sidecar.Wall(a)); d != 1500 {
		t.Errorf("1500 ns are %v of wall time", d)
	}
}
