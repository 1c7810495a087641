package balance

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

// named is a node with an address that peers know.
type named struct {
	*fake
	address string
}

func (n named) Place() Place { return Place{Name: n.address} }

// service is n nodes with addresses, of the weights in turn.
func service(n int, weights ...float64) []Node {
	nodes := make([]Node, n)
	for i := range nodes {
		w := 1.0
		if len(weights) > 0 {
			w = weights[i%len(weights)]
		}
		nodes[i] = named{newFake(uint64(i+1), w), fmt.Sprintf("10.0.%d.%d:8080", i/250, i%250)}
	}
	return nodes
}

// loads adds up the parts of all peers' arcs, for each node, and counts them.
// It fails if an arc is not as wide as it must be.
func loads(t testing.TB, r *Ring, peers, least int, sums []int64) (connections, covers int) {
	t.Helper()
	clear(sums)
	for p := range peers {
		var width int64
		var members int
		arc := r.Arc(Coordinate{p, peers}, least)
		for i, part := range arc.Each {
			sums[i] += part // this line runs some 200 million times
			width += part
			members++
		}
		connections, covers = connections+members, arc.Covers()
		if want := int64(covers) * r.Length(); width != want || members > len(r.nodes) {
			t.Fatalf("%d peers, %d nodes: peer %d has %d of the ring in %d parts, want %d", peers, len(r.nodes), p, width, members, want)
		}
	}
	return connections, covers
}

// The promise of the deterministic aperture: each peer sends its requests in
// proportion to the parts of its arc, so that with n of the circle's points in
// each arc a node gets sum(parts)/width, which must be the same for all: not
// nearly, but as whole numbers.
func TestEveryNodeGetsItsShareForEveryNumberOfPeersAndNodes(t *testing.T) {
	const most = 300
	for name, first := range map[string]int{"odd": 1, "even": 2} { // a CPU each
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sums := make([]int64, most)
			for nodes := first; nodes <= most; nodes += 2 {
				r := NewRing(service(nodes), 0)
				for peers := 1; peers <= most; peers++ {
					_, covers := loads(t, r, peers, 0, sums)
					want := int64(covers * peers)
					for i, got := range sums[:nodes] {
						if got != want {
							t.Fatalf("%d peers, %d nodes: node %d gets %d, want %d", peers, nodes, i, got, want)
						}
					}
				}
			}
		})
	}
}

func TestEveryNodeGetsTheShareOfItsWeight(t *testing.T) {
	for name, weights := range map[string][]float64{
		"two kinds":   {1, 2},
		"decimals":    {0.5, 1.5, 0.25},
		"not weights": {0, -1, 3},
		"far apart":   {1000, 1, 0.5},
	} {
		for _, nodes := range []int{1, 2, 7, 12, 13, 40, 100} {
			r := NewRing(service(nodes, weights...), 0)
			sums := make([]int64, nodes)
			for _, peers := range []int{1, 2, 3, 10, 37, 100} {
				_, covers := loads(t, r, peers, 0, sums)
				for i, n := range r.Nodes() {
					w := n.Load(0).Weight
					want := new(big.Rat).SetFrac64(int64(1000*weigh(w)), 1000)
					// Its share of all that the peers send, against that of a weight of 1.
					got := big.NewRat(sums[i], int64(covers*peers))
					got.Mul(got, big.NewRat(int64(1000*weigh(w)), 1000*r.Segment(i)))
					if got.Cmp(want) != 0 {
						t.Fatalf("%s, %d peers, %d nodes: node of weight %v gets %v", name, peers, nodes, w, got)
					}
				}
			}
		}
	}
}

func TestArcsKeepFewConnections(t *testing.T) {
	for _, c := range []struct{ peers, nodes, covers, most int }{
		{4, 10, 4, 40},
		{30, 100, 4, 420},
		{25, 100, 3, 300},
		{100, 30, 40, 1290},
		{1000, 100, 120, 12900},
		{3, 500, 1, 502},
		{5, 20, 3, 60},
	} {
		r := NewRing(service(c.nodes), 0)
		got, covers := loads(t, r, c.peers, 0, make([]int64, c.nodes))
		t.Logf("%d peers, %d nodes: %d connections of %d, each point in %d arcs", c.peers, c.nodes, got, c.peers*c.nodes, covers)
		if got > c.most || covers != c.covers {
			t.Errorf("%d peers, %d nodes: %d connections, each point in %d arcs; want at most %d and %d", c.peers, c.nodes, got, covers, c.most, c.covers)
		}
	}
}

func TestArcHasEachNodeOnceAndNoMoreThanAllOfIt(t *testing.T) {
	for nodes := 1; nodes <= 40; nodes++ {
		r := NewRing(service(nodes, 1, 2, 0.5), 0)
		for peers := 1; peers <= 120; peers++ {
			for p := range peers {
				seen := make([]bool, nodes)
				for i, part := range r.Arc(Coordinate{p, peers}, 0).Each {
					if seen[i] || part <= 0 || part > r.Segment(i)*int64(peers) {
						t.Fatalf("%d peers, %d nodes: peer %d has %d of node %d, again: %v", peers, nodes, p, part, i, seen[i])
					}
					seen[i] = true
				}
			}
		}
	}
}

// Who computes in floats gets one too many
// for hundreds of pairs.
func TestArcsAreNoWiderThanTheyNeedBe(t *testing.T) {
	for nodes := 1; nodes <= 300; nodes++ {
		r := NewRing(service(nodes), 0)
		for peers := 1; peers <= 300; peers++ {
			n := r.Arc(Coordinate{0, peers}, 0).Covers()
			least := min(DefaultArc, nodes)
			if n*nodes < least*peers && n < peers {
				t.Fatalf("%d peers, %d nodes: %d is too few", peers, nodes, n)
			}
			if (n-1)*nodes >= least*peers {
				t.Fatalf("%d peers, %d nodes: %d is one too many", peers, nodes, n)
			}
		}
	}
}

// moved is the share of connections before a change that are not there after
// it. Peers are known by name, as they may have other indexes then.
func moved(before, after map[[2]string]bool) float64 {
	gone := 0
	for c := range before {
		if !after[c] {
			gone++
		}
	}
	return float64(gone) / float64(len(before))
}

func connections(peers []string, nodes []Node) map[[2]string]bool {
	all := map[[2]string]bool{}
	r := NewRing(nodes, 0)
	for i, name := range peers {
		for n := range r.Arc(Coordinate{i, len(peers)}, 0).Each {
			all[[2]string{name, r.nodes[n].(named).address}] = true
		}
	}
	return all
}

func TestOneNodeMoreOrLessMovesFewConnections(t *testing.T) {
	for _, c := range []struct {
		peers, nodes int
		most         float64 // of the connections, on the average of all nodes
	}{{30, 100, 0.05}, {100, 30, 0.08}, {3, 300, 0.02}, {100, 100, 0.05}} {
		peers := names(c.peers)
		nodes := service(c.nodes)
		all := connections(peers, nodes)
		sum, worst := 0.0, 0.0
		for i := range nodes {
			less := append(append([]Node{}, nodes[:i]...), nodes[i+1:]...)
			m := moved(all, connections(peers, less))
			sum, worst = sum+m, max(worst, m)
		}
		mean := sum / float64(len(nodes))
		t.Logf("%d peers, %d nodes, one node leaves: %.1f %% of the connections move on the average, %.1f %% at most; 1/nodes is %.1f %%",
			c.peers, c.nodes, 100*mean, 100*worst, 100/float64(c.nodes))
		if mean > c.most {
			t.Errorf("%d peers, %d nodes: %.3f move", c.peers, c.nodes, mean)
		}
	}
}

func TestOnePeerMoreOrLessMovesConnectionsByAPeersShare(t *testing.T) {
	for _, c := range []struct {
		peers, nodes int
		most         float64
	}{{30, 100, 0.15}, {100, 30, 0.05}, {10, 1000, 0.6}} {
		peers, nodes := names(c.peers), service(c.nodes)
		sum := 0.0
		for i := range peers {
			all := connections(peers, nodes)
			less := append(append([]string{}, peers[:i]...), peers[i+1:]...)
			without := connections(less, nodes)
			for n := range nodes { // those of the peer itself are gone in any case
				delete(all, [2]string{peers[i], nodes[n].(named).address})
			}
			sum += moved(all, without)
		}
		mean := sum / float64(len(peers))
		t.Logf("%d peers, %d nodes, one peer leaves: %.1f %% of the others' connections move", c.peers, c.nodes, 100*mean)
		if mean > c.most {
			t.Errorf("%d peers, %d nodes: %.3f move", c.peers, c.nodes, mean)
		}
	}
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("peer-%04d", i)
	}
	return all
}

func TestRingsOfTheSameServiceAreTheSame(t *testing.T) {
	nodes := service(50, 1, 2, 3)
	r := NewRing(nodes, 0)
	shuffled := append([]Node{}, nodes...)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	s := NewRing(shuffled, 0)
	for i := range r.nodes {
		if r.nodes[i] != s.nodes[i] || r.Segment(i) != s.Segment(i) {
			t.Fatalf("place %d: %v and %v", i, r.nodes[i].ID(), s.nodes[i].ID())
		}
	}
	if r.Hash() != s.Hash() {
		t.Errorf("hashes %d and %d", r.Hash(), s.Hash())
	}
	for name, other := range map[string][]Node{
		"one less": nodes[1:], "other weights": service(50, 1, 2, 4), "other addresses": service(51, 1, 2, 3)[1:],
	} {
		if NewRing(other, 0).Hash() == r.Hash() {
			t.Errorf("%s: the same hash", name)
		}
	}
	if a, b := NewRing(service(50), 0).Hash(), NewRing(service(50, 7), 0).Hash(); a != b {
		t.Error("equal weights are the same ring whatever they are")
	}
	// A promise to peers of other builds and machines: were it another value,
	// a rollout would have two orders at once.
	if got := NewRing(service(3), 0).Hash(); got != ringOfThree {
		t.Errorf("the ring of three is %d", got)
	}
}

const ringOfThree = 2294230500

func TestHugeRingsDoNotOverflow(t *testing.T) {
	nodes := service(2000, 1e6, 0.001, 1e300)
	r := NewRing(nodes, 0)
	for _, p := range []int{0, 1, MaxPeers / 2, MaxPeers - 1} {
		var width int64
		for _, part := range r.Arc(Coordinate{p, MaxPeers}, 0).Each {
			if part <= 0 {
				t.Fatalf("peer %d: a part of %d", p, part)
			}
			width += part
		}
		want := int64(r.Arc(Coordinate{p, MaxPeers}, 0).Covers()) * r.Length()
		if width > want || width < want-want/1000 {
			t.Errorf("peer %d: %d of the ring, want %d", p, width, want)
		}
	}
}

func TestArcLeavesDustOut(t *testing.T) {
	// Two peers and weights of which the small one is 2e-9 of the large one.
	r := NewRing([]Node{
		named{newFake(1, 1e6), "a:1"}, named{newFake(2, 0.001), "b:1"}, named{newFake(3, 1e6), "c:1"},
	}, 0)
	for p := range 2 {
		for i, part := range r.Arc(Coordinate{p, 2}, 1).Each {
			if share := float64(part) / float64(2*r.Length()); share < 1e-7 {
				t.Errorf("peer %d has %g of the ring for node %d", p, share, r.nodes[i].ID())
			}
		}
	}
}

func TestCoordinatesThatAreNone(t *testing.T) {
	for c, known := range map[Coordinate]bool{
		{}: false, {0, 1}: true, {1, 1}: false, {-1, 3}: false, {2, 3}: true,
		{0, MaxPeers}: true, {0, MaxPeers + 1}: false, {3, 0}: false,
	} {
		if c.Known() != known {
			t.Errorf("%v: known %v", c, !known)
		}
	}
}

func BenchmarkReplan(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("%dx%d", n, n), func(b *testing.B) {
			nodes := service(n)
			d := NewDeterministic(DeterministicParams{At: Coordinate{n / 2, n}})
			for b.Loop() {
				d.Update(nodes, 0)
			}
		})
	}
}
