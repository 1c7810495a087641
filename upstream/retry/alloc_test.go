//go:build !race

package retry

import (
	"context"
	"testing"

	"sidecar"
)

func TestAllocNothingWithoutAFailure(t *testing.T) {
	r := newRig(answers(sidecar.Success))
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error { return nil })
	s, x, ctx := sidecar.Stack(leaf, Layer(r.params)), exchange(), context.Background()
	if n := testing.AllocsPerRun(1000, func() { _ = s.Do(ctx, x) }); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}

func BenchmarkWithoutAFailure(b *testing.B) {
	r := newRig(answers(sidecar.Success))
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error { return nil })
	s, x, ctx := sidecar.Stack(leaf, Layer(r.params)), exchange(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Do(ctx, x)
	}
}
