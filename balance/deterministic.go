package balance

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"sidecar"
)

// DeterministicParams are the settings of a Deterministic.
type DeterministicParams struct {
	// At is this process's place among its peers. It must be Known.
	At Coordinate
	// MinSize is how many nodes of average weight the arc holds at least, 0 is
	// DefaultArc.
	MinSize int
	// Draws makes picks the same in each run but leaves them to one goroutine;
	// nil is the runtime's generator, which all may use at once.
	Draws rand.Source
}

// Deterministic picks from the part of the nodes that its peers leave to it,
// of two by P2C. All peers lay their arcs over the same Ring, so that together
// they load every node with exactly its share, with few connections each.
//
// A node at the edge of the arc is drawn as often as the arc has a part of it,
// and what is outstanding there is divided by that part. An exchange that finds
// nothing inside that is Open and that it has not tried goes outside.
//
// The size is a matter of arithmetic alone: it does not follow the load, since
// peers that are wider than others would load the nodes unevenly.
type Deterministic struct {
	view atomic.Pointer[arcView]

	mu     sync.Mutex // orders changes; picks take no lock
	params DeterministicParams
}

// arcView is what picks see, immutable.
type arcView struct {
	view
	ring   *Ring
	at     Coordinate
	covers int
	parts  map[uint64]float64 // by ID: how much of the node's segment is in the arc
}

// NewDeterministic makes a Deterministic without nodes.
func NewDeterministic(p DeterministicParams) *Deterministic {
	d := &Deterministic{params: p}
	d.publish(NewRing(nil, 0), newTable(nil, p.Draws, 0), 0)
	return d
}

// Pick returns the node for x, nil only if there is none at all. It is hot,
// takes no lock and is safe for concurrent calls.
func (d *Deterministic) Pick(x *sidecar.Exchange, now int64) Node {
	v := &d.view.Load().view
	s := search{x: x, now: now, best: candidate{rank: noRank}}
	s.draws(v.in)
	if s.best.rank > untriedOpen {
		s.outside(v)
	}
	return s.best.node
}

// Done ends what Pick began. A Deterministic needs no count of its own.
func (d *Deterministic) Done(Node, int, int64) {}

// Update makes nodes the whole set.
func (d *Deterministic) Update(nodes []Node, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.publish(NewRing(nodes, now), newTable(slices.Clone(nodes), d.params.Draws, now), now)
}

// Set changes the settings live.
func (d *Deterministic) Set(p DeterministicParams, now int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p.Draws = d.params.Draws
	if d.params == p {
		return
	}
	d.params = p
	v := d.view.Load()
	d.publish(v.ring, v.all, now)
}

// publish makes the arc of the present settings what picks see.
func (d *Deterministic) publish(r *Ring, all *table, now int64) {
	arc := r.Arc(d.params.At, d.params.MinSize)
	v := &arcView{ring: r, at: d.params.At, covers: arc.covers, parts: map[uint64]float64{}}
	v.all, v.has = all, map[uint64]struct{}{}
	var nodes []Node
	var weights, parts []float64
	for i, part := range arc.Each {
		n := r.nodes[i]
		share := float64(part) / float64(r.Segment(i)*arc.peers)
		nodes, parts = append(nodes, n), append(parts, share)
		weights = append(weights, float64(part)*weigh(n.Load(now).Share))
		v.ids = append(v.ids, n.ID())
		v.has[n.ID()] = struct{}{}
		v.parts[n.ID()] = share
	}
	v.in = tableOf(nodes, weights, d.params.Draws)
	v.in.parts = parts
	d.view.Store(v)
}

// Members are the IDs of the nodes of the arc in the order of the ring, a
// snapshot that must not be changed.
func (d *Deterministic) Members() []uint64 { return d.view.Load().ids }

// Has tells whether the arc has a part of the node of that ID.
func (d *Deterministic) Has(id uint64) bool {
	_, ok := d.view.Load().has[id]
	return ok
}

// Part is how much of the node's segment is in the arc, 0 to 1.
func (d *Deterministic) Part(id uint64) float64 { return d.view.Load().parts[id] }

// Size is the number of nodes of the arc.
func (d *Deterministic) Size() int { return len(d.view.Load().ids) }

// Idle is the number of nodes outside.
func (d *Deterministic) Idle() int {
	v := d.view.Load()
	return len(v.all.nodes) - len(v.ids)
}

// VectorHash is the Hash of the ring: peers whose hashes differ do not see the
// same nodes, and do not load them evenly.
func (d *Deterministic) VectorHash() uint32 { return d.view.Load().ring.hash }

// At is the place among the peers.
func (d *Deterministic) At() Coordinate { return d.view.Load().at }

// Width is the share of the ring that the arc has.
func (d *Deterministic) Width() float64 {
	v := d.view.Load()
	return float64(v.covers) / float64(v.at.Total)
}
