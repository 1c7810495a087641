package balance

import "strings"

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
	orders, heaviest := make([]order, len(names)), 0.0
	for i, name := range names {
		orders[i] = orderOf(name, uint64(m.size))
		heaviest = max(heaviest, weights[i])
	}
	owner := make([]int32, m.size)
	for i := range owner {
		owner[i] = -1
	}
	for turn, left := 1.0, m.size; left > 0; turn++ {
		for i := range orders {
			o := &orders[i]
			// A node has a turn when its weight has grown by another whole one.
			if turn*weights[i] < float64(o.turns+1)*heaviest {
				continue
			}
			o.turns++
			owner[o.take(owner, uint32(m.size))] = int32(i)
			if left--; left == 0 {
				break
			}
		}
	}
	return places{owner: owner}
}

// order is the order in which a node would take the slots.
type order struct {
	next, skip uint32
	turns      int
}

func orderOf(name string, size uint64) order {
	h := spread(name)
	// Independent of the first, or nodes of like offsets had like skips.
	g := spread(strings.Join([]string{name, "skip"}, "#"))
	return order{next: uint32(h % size), skip: uint32(g%(size-1)) + 1}
}

// take is the first slot of the order that is free; there is one.
func (o *order) take(owner []int32, size uint32) uint32 {
	for {
		slot := o.next
		o.next += o.skip
		if o.next >= size {
			o.next -= size
		}
		if owner[slot] < 0 {
			return slot
		}
	}
}
