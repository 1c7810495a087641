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

func TestAllocNothingForAWait(t *testing.T) {
	ps, x := newPauses(), exchange()
	x.Block(nil) // so that it knows what time it is
	x.Unblock()
	if n := testing.AllocsPerRun(1000, func() { ps.wait(x, 1000) }); n != 0 {
		t.Errorf("%v allocations a wait", n)
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
