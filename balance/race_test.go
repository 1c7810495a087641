package balance

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
)

// storm picks and is done from many goroutines while others change the set,
// the statuses and the weights, and calls each for whatever else there is.
func storm(t *testing.T, p picker, each func(now int64)) []*fake {
	fs, nodes := fakes(30, 1)
	p.Update(nodes, 0)
	var clock atomic.Int64
	var work sync.WaitGroup
	for g := range 8 {
		work.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 9))
			for range 3000 {
				x := exchange(uint64(r.IntN(30)))
				x.N = 1 + r.IntN(3)
				n := p.Pick(x, clock.Add(int64(r.IntN(int(millisecond)))))
				if n == nil {
					t.Error("no node was picked")
					return
				}
				n.(*fake).pending.Add(int64(x.N))
				n.(*fake).pending.Add(-int64(x.N))
				p.Done(n, x.N, clock.Load())
			}
		})
	}
	work.Go(func() {
		r := rand.New(rand.NewPCG(99, 9))
		for range 300 {
			for range 10 {
				f := fs[r.IntN(len(fs))]
				f.set(sidecar.Status(r.IntN(3)))
				f.weight.Store(newFake(0, 1+r.Float64()).weight.Load())
			}
			each(clock.Load())
			k := r.IntN(10)
			p.Update(nodes[k:k+1+r.IntN(20)], clock.Load())
		}
	})
	work.Wait()
	for _, f := range fs {
		f.set(sidecar.Open)
	}
	p.Update(nodes, clock.Load())
	return fs
}

func TestP2CUnderConcurrency(t *testing.T) {
	storm(t, NewP2C(nil), func(int64) {})
}

func TestLeastLoadedUnderConcurrencyLosesNoCount(t *testing.T) {
	l := NewLeastLoaded(nil)
	storm(t, l, func(int64) {})
	check(t, l)
	for id, e := range l.entries {
		if e.load != 0 || e.gone {
			t.Errorf("node %d: load %d, gone %v after everything is done", id, e.load, e.gone)
		}
	}
}

func TestApertureUnderConcurrencyLosesNoCount(t *testing.T) {
	p := ApertureParams{LowLoad: 0.2, HighLoad: 0.5, Smoothing: 50 * time.Millisecond, JitterMin: time.Millisecond}
	a := NewAperture(p, nil, 0)
	i := 0
	storm(t, a, func(now int64) {
		a.Tick(now)
		i++
		p.MinSize, p.MaxSize = i%5, i%11
		a.Set(p, now)
		for _, id := range a.Members() {
			a.Has(id)
		}
		if a.Size() < 1 || a.LoadAverage() < 0 || a.Idle() < 0 {
			t.Error("an impossible gauge")
		}
	})
	if a.load.level != 0 {
		t.Errorf("%d are outstanding after everything is done", a.load.level)
	}
	m := &a.members
	if len(m.in)+len(m.out) != len(m.spots) || len(m.spots) != 30 {
		t.Errorf("%d inside, %d outside of %d", len(m.in), len(m.out), len(m.spots))
	}
	for _, s := range m.spots {
		if (*m.side(s.inside))[s.at] != s {
			t.Errorf("node %d is at the wrong place", s.node.ID())
		}
	}
}
