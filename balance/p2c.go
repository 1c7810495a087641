package balance

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"sidecar"
)

// P2C picks the better of two distinct nodes drawn at random by weight: the
// better status, then the lower score. Its picks take no lock and
// constant time; only if a few draws found nothing of use are all nodes looked
// at. Weights are those of the last Update for the draw, the present ones for
// the comparison.
type P2C struct {
	nodes atomic.Pointer[table]
	draws rand.Source
}

// NewP2C makes a P2C without nodes. Picks draw from draws, which makes them the
// same in each run but leaves them to one goroutine; nil is the runtime's
// generator, which all may use at once.
func NewP2C(draws rand.Source) *P2C {
	p := &P2C{draws: draws}
	p.nodes.Store(newTable(nil, draws, 0))
	return p
}

// Pick returns the node for x, nil only if there is none at all. It is hot and
// safe for concurrent calls.
func (p *P2C) Pick(x *sidecar.Exchange, now int64) Node {
	t := p.nodes.Load()
	s := search{x: x, now: now, best: candidate{rank: noRank}}
	s.draws(t)
	if s.wants(t) {
		s.scan(t)
	}
	return s.best.node
}

// Done ends what Pick began. A P2C needs no count of its own.
func (p *P2C) Done(Node, int, int64) {}

// Update makes nodes the whole set.
func (p *P2C) Update(nodes []Node, now int64) {
	p.nodes.Store(newTable(slices.Clone(nodes), p.draws, now))
}
