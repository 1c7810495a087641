package balance

import (
	"math/rand/v2"
	"testing"

	"sidecar"
)

// model is LeastLoaded by brute force: it looks at everything at each pick.
type model struct {
	set  []*fake
	load map[*fake]int64
}

// best is the best rank of all nodes for x and the least score of that rank.
func (m *model) best(x *sidecar.Exchange) (rank, float64) {
	r, least := noRank, 0.0
	for _, f := range m.set {
		fr, fs := m.of(f, x)
		if fr < r || fr == r && fs < least {
			r, least = fr, fs
		}
	}
	return r, least
}

func (m *model) of(f *fake, x *sidecar.Exchange) (rank, float64) {
	load := f.Load(0)
	load.Pending = m.load[f]
	return rankOf(f.Status(0), x.Tries.Tried(f.id)), load.score()
}

func (m *model) down() int {
	n := 0
	for _, f := range m.set {
		if f.Status(0) != sidecar.Open {
			n++
		}
	}
	return n
}

// play runs random operations on a LeastLoaded and its model. At most maxDown
// nodes are not Open at once.
func play(t *testing.T, seed uint64, maxDown int) {
	r := rand.New(rand.NewPCG(seed, 2))
	all, nodes := fakes(24, 1)
	for _, f := range all {
		f.weight.Store(newFake(0, []float64{0.5, 1, 1, 2}[r.IntN(4)]).weight.Load())
	}
	m := &model{load: map[*fake]int64{}}
	l := NewLeastLoaded(fixed(seed))
	update := func() {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i]; nodes[i], nodes[j] = nodes[j], nodes[i] })
		n := 1 + r.IntN(len(all))
		m.set = all[:n]
		for _, f := range all {
			f.set(sidecar.Open)
		}
		l.Update(nodes[:n], 0)
	}
	update()
	type flight struct {
		f *fake
		n int
	}
	var flights []flight
	stale := 0 // picks until every recovery must have been seen
	for range 3000 {
		switch op := r.IntN(100); {
		case op < 1:
			update()
			stale = (len(all) + lookAgain - 1) / lookAgain
		case op < 10:
			f := m.set[r.IntN(len(m.set))]
			f.set(sidecar.Status(r.IntN(3)))
			if m.down() > maxDown {
				f.set(sidecar.Open)
			}
			stale = (len(all) + lookAgain - 1) / lookAgain
		case op < 50 && len(flights) > 0:
			i := r.IntN(len(flights))
			fl := flights[i]
			flights[i] = flights[len(flights)-1]
			flights = flights[:len(flights)-1]
			m.load[fl.f] -= int64(fl.n)
			l.Done(fl.f, fl.n, 0)
		default:
			x := exchange()
			for range r.IntN(4) {
				x.Try("", m.set[r.IntN(len(m.set))].id, 0)
			}
			x.N = 1 + r.IntN(3)
			wantRank, wantScore := m.best(x)
			f := l.Pick(x, 0).(*fake)
			gotRank, gotScore := m.of(f, x)
			exact := maxDown <= lookAgain || stale == 0
			if exact && (gotRank != wantRank || gotScore != wantScore) {
				t.Fatalf("seed %d: picked rank %d score %v, want %d %v", seed, gotRank, gotScore, wantRank, wantScore)
			}
			if gotRank > untriedBusy && gotRank > wantRank {
				t.Fatalf("seed %d: picked rank %d though there is %d", seed, gotRank, wantRank)
			}
			stale = max(0, stale-1)
			m.load[f] += int64(x.N)
			flights = append(flights, flight{f, x.N})
		}
	}
	check(t, l)
}

// check looks at the order of the heaps and the ring.
func check(t *testing.T, l *LeastLoaded) {
	t.Helper()
	n, down := 0, 0
	for s, h := range l.heaps {
		for i, e := range h {
			if e.at != i || int(e.status) != s || e.gone {
				t.Fatalf("entry %d is at the wrong place", e.id)
			}
			if i > 0 && e.before(h[(i-1)/2]) {
				t.Fatalf("heap %d is out of order at %d", s, i)
			}
		}
		n += len(h)
		if s > 0 {
			down += len(h)
		}
	}
	if n != l.size || down != l.down.n {
		t.Fatalf("%d entries of %d, %d down of %d", n, l.size, down, l.down.n)
	}
}

func TestLeastLoadedIsExactlyTheBruteForceModel(t *testing.T) {
	for seed := range uint64(40) {
		play(t, seed, lookAgain)
	}
}

func TestLeastLoadedIsExactOnceRecoveriesAreSeen(t *testing.T) {
	for seed := range uint64(40) {
		play(t, seed+100, 24)
	}
}

func TestHeapKeepsItsOrderWhenAnyEntryLeaves(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		var h heap
		for i := range 40 {
			h.push(&entry{id: uint64(i), score: float64(r.IntN(10)), tie: r.Uint64()})
		}
		for len(h) > 0 {
			h.remove(r.IntN(len(h)))
			for i, e := range h {
				if e.at != i || i > 0 && e.before(h[(i-1)/2]) {
					t.Fatalf("seed %d: out of order at %d of %d", seed, i, len(h))
				}
			}
		}
	}
}
