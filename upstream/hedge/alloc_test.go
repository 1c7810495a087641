//go:build !race

package hedge

import (
	"context"
	"testing"

	"sidecar"
)

// lone is a message whose fork is made once, as pooled ones are.
type lone struct {
	request
	fork sidecar.Exchange
	msg  request
}

func (m *lone) Fork() *sidecar.Exchange {
	m.fork.Begin(&m.msg, nil, sidecar.Now())
	return &m.fork
}

func (m *lone) Join(f *sidecar.Exchange) { f.End() }

// An exchange that is answered in time allocates nothing, nor does one that is
// sent twice.
func TestHedgeAllocatesNothing(t *testing.T) {
	for _, twice := range []bool{false, true} {
		r := newRig()
		l := &layer{Params: r.Params}
		r.purse.left = 1 << 40
		var fire func(mark uint64)
		l.Timer = func(f func(mark uint64)) func(int64, uint64) {
			fire = f
			return func(int64, uint64) {}
		}
		l.pairs.New = func() any { return newPair(l) }
		number := uint64(0)
		l.next = sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
			number++
			if twice {
				x.Hedge.(*pair).late(x.Hedge.(*pair).number)
			}
			x.Try("a", 1, x.Now())
			x.Commit(ok)
			return nil
		})
		l.Fork = sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
			x.Try("b", 2, x.Now())
			x.Commit(ok)
			return nil
		})
		m := &lone{}
		ctx, x := context.Background(), &r.x
		n := testing.AllocsPerRun(2000, func() {
			x.Begin(m, nil, sidecar.Now())
			x.Idempotent = true
			x.RequestDone(x.Now())
			if err := l.Do(ctx, x); err != nil {
				t.Fatal(err)
			}
			x.End()
		})
		if n != 0 {
			t.Errorf("twice %v: %v allocations", twice, n)
		}
		if fire == nil || number == 0 {
			t.Error("not hedged")
		}
	}
}
