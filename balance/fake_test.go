package balance

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"sidecar"
)

const (
	millisecond = int64(1e6)
	second      = int64(1e9)
)

// fake is a Node whose facts the test sets.
type fake struct {
	id      uint64
	status  atomic.Uint32
	pending atomic.Int64
	weight  atomic.Uint64
	cost    atomic.Uint64 // 0 is none, which counts as 1
	share   atomic.Uint64 // so too
	dear    atomic.Bool
}

func newFake(id uint64, weight float64) *fake {
	f := &fake{id: id}
	f.weight.Store(math.Float64bits(weight))
	return f
}

func (f *fake) ID() uint64                  { return f.id }
func (f *fake) Status(int64) sidecar.Status { return sidecar.Status(f.status.Load()) }
func (f *fake) Load(int64) Load {
	return Load{
		Pending: f.pending.Load(), Weight: math.Float64frombits(f.weight.Load()),
		Cost: math.Float64frombits(f.cost.Load()), Share: math.Float64frombits(f.share.Load()),
		Dear: f.dear.Load(),
	}
}
func (f *fake) set(s sidecar.Status) { f.status.Store(uint32(s)) }

// picker is what all balancers are.
type picker interface {
	Pick(x *sidecar.Exchange, now int64) Node
	Done(n Node, requests int, now int64)
	Update(nodes []Node, now int64)
}

// fakes makes n nodes with IDs from 1.
func fakes(n int, weight float64) ([]*fake, []Node) {
	fs, nodes := make([]*fake, n), make([]Node, n)
	for i := range fs {
		fs[i] = newFake(uint64(i+1), weight)
		nodes[i] = fs[i]
	}
	return fs, nodes
}

func weighted(weights ...float64) ([]*fake, []Node) {
	fs, nodes := fakes(len(weights), 1)
	for i, w := range weights {
		fs[i].weight.Store(math.Float64bits(w))
	}
	return fs, nodes
}

// exchange is one that has tried the nodes of those IDs.
func exchange(tried ...uint64) *sidecar.Exchange {
	x := &sidecar.Exchange{}
	x.Begin(nil, nil, 1)
	for _, id := range tried {
		x.Try("", id, 1)
	}
	return x
}

// begin and end are what the cluster does around an exchange.
func begin(t testing.TB, p picker, x *sidecar.Exchange, now int64) *fake {
	t.Helper()
	n := p.Pick(x, now)
	if n == nil {
		t.Fatal("no node was picked")
	}
	f := n.(*fake)
	f.pending.Add(int64(x.N))
	return f
}

func end(p picker, f *fake, n int, now int64) {
	f.pending.Add(-int64(n))
	p.Done(f, n, now)
}

func fixed(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// within fails if got of total draws is more than six standard deviations of
// the binomial distribution from its expectation: chance does that twice in a
// thousand million times, and the shared generator cannot be seeded.
func within(t *testing.T, what string, got, total int, share float64) {
	t.Helper()
	want := float64(total) * share
	if sigma := math.Sqrt(want * (1 - share)); math.Abs(float64(got)-want) > 6*sigma {
		t.Errorf("%s: got %d of %d, want %.0f ± %.0f", what, got, total, want, 6*sigma)
	}
}

// statuses are the rules on status and tries that every balancer keeps.
func statuses(t *testing.T, fresh func() picker) {
	const O, B, C = sidecar.Open, sidecar.Busy, sidecar.Closed
	cases := []struct {
		name   string
		status []sidecar.Status
		tried  []uint64
		want   []uint64 // IDs that may be picked
	}{
		{"one open", []sidecar.Status{O}, nil, []uint64{1}},
		{"one closed is picked all the same", []sidecar.Status{C}, nil, []uint64{1}},
		{"one tried and closed is picked all the same", []sidecar.Status{C}, []uint64{1}, []uint64{1}},
		{"open before busy and closed", []sidecar.Status{C, B, O, C}, nil, []uint64{3}},
		{"busy before closed", []sidecar.Status{C, C, B, C, C}, nil, []uint64{3}},
		{"untried open before tried open", []sidecar.Status{O, O, O}, []uint64{1, 3}, []uint64{2}},
		{"untried busy before tried open", []sidecar.Status{O, B, O}, []uint64{1, 3}, []uint64{2}},
		{"tried open before untried closed", []sidecar.Status{O, C, C}, []uint64{1}, []uint64{1}},
		{"tried open before tried busy", []sidecar.Status{O, B, C}, []uint64{1, 2}, []uint64{1}},
		{"tried busy before untried closed", []sidecar.Status{C, B, C}, []uint64{2}, []uint64{2}},
		{"untried closed before tried closed", []sidecar.Status{C, C, C}, []uint64{2}, []uint64{1, 3}},
		{"all tried", []sidecar.Status{O, O}, []uint64{1, 2}, []uint64{1, 2}},
		{"more tries than are remembered", []sidecar.Status{O, O}, []uint64{1, 2, 1, 2, 1, 2, 1, 2, 1}, []uint64{1, 2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for range 50 {
				p := fresh()
				fs, nodes := fakes(len(c.status), 1)
				p.Update(nodes, 1)
				for i, s := range c.status {
					fs[i].set(s)
				}
				got := begin(t, p, exchange(c.tried...), 2).id
				ok := false
				for _, id := range c.want {
					ok = ok || got == id
				}
				if !ok {
					t.Fatalf("picked %d, want one of %v", got, c.want)
				}
			}
		})
	}
	t.Run("no nodes", func(t *testing.T) {
		p := fresh()
		if n := p.Pick(exchange(), 1); n != nil {
			t.Fatalf("picked %v of none", n)
		}
		_, nodes := fakes(3, 1)
		p.Update(nodes, 1)
		p.Update(nil, 2)
		if n := p.Pick(exchange(), 3); n != nil {
			t.Fatalf("picked %v after all have left", n)
		}
	})
	t.Run("the least loaded of all that are closed", func(t *testing.T) {
		p := fresh()
		fs, nodes := fakes(5, 1)
		p.Update(nodes, 1)
		for _, f := range fs {
			f.set(C)
		}
		for range 20 {
			begin(t, p, exchange(), 2)
		}
		for _, f := range fs {
			if n := f.pending.Load(); n != 4 {
				t.Errorf("node %d has %d outstanding, want 4", f.id, n)
			}
		}
	})
}
