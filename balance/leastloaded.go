package balance

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"

	"sidecar"
)

const (
	// lookAgain is how many nodes that were not Open are looked at again by
	// each pick, in rotation: one that has recovered is known to be Open
	// after at most a quarter as many picks as there are such nodes.
	lookAgain = 4
	// maxAside is how many nodes one exchange can have tried and remember.
	maxAside = 8
)

// LeastLoaded picks, among the nodes of the best status, the one with exactly
// the least (load+1)/weight in logarithmic time. The load is what it counts
// itself from Pick to Done, so that two picks at once cannot see the same one.
//
// Nodes are in a heap by the status they were last seen with; a node is
// looked at when it is first in its heap, so that a failure is seen at once,
// and in rotation while it is not Open, for its recovery.
//
// With unequal weights and hardly any traffic the heaviest node gets all of
// it, since nothing outstanding over a large weight is the least; shares
// follow the weights as load grows.
//
// It counts requests and nothing else: a cost that changes by time alone would
// have to be put in order anew before each pick.
type LeastLoaded struct {
	mu      sync.Mutex
	heaps   [sidecar.Closed + 1]heap // by status as last seen
	down    ring                     // all that are not Open
	entries map[uint64]*entry        // those that are gone but not done too
	size    int                      // without those
	seq     uint64
	random  *rand.Rand
}

// NewLeastLoaded makes a LeastLoaded without nodes. random breaks ties and is
// its own from then on; nil is one that the system seeds.
func NewLeastLoaded(random *rand.Rand) *LeastLoaded {
	l := &LeastLoaded{entries: map[uint64]*entry{}, random: seeded(random)}
	l.down.init()
	return l
}

// Pick returns the node for x, nil only if there is none at all, and counts
// x.N requests for it. It is hot and safe for concurrent calls.
func (l *LeastLoaded) Pick(x *sidecar.Exchange, now int64) Node {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size == 0 {
		return nil
	}
	l.review(min(lookAgain, l.down.n), now)
	e := l.find(x, now)
	e.load += int64(x.N)
	l.rekey(e, now)
	return e.node
}

// Done ends what Pick began for that many requests. It is hot and safe for
// concurrent calls.
func (l *LeastLoaded) Done(n Node, requests int, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[n.ID()]
	if e == nil {
		return
	}
	e.load = max(0, e.load-int64(requests))
	switch {
	case !e.gone:
		l.rekey(e, now)
	case e.load == 0:
		delete(l.entries, e.id)
	}
}

// Update makes nodes the whole set. A node that leaves and comes back before
// all of its requests are done keeps its load.
func (l *LeastLoaded) Update(nodes []Node, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stay := make(map[uint64]struct{}, len(nodes))
	for _, n := range nodes {
		stay[n.ID()] = struct{}{}
	}
	var leave []*entry
	for id, e := range l.entries {
		if _, ok := stay[id]; !ok && !e.gone {
			leave = append(leave, e)
		}
	}
	// In the map's order no two runs of a simulation were the same.
	slices.SortFunc(leave, func(a, b *entry) int { return cmp.Compare(a.id, b.id) })
	for _, e := range leave {
		l.drop(e)
	}
	l.size = len(stay)
	for _, n := range nodes {
		l.admit(n, now)
	}
}

func (l *LeastLoaded) drop(e *entry) {
	l.heaps[e.status].remove(e.at)
	if e.status != sidecar.Open {
		l.down.remove(e)
	}
	e.gone = true
	if e.load == 0 {
		delete(l.entries, e.id)
	}
}

func (l *LeastLoaded) admit(n Node, now int64) {
	e := l.entries[n.ID()]
	if e != nil && !e.gone {
		e.node = n
		l.move(e, min(n.Status(now), sidecar.Closed))
		// Its weight may be another; its turn stays. An answer of discovery that
		// gave turns anew in its own order would send all sidecars, which have it
		// at once, to the same few nodes next.
		e.score = e.scoreAt(now)
		l.heaps[e.status].fix(e.at)
		return
	}
	if e == nil {
		e = &entry{id: n.ID()}
		l.entries[e.id] = e
	}
	e.node, e.gone, e.status = n, false, min(n.Status(now), sidecar.Closed)
	l.key(e, now)
	l.heaps[e.status].push(e)
	if e.status != sidecar.Open {
		l.down.append(e)
	}
}

// key computes the keys of e. Ties are broken by a number that grows by one
// with each pick and each end and a random one of up to twice the number of nodes: nearly by
// turns, but not in step with other clients. A purely random tie would not do:
// the first of the heap is redrawn, the others keep theirs, and before long
// all but a few hold high numbers and wait while one node is picked on and on.
func (l *LeastLoaded) key(e *entry, now int64) {
	e.score = e.scoreAt(now)
	e.tie = l.seq + l.random.Uint64N(2*uint64(l.size)+1)
}

// scoreAt is the load of e with one more request at the time now.
func (e *entry) scoreAt(now int64) float64 {
	load := e.node.Load(now)
	load.Pending, load.Cost = e.load, 1
	return load.score()
}

// rekey puts e behind those of the same load.
func (l *LeastLoaded) rekey(e *entry, now int64) {
	l.seq++
	l.key(e, now)
	l.heaps[e.status].fix(e.at)
}
