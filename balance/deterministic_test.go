package balance

import (
	"math/rand/v2"
	"slices"
	"testing"

	"sidecar"
)

func arcOf(index, total int) *Deterministic {
	return NewDeterministic(DeterministicParams{At: Coordinate{index, total}})
}

func TestDeterministicKeepsTheRulesOfStatusAndTries(t *testing.T) {
	// A lone peer has all nodes inside, one of many has most of them outside.
	for _, peers := range []int{1, 100} {
		statuses(t, func() picker {
			return NewDeterministic(DeterministicParams{At: Coordinate{0, peers}, MinSize: 2})
		})
	}
}

func TestDeterministicSharesTrafficOfAllPeersEvenly(t *testing.T) {
	const peers, nodes, picks = 7, 30, 20000
	got := map[uint64]int{}
	for p := range peers {
		d := arcOf(p, peers)
		d.Update(service(nodes), 1)
		if d.Size() == nodes {
			t.Fatal("the arc is the whole ring")
		}
		x := exchange()
		for range picks {
			n := d.Pick(x, 1)
			if !d.Has(n.ID()) {
				t.Fatalf("peer %d picked %d outside of its arc", p, n.ID())
			}
			got[n.ID()]++
			d.Done(n, 1, 1)
		}
	}
	for i := range uint64(nodes) {
		within(t, "node", got[i+1], peers*picks, 1.0/nodes)
	}
}

// With much outstanding the load of a node at the edge is divided by its part,
// or the edges, which two peers share, would get twice as much.
func TestDeterministicKeepsOutstandingEvenAtTheEdges(t *testing.T) {
	const peers, nodes, each = 8, 50, 4000
	service := service(nodes) // one set of nodes, so that peers add up
	sum := map[uint64]int{}
	for p := range peers {
		d := arcOf(p, peers)
		own := make([]Node, nodes)
		for i, n := range service {
			own[i] = named{newFake(n.ID(), 1), n.(named).address}
		}
		d.Update(own, 1)
		for range each {
			n := d.Pick(exchange(), 1)
			n.(named).pending.Add(1)
			sum[n.ID()]++
		}
	}
	const want = peers * each / nodes
	for i := range uint64(nodes) {
		if got := sum[i+1]; got < want*9/10 || got > want*11/10 {
			t.Errorf("node %d has %d outstanding, want %d within a tenth", i+1, got, want)
		}
	}
}

// About one request is outstanding a node: the draw alone decides between two
// idle nodes, their loads between others, and neither may favour the edges.
func TestDeterministicKeepsTheShareOfEdgesUnderUsualLoad(t *testing.T) {
	const peers, nodes, each = 7, 30, 50000
	random := rand.New(rand.NewPCG(1, 2)) // chance alone moves a count by 1 %
	sum := map[uint64]int{}
	for p := range peers {
		d := NewDeterministic(DeterministicParams{At: Coordinate{p, peers}, Draws: random})
		d.Update(service(nodes), 1)
		rate := d.Width() * nodes
		type reply struct {
			at float64
			n  named
		}
		var under []reply
		for now, i := 0.0, 0; i < each; i++ {
			now += random.ExpFloat64() / rate
			under = slices.DeleteFunc(under, func(r reply) bool {
				if r.at <= now {
					r.n.pending.Add(-1)
				}
				return r.at <= now
			})
			n := d.Pick(exchange(), 1).(named)
			n.pending.Add(1)
			sum[n.ID()]++
			under = append(under, reply{now + random.ExpFloat64(), n})
		}
	}
	for i := range uint64(nodes) {
		if got := float64(sum[i+1]) * nodes / peers / each; got < 0.965 || got > 1.035 {
			t.Errorf("node %d has %.3f of its share", i+1, got)
		}
	}
}

func TestDeterministicGoesOutsideWhenNothingInsideIsOpen(t *testing.T) {
	nodes := service(100)
	d := arcOf(4, 30)
	d.Update(nodes, 1)
	for _, n := range nodes {
		if d.Has(n.ID()) {
			n.(named).set(sidecar.Closed)
		}
	}
	for range 100 {
		if n := d.Pick(exchange(), 1); n.Status(1) != sidecar.Open {
			t.Fatal("picked a Closed node of the arc though others are Open")
		}
	}
	inside := d.Members()
	nodes[slices.IndexFunc(nodes, func(n Node) bool { return n.ID() == inside[0] })].(named).set(sidecar.Open)
	for range 100 {
		if n := d.Pick(exchange(), 1); n.ID() != inside[0] {
			t.Fatal("went outside though one of the arc is Open")
		}
	}
	if n := d.Pick(exchange(inside[0]), 1); d.Has(n.ID()) {
		t.Error("the second try did not leave the arc")
	}
}

func TestDeterministicMovesWithItsCoordinate(t *testing.T) {
	d := arcOf(0, 10)
	d.Update(service(200), 1)
	before := slices.Clone(d.Members())
	hash := d.VectorHash()
	d.Set(DeterministicParams{At: Coordinate{5, 10}}, 1)
	for _, id := range d.Members() {
		if slices.Contains(before, id) {
			t.Errorf("node %d is in opposite arcs", id)
		}
	}
	if d.VectorHash() != hash || d.At() != (Coordinate{5, 10}) || d.Width() != 0.1 {
		t.Errorf("hash %d, was %d; at %v, width %v", d.VectorHash(), hash, d.At(), d.Width())
	}
	if d.Size()+d.Idle() != 200 || d.Size() != 20 {
		t.Errorf("%d inside, %d outside", d.Size(), d.Idle())
	}
	d.Set(DeterministicParams{At: Coordinate{5, 10}, MinSize: 50}, 1)
	if d.Size() != 60 { // three peers' shares are the first that hold 50
		t.Errorf("%d inside, want 60", d.Size())
	}
	d.Update(nil, 1)
	if n := d.Pick(exchange(), 1); n != nil || d.VectorHash() != 0 {
		t.Errorf("picked %v of none, hash %d", n, d.VectorHash())
	}
}

func TestDeterministicTellsThePartsOfItsNodes(t *testing.T) {
	d := arcOf(1, 4)
	nodes := service(50)
	d.Update(nodes, 1)
	sum := 0.0
	for _, n := range nodes {
		p := d.Part(n.ID())
		if (p > 0) != d.Has(n.ID()) || p > 1 {
			t.Errorf("node %d: part %v", n.ID(), p)
		}
		sum += p
	}
	if sum != 12.5 {
		t.Errorf("%v nodes in a quarter of 50", sum)
	}
}
