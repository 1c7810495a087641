package balance

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"sidecar"
)

// Aperture picks from a random subset of the nodes, of two by P2C, and makes
// that subset as large as the load needs: a client of little traffic keeps
// few connections, and those warm.
//
// An exchange that finds nothing inside that is Open and that it has not tried
// goes outside, so that one dead member costs no exchange its last chance. A
// Closed member is at once exchanged for a node from outside, whatever the
// bounds of the size say, since that stays the same; it waits outside as any
// other node and may be drawn again when it is not Closed any more.
//
// Narrowing takes a node out of the picks only. Requests in flight end there
// in their own time, and its connections are its owner's business.
type Aperture struct {
	view atomic.Pointer[view]

	mu      sync.Mutex // guards all below; held for constant time an event
	params  ApertureParams
	members members
	load    meter // of requests outstanding, inside and outside
	stepped int64 // when the size was last changed for the load
	// barren: no node outside was found fit to come in; nobody looks again
	// before the next Tick or Update, or each exchange of an outage would.
	barren bool
	jitter jitter
}

// view is what picks see, immutable.
type view struct {
	in, all *table
	ids     []uint64
	has     map[uint64]struct{}
}

// NewAperture makes an Aperture without nodes. random decides who is inside
// and is its own from then on; nil is one that the system seeds.
func NewAperture(p ApertureParams, random *rand.Rand, now int64) *Aperture {
	a := &Aperture{params: p.complete()}
	a.members.random = seeded(random)
	a.load = meter{at: now, window: float64(a.params.Smoothing)}
	a.stepped = now - int64(a.params.Smoothing) // the first step need not wait
	a.schedule(now)
	a.publish(newTable(nil, p.Draws, now), now)
	return a
}

// Pick returns the node for x, nil only if there is none at all, and counts
// x.N requests. It is hot and safe for concurrent calls.
func (a *Aperture) Pick(x *sidecar.Exchange, now int64) Node {
	v := a.view.Load()
	s := search{x: x, now: now, best: candidate{rank: noRank}}
	s.draws(v.in)
	if s.best.rank > untriedOpen {
		s.outside(v)
	}
	if s.best.node == nil {
		return nil
	}
	a.event(int64(x.N), s.closed, now)
	return s.best.node
}

// outside goes on where draws inside found nothing Open and untried.
func (s *search) outside(v *view) {
	if s.wants(v.in) { // an arc may have thousands
		s.scan(v.in)
	}
	if s.best.rank == untriedOpen || len(v.in.nodes) == len(v.all.nodes) {
		return
	}
	inside, closed := s.best, s.closed
	s.best = candidate{rank: noRank}
	s.draws(v.all)
	if inside.rank > untriedBusy || len(v.all.nodes) <= few {
		if s.wants(v.all) {
			s.scan(v.all)
		}
	}
	s.closed = closed // those outside do not matter
	if inside.rank < untriedClosed && inside.rank <= s.best.rank {
		s.best = inside
	}
}

// Done ends what Pick began for that many requests. It is hot and safe for
// concurrent calls. A member that was closed by what it failed is exchanged
// here: with few picks, none might come by it before the next Tick.
func (a *Aperture) Done(n Node, requests int, now int64) {
	if n.Status(now) < sidecar.Closed {
		n = nil
	}
	a.event(-int64(requests), n, now)
}

// event counts n requests more or less and adapts the aperture. closed is a
// node that was seen Closed, a member or not, or nil.
func (a *Aperture) event(n int64, closed Node, now int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.load.add(n, now)
	changed := a.resize(now)
	if closed != nil && a.swap(a.members.spots[closed.ID()], now) {
		changed = true
	}
	if changed {
		a.publish(a.view.Load().all, now)
	}
}

// Update makes nodes the whole set. New ones begin outside; for each member
// that left, another comes in.
func (a *Aperture) Update(nodes []Node, now int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	size := len(a.members.in)
	a.members.replace(nodes, now)
	a.barren = false
	a.jitter.forget(&a.members)
	a.fill(max(size, a.params.MinSize), now)
	a.publish(newTable(slices.Clone(nodes), a.params.Draws, now), now)
}

// Set changes the settings live. A size outside the new bounds is put right at
// once; the load average goes on from where it is.
func (a *Aperture) Set(p ApertureParams, now int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.params
	p.Draws = old.Draws
	a.params = p.complete()
	a.load.advance(now)
	a.load.window = float64(a.params.Smoothing)
	moved := old.JitterMin != a.params.JitterMin || old.JitterMax != a.params.JitterMax
	if moved && !a.jitter.under { // a swap under way schedules the next one
		a.schedule(now)
	}
	a.fill(a.params.MinSize, now)
	for len(a.members.in) > a.limit() {
		a.members.move(a.members.victim(nil, now))
	}
	a.publish(a.view.Load().all, now)
}

// Tick does what time alone demands: the load falls, Closed members are
// exchanged, the jitter's swap is made. To be called about once a second.
func (a *Aperture) Tick(now int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.load.advance(now)
	a.barren = false
	changed := a.resize(now)
	for i := 0; i < len(a.members.in) && !a.barren; i++ {
		// The swapped-in one takes the last place, the last one this one.
		for i < len(a.members.in) && a.swap(a.members.in[i], now) {
			changed = true
		}
	}
	if a.sway(now) {
		changed = true
	}
	if changed {
		a.publish(a.view.Load().all, now)
	}
}

// publish makes the present members what picks see. all is the whole set.
func (a *Aperture) publish(all *table, now int64) {
	n := len(a.members.in)
	v := &view{all: all, ids: make([]uint64, n), has: make(map[uint64]struct{}, n)}
	nodes := make([]Node, n)
	for i, s := range a.members.in {
		nodes[i], v.ids[i] = s.node, s.node.ID()
		v.has[v.ids[i]] = struct{}{}
	}
	v.in = newTable(nodes, a.params.Draws, now)
	a.view.Store(v)
}

// Members are the IDs of the nodes inside, a snapshot that must not be changed.
func (a *Aperture) Members() []uint64 { return a.view.Load().ids }

// Has tells whether the node of that ID is inside.
func (a *Aperture) Has(id uint64) bool {
	_, ok := a.view.Load().has[id]
	return ok
}

// Size is the number of nodes inside.
func (a *Aperture) Size() int { return len(a.view.Load().ids) }

// Idle is the number of nodes outside.
func (a *Aperture) Idle() int {
	v := a.view.Load()
	return len(v.all.nodes) - len(v.ids)
}

// LoadAverage is the average number of requests outstanding a node inside, as
// of the last event or Tick; 0 without nodes.
func (a *Aperture) LoadAverage() float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.members.in) == 0 {
		return 0
	}
	return a.load.average / float64(len(a.members.in))
}
