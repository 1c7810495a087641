//go:build !race

package breaker

import (
	"context"
	"testing"

	"sidecar"
)

func TestAllocNothingWhileHealthy(t *testing.T) {
	r := newRig(t, usual())
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error { return nil })
	s := sidecar.Stack(leaf, r.Layer())
	x, ctx := exchange(sidecar.Success), context.Background()
	n := testing.AllocsPerRun(1000, func() {
		r.Status(1)
		r.Claim(x, 1)
		_ = s.Do(ctx, x)
		r.Observe(0, sidecar.Outcome{Class: sidecar.Success})
	})
	if n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}

func BenchmarkHealthy(b *testing.B) {
	r := newRig(new(testing.T), usual())
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error { return nil })
	s := sidecar.Stack(leaf, r.Layer())
	x, ctx := exchange(sidecar.Success), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Do(ctx, x)
	}
}
