package balance

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/varz"
)

// HashedParams are the settings of a Hashed.
type HashedParams struct {
	// Key is the part of the request that is hashed.
	Key sidecar.Selector
	// Bounded is how many times the average load a node may have before keys
	// of its own go to the next; 0 is any load.
	Bounded float64
	// Keyless and Overflowed count requests without a key, and those whose
	// key's node had its bound; nil counts for nobody.
	Keyless, Overflowed *varz.Counter
	// Draws is as in NewP2C. Set does not change it.
	Draws rand.Source
}

func (p HashedParams) complete() *HashedParams {
	for _, c := range []**varz.Counter{&p.Keyless, &p.Overflowed} {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
	return &p
}

// Hashed picks by a key of the request, so that requests of one key go to one
// node while it is there: for backends that keep something of what they have
// served. Where the node is Closed or has its bound, or the exchange has tried
// it, the next on the circle is taken, which is another for each key, so that
// what one node leaves is spread over all. A request without a key goes to the
// better of two that are drawn, as with P2C.
//
// A node that starts slowly gets at first a part of its keys only, always the
// same ones, and the others with time.
type Hashed struct {
	params  atomic.Pointer[HashedParams]
	view    atomic.Pointer[hashView]
	pending atomic.Int64 // requests outstanding at all nodes

	mu     sync.Mutex // orders changes
	circle circle
}

// circle is a way to give nodes places on a circle and to find a key's.
type circle interface {
	// lay makes the places for nodes of those names and weights, which are as
	// many; it may build on what it laid last. The result is not changed.
	lay(names []string, weights []float64) places
}

// places are the slots of a circle: owner is the index of the node of each.
// Immutable.
type places struct {
	owner []int32
	// value is where the slots end, in order, for circles whose slots differ in
	// length; nil if they are all alike.
	value []uint32
}

// hashView is what picks see, immutable.
type hashView struct {
	*table
	places
	names   []string
	weights []float64
	sum     float64 // of weights
}

// NewRingHash makes a Hashed over the circle of ketama: see ketama.
func NewRingHash(p HashedParams) *Hashed { return newHashed(p, &ketama{}) }

// NewMaglev makes a Hashed over Maglev's table: see maglev.
func NewMaglev(p HashedParams) *Hashed { return newHashed(p, maglev{maglevSize}) }

func newHashed(p HashedParams, c circle) *Hashed {
	h := &Hashed{circle: c}
	h.params.Store(p.complete())
	h.view.Store(&hashView{table: newTable(nil, p.Draws, 0)})
	return h
}

// Set changes the settings live.
func (h *Hashed) Set(p HashedParams) {
	p.Draws = h.params.Load().Draws
	h.params.Store(p.complete())
}

// Pick returns the node for x, nil only if there is none at all, and counts
// x.N requests. It is hot, takes no lock and is safe for concurrent calls.
func (h *Hashed) Pick(x *sidecar.Exchange, now int64) Node {
	v, p := h.view.Load(), h.params.Load()
	s := search{x: x, now: now, best: candidate{rank: noRank}}
	if key := keyOf(x, p.Key); len(key) > 0 && len(v.owner) > 0 {
		w := walk{search: &s, view: v, total: h.pending.Load() + int64(x.N), bounded: p.Bounded}
		w.from(key)
		if w.passed && s.best.rank == untriedOpen {
			p.Overflowed.Add(uint64(x.N))
		}
	} else {
		p.Keyless.Add(uint64(x.N))
		s.draws(v.table)
	}
	if s.wants(v.table) {
		s.scan(v.table)
	}
	if s.best.node != nil {
		h.pending.Add(int64(x.N))
	}
	return s.best.node
}

func keyOf(x *sidecar.Exchange, sel sidecar.Selector) []byte {
	if x.Msg == nil {
		return nil
	}
	key, _ := x.Msg.Attr(sel)
	return key
}

// Done ends what Pick began for that many requests. It is hot.
func (h *Hashed) Done(_ Node, requests int, _ int64) { h.pending.Add(-int64(requests)) }

// Update makes nodes the whole set. Places go by names and announced weights,
// so that every process has the same whatever order it was told them in; where
// both are as they were, the places stay.
func (h *Hashed) Update(nodes []Node, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := &hashView{names: make([]string, len(nodes)), weights: make([]float64, len(nodes))}
	sorted, names := slices.Clone(nodes), make(map[uint64]string, len(nodes))
	for _, n := range nodes {
		names[n.ID()] = placeOf(n).Name
	}
	slices.SortStableFunc(sorted, func(a, b Node) int { return strings.Compare(names[a.ID()], names[b.ID()]) })
	for i, n := range sorted {
		v.names[i], v.weights[i] = names[n.ID()], weigh(n.Load(now).Weight)
		v.sum += v.weights[i]
	}
	v.table = newTable(sorted, h.params.Load().Draws, now)
	old := h.view.Load()
	if slices.Equal(old.names, v.names) && slices.Equal(old.weights, v.weights) {
		v.places = old.places
	} else {
		v.places = h.circle.lay(v.names, v.weights)
	}
	h.view.Store(v)
}

// maxWalk is how many slots a pick looks at. With half of the nodes out of
// question it fails to find another once in 2^64; with a bound of 1.25 and all
// others at it, once in a million, and takes the first that it passed by.
const maxWalk = 64

// walk goes along the circle from the place of a key.
type walk struct {
	*search
	view    *hashView
	total   int64 // requests outstanding with those of the exchange
	bounded float64
	passed  bool // the key's node, or another before the chosen one, had its bound
}

func (w *walk) from(key []byte) {
	slot := w.view.slot(key)
	later := candidate{rank: noRank} // the first that was passed by
	last := int32(-1)
	for range min(maxWalk, len(w.view.owner)) {
		i := w.view.owner[slot]
		if slot++; slot == len(w.view.owner) {
			slot = 0
		}
		if i == last {
			continue
		}
		last = i
		c := w.look(w.view.table, int(i))
		switch {
		case c.rank == untriedOpen && w.full(&c, i):
			w.passed = true
			later.take(&c)
		case c.rank == untriedOpen && shy(&c, w.view.names[i], key):
			later.take(&c)
		case c.rank < w.best.rank:
			// Of those that are alike the first, so that a key's next is always
			// the same.
			w.best = c
			if c.rank == untriedOpen {
				return
			}
		}
	}
	if later.node != nil {
		w.best, w.passed = later, false
	}
}

// take makes other the candidate, unless there is one already.
func (c *candidate) take(other *candidate) {
	if c.node == nil {
		*c = *other
	}
}

// full tells whether the node at i has its bound: its share of all that is
// outstanding, times the factor, rounded up. One that has nothing takes
// anything, be it a burst.
func (w *walk) full(c *candidate, i int32) bool {
	if w.bounded <= 0 || c.load.Pending <= 0 {
		return false
	}
	bound := math.Ceil(w.bounded * float64(w.total) * w.view.weights[i] / w.view.sum)
	return float64(c.load.Pending)+float64(w.x.N) > bound
}

// shy tells whether a node that starts slowly leaves the key to the next yet.
func shy(c *candidate, name string, key []byte) bool {
	share := weigh(c.load.Share)
	if share >= 1 {
		return false
	}
	return float64(mix(fnv1a(spread(name), key))>>11)/(1<<53) >= share
}

// slot is the slot of a key.
func (v *hashView) slot(key []byte) int {
	if v.value == nil {
		return int(spread(key) % uint64(len(v.owner)))
	}
	i, _ := slices.BinarySearch(v.value, ketamaKey(key))
	if i == len(v.value) {
		return 0
	}
	return i
}
