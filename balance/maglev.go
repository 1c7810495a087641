package balance

import (
	"math"
	"slices"
	"strings"
)

// maglev lays the lookup table of "Maglev: A Fast and Reliable Software Network
// Load Balancer" (Eisenbud et al., 2016, section 3.4): each node has its own
// order in which it would take the slots, and by turns each takes the first
// that is free. Slots are even to one part in a hundred at 650 nodes, and few
// change hands when a node comes or goes. A node of less weight takes fewer
// turns. The table is made anew each time; that is a matter of milliseconds.
type maglev struct {
	size int // a prime, so that every order goes through all slots
}

// maglevSize is the number of slots, the paper's.
const maglevSize = 65537

func (m maglev) lay(names []string, weights []float64) places {
	if len(names) == 0 {
		return places{}
	}
	turns, next, heaviest := make([]turn, len(names)), make(heap, 0, len(names)), slices.Max(weights)
	for i, name := range names {
		t := &turns[i]
		*t = turn{entry: entry{tie: uint64(i)}, weight: weights[i], order: orderOf(name, uint64(m.size))}
		t.advance(heaviest)
		next.push(&t.entry)
	}
	owner := make([]int32, m.size)
	for i := range owner {
		owner[i] = -1
	}
	for range m.size {
		t := &turns[next[0].tie]
		owner[t.take(owner, uint32(m.size))] = int32(next[0].tie)
		t.advance(heaviest)
		next.fix(0)
	}
	return places{owner: owner}
}

// turn is when a node takes its next slot: the heaviest takes one in each
// round, another each time that its weight has grown by a whole one of that.
// The entry's score is the round and its tie the node. They are in a heap, as
// light nodes would else be asked in every round of a heavy one: a hundred
// thousand of them, tens of thousands of times.
type turn struct {
	entry
	order
	taken  int
	weight float64
}

func (t *turn) advance(heaviest float64) {
	t.taken++
	t.score = math.Ceil(float64(t.taken) * heaviest / t.weight)
}

// order is the order in which a node would take the slots.
type order struct {
	slot, skip uint32
}

func orderOf(name string, size uint64) order {
	h := spread(name)
	// Independent of the first, or nodes of like offsets had like skips.
	g := spread(strings.Join([]string{name, "skip"}, "#"))
	return order{slot: uint32(h % size), skip: uint32(g%(size-1)) + 1}
}

// take is the first slot of the order that is free; there is one.
func (o *order) take(owner []int32, size uint32) uint32 {
	for {
		slot := o.slot
		o.slot += o.skip
		if o.slot >= size {
			o.slot -= size
		}
		if owner[slot] < 0 {
			return slot
		}
	}
}
