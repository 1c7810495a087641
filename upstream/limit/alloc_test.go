//go:build !race

package limit

import (
	"context"
	"testing"

	"sidecar"
)

// While nothing fails, circuit, bulkhead and fallback allocate nothing.
func TestAllocNothingWhereNothingFails(t *testing.T) {
	s := usual()
	r := newRig(nil, s)
	p := static(every)
	var b Bulkhead
	m := new(message)
	x := exchange(m)
	leaf := sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		if !b.Enter(1, 10) {
			return nil
		}
		defer b.Leave(1)
		return reply(sidecar.Success)(ctx, x)
	})
	service := sidecar.Stack(leaf, Fallback(p), r.Layer)
	if n := testing.AllocsPerRun(1000, func() {
		x.Begin(m, nil, sidecar.Now())
		if err := service.Do(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}
