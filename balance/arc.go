package balance

import "slices"

// DefaultArc is how many nodes an arc has at least, if there are so many. Four
// would do for an even load; twelve make an arc without any node that works
// rare.
const DefaultArc = 12

// Arc is the part of a Ring that one peer uses. Positions on it are counted in
// units of which a quantum has as many as there are peers, so that both the
// peers' arcs and the nodes' segments begin and end at whole numbers.
//
// Each arc is a whole number of peers' shares of the ring. Every point of the
// ring is therefore in exactly that many arcs, and every node gets exactly its
// share of the load, whatever the numbers of peers and nodes are.
type Arc struct {
	ring         *Ring
	start, width int64
	peers        int64
	covers       int
}

// Arc is the part of the ring for the peer at that place, which must be Known.
// It holds at least so many nodes of average weight (0 is DefaultArc), or all.
func (r *Ring) Arc(at Coordinate, least int) Arc {
	a := Arc{ring: r, peers: int64(at.Total)}
	nodes, peers := len(r.nodes), at.Total
	if nodes == 0 {
		return a
	}
	if least <= 0 {
		least = DefaultArc
	}
	least = min(least, nodes)
	a.covers = min((least*peers+nodes-1)/nodes, peers)
	a.start = int64(at.Index) * r.Length()
	a.width = int64(a.covers) * r.Length()
	return a
}

// Covers is how many peers have each point of the ring in their arcs. Divided
// by the number of peers it is the width of an arc as a share of the ring.
func (a Arc) Covers() int { return a.covers }

// dust is the share of a node of average weight below which a node at the edge
// of an arc is left out: a connection for every millionth request is none that
// is worth keeping. Between equal weights there is no dust.
const dust = 1_000_000

// Each calls yield for each node of which the arc has a part, until it returns
// false: with its index in Ring.Nodes and the length of the part, in units of
// which the node's segment has Segment times the number of peers.
func (a Arc) Each(yield func(i int, part int64) bool) {
	if a.width == 0 {
		return
	}
	ends, peers := a.ring.ends, a.peers
	length := a.ring.Length() * peers
	least := length / int64(len(ends)) / dust
	// The first segment that ends behind the start.
	first, _ := slices.BinarySearch(ends, a.start/peers+1)
	left, at := a.width, a.start
	// An arc that goes nearly all round ends in the segment that it began in.
	tail := max(0, a.start+a.width-length-a.ring.begin(first)*peers)
	left -= tail
	for i := first; left > 0; {
		end := ends[i] * peers
		part := min(end-at, left)
		left -= part
		part += tail
		tail = 0 // which the first part has taken
		if part > least && !yield(i, part) {
			return
		}
		at = end
		if i++; i == len(ends) {
			i, at = 0, 0
		}
	}
}
