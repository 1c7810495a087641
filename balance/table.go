package balance

import "math/rand/v2"

// table is an immutable list of nodes that is drawn from by weight in constant
// time (Walker's alias method). Weights are as they were when it was made.
type table struct {
	nodes []Node
	// keep and other are nil if all weights are the same. Slot i was drawn:
	// with probability keep[i]/2^32 it is node i, else node other[i].
	keep  []uint32
	other []int32
	// parts are nil if all nodes are whole: else of node i only parts[i] is
	// meant, and its load counts as that of a part.
	parts []float64
	// draws is where numbers come from, nil for the runtime's generator.
	draws rand.Source
}

func newTable(nodes []Node, draws rand.Source, now int64) *table {
	weights := make([]float64, len(nodes))
	for i, n := range nodes {
		weights[i] = n.Load(now).draws()
	}
	return tableOf(nodes, weights, draws)
}

// tableOf is a table of nodes that are drawn by weights of its maker's, which
// are positive and finite, and are used up.
func tableOf(nodes []Node, weights []float64, draws rand.Source) *table {
	t := &table{nodes: nodes, draws: draws}
	equal, sum := true, 0.0
	for _, w := range weights {
		sum += w
		equal = equal && w == weights[0]
	}
	if !equal {
		t.alias(weights, sum)
	}
	return t
}

// alias fills keep and other: each slot holds the share 1/n of all draws; what
// a light node leaves of its slot is given to one that is heavier than its own.
func (t *table) alias(weights []float64, sum float64) {
	n := len(weights)
	t.keep, t.other = make([]uint32, n), make([]int32, n)
	light, heavy := make([]int32, 0, n), make([]int32, 0, n)
	for i := range weights {
		// Divided first: the sum of large weights may not be multiplied.
		weights[i] = weights[i] / sum * float64(n)
		t.keep[i], t.other[i] = 1<<32-1, int32(i)
		if weights[i] < 1 {
			light = append(light, int32(i))
		} else {
			heavy = append(heavy, int32(i))
		}
	}
	for len(light) > 0 && len(heavy) > 0 {
		l, h := light[len(light)-1], heavy[len(heavy)-1]
		light = light[:len(light)-1]
		t.keep[l], t.other[l] = uint32(weights[l]*(1<<32-1)), h
		weights[h] -= 1 - weights[l]
		if weights[h] < 1 {
			heavy = heavy[:len(heavy)-1]
			light = append(light, h)
		}
	}
}

// number is the next random number. Hot.
func (t *table) number() uint64 {
	if t.draws == nil {
		return rand.Uint64()
	}
	return t.draws.Uint64()
}

// below is a random number of 0 to n-1. Hot.
func (t *table) below(n int) int { return int(t.number() >> 32 * uint64(n) >> 32) }

// draw is the index of a node drawn by weight; the table is not empty.
func (t *table) draw() int {
	r := t.number()
	i := int(r >> 32 * uint64(len(t.nodes)) >> 32)
	if t.keep != nil && uint32(r) > t.keep[i] {
		return int(t.other[i])
	}
	return i
}

// maxSame is how often the second of two is drawn again for being the first. A
// node that has nearly all the weight would be drawn for ever.
const maxSame = 8

// drawTwo is two distinct indexes drawn by weight; there are at least two.
func (t *table) drawTwo() (int, int) {
	i := t.draw()
	for range maxSame {
		if j := t.draw(); j != i {
			return i, j
		}
	}
	j := t.below(len(t.nodes) - 1)
	if j >= i {
		j++
	}
	return i, j
}
