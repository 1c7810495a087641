package balance

import (
	"math/rand/v2"

	"sidecar"
)

// spot is a node and on which side of the aperture it is.
type spot struct {
	node   Node
	weight float64 // as of the last Update
	inside bool
	at     int // index in the list of its side
}

// members are the two sides of an aperture. The owner's mutex guards it.
type members struct {
	spots  map[uint64]*spot
	in     []*spot
	out    []*spot
	heavy  float64 // the largest weight of all
	random *rand.Rand
}

func (m *members) side(inside bool) *[]*spot {
	if inside {
		return &m.in
	}
	return &m.out
}

func (m *members) put(s *spot, inside bool) {
	list := m.side(inside)
	s.inside, s.at = inside, len(*list)
	*list = append(*list, s)
}

func (m *members) take(s *spot) {
	list := m.side(s.inside)
	l := *list
	last := len(l) - 1
	l[s.at] = l[last]
	l[s.at].at = s.at
	l[last] = nil
	*list = l[:last]
}

// move takes s to the other side.
func (m *members) move(s *spot) {
	m.take(s)
	m.put(s, !s.inside)
}

// replace makes nodes the whole set. New ones are outside.
func (m *members) replace(nodes []Node, now int64) {
	next := make(map[uint64]*spot, len(nodes))
	m.heavy = 0
	for _, n := range nodes {
		id := n.ID()
		s := next[id]
		if s == nil {
			if s = m.spots[id]; s == nil {
				s = &spot{}
				m.put(s, false)
			}
			next[id] = s
		}
		s.node = n
		s.weight = n.Load(now).draws()
		m.heavy = max(m.heavy, s.weight)
	}
	// By the lists: in the map's order no two runs of a simulation were the same.
	for _, inside := range [...]bool{true, false} {
		list := m.side(inside)
		for i := len(*list) - 1; i >= 0; i-- {
			if s := (*list)[i]; next[s.node.ID()] == nil {
				m.take(s)
			}
		}
	}
	m.spots = next
}

// maxProbes is how many random nodes are looked at before all are.
const maxProbes = 32

// choose is a node outside, drawn by weight from those that are not Closed; nil
// if there is none. By weight, because in many clients with an aperture of one
// a node's share of the traffic is its share of the apertures. A probe is kept
// with the probability of its weight, so the shares are exact either way.
func (m *members) choose(now int64) *spot {
	if len(m.out) == 0 {
		return nil
	}
	for range maxProbes {
		s := m.out[m.random.IntN(len(m.out))]
		if m.random.Float64()*m.heavy <= s.weight && s.node.Status(now) < sidecar.Closed {
			return s
		}
	}
	var chosen *spot
	sum := 0.0
	for _, s := range m.out {
		if s.node.Status(now) >= sidecar.Closed {
			continue
		}
		sum += s.weight
		if m.random.Float64()*sum <= s.weight {
			chosen = s
		}
	}
	return chosen
}

// victim is the member to leave: a Closed one if there is, else one of the
// least load, by chance among equals; not keep; nil if there is none.
func (m *members) victim(keep *spot, now int64) *spot {
	var v *spot
	var least float64
	equals := 0
	for _, s := range m.in {
		if s == keep {
			continue
		}
		if s.node.Status(now) >= sidecar.Closed {
			return s
		}
		carries := s.node.Load(now)
		load := float64(carries.Pending) / carries.draws()
		switch {
		case v == nil || load < least:
			v, least, equals = s, load, 1
		case load == least:
			equals++
			if m.random.IntN(equals) == 0 {
				v = s
			}
		}
	}
	return v
}
