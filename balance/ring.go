package balance

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
)

// Coordinate is the place of this process among its peers: the processes that
// call the same service. Indexes begin at 0 and have no gaps.
type Coordinate struct{ Index, Total int }

// MaxPeers is the largest Total. It keeps all positions on a ring within 64
// bits, see maxQuanta.
const MaxPeers = 1 << 17

// Known tells whether c is a place: the zero Coordinate is none.
func (c Coordinate) Known() bool { return c.Index >= 0 && c.Index < c.Total && c.Total <= MaxPeers }

// Ring is the nodes of a service in the order and with the shares that all
// peers see alike: a circle on which each node has a segment as long as its
// weight. The order is that of a hash of the address, so that one more or one
// less moves the segments of the others by no more than its own length.
//
// All of it is integers. With floats, rounding makes arcs a node wider than
// they need be for hundreds of pairs of peers and nodes, and gives others a
// billionth of a node to connect to. A Ring is immutable.
type Ring struct {
	nodes []Node
	// ends are where segments end, in quanta of weight; the last is the length.
	ends []int64
	hash uint32
}

// stand is a node before it has found its place.
type stand struct {
	node    Node
	hash    uint64
	address string
	quanta  int64
}

// NewRing makes the ring of nodes by their names and announced weights, which
// all peers know alike. What one process alone knows, such as the share of a
// node that starts slowly, must not move the segments of the others.
func NewRing(nodes []Node, now int64) *Ring {
	stands := make([]stand, len(nodes))
	for i, n := range nodes {
		p := stand{node: n, address: placeOf(n).Name}
		p.hash, p.quanta = spread(p.address), quantum(n.Load(now).Weight)
		stands[i] = p
	}
	slices.SortFunc(stands, func(a, b stand) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.address, b.address))
	})
	reduce(stands)
	r := &Ring{nodes: make([]Node, len(stands)), ends: make([]int64, len(stands))}
	sum := fnv.New32a()
	end := int64(0)
	for i := range stands {
		p := &stands[i]
		end += p.quanta
		r.nodes[i], r.ends[i] = p.node, end
		sum.Write([]byte(p.address)) // never fails
		sum.Write([]byte{0})
		sum.Write(strconv.AppendInt(nil, p.quanta, 10))
		sum.Write([]byte{0})
	}
	if len(stands) > 0 {
		r.hash = sum.Sum32()
	}
	return r
}

// spread is a hash that is the same in every process and machine: FNV-1a,
// mixed, as its upper bits hardly differ for addresses that end differently.
func spread[T string | []byte](text T) uint64 { return mix(fnv1a(14695981039346656037, text)) }

// fnv1a goes on with FNV-1a over text.
func fnv1a[T string | []byte](h uint64, text T) uint64 {
	const prime = 1099511628211
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * prime
	}
	return h
}

func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

const (
	// perWeight is how many quanta a weight of 1 has. Weights are written as
	// decimals, of which three digits are kept: 1.5 and 0.5 are exactly 3 to 1.
	perWeight = 1000
	// maxWeight is the largest weight that counts as what it is.
	maxWeight = 1e6
	// maxQuanta is the largest length of a ring in quanta: times MaxPeers, and
	// twice that for an arc that wraps, it is still below 2^63.
	maxQuanta = 1 << 44
)

// quantum is a weight in quanta, at least 1.
func quantum(weight float64) int64 {
	return max(1, int64(math.Round(min(weigh(weight), maxWeight)*perWeight)))
}

// reduce divides the quanta by what they have in common, so that equal weights
// are 1 each whatever they are, and makes their sum fit into a ring.
func reduce(stands []stand) {
	common, sum := int64(0), int64(0)
	for i := range stands {
		common = divisor(stands[i].quanta, common)
		sum += stands[i].quanta
	}
	shift := 0
	for common > 0 && sum/common>>shift > maxQuanta-int64(len(stands)) {
		shift++
	}
	for i := range stands {
		stands[i].quanta = max(1, stands[i].quanta/common>>shift)
	}
}

// divisor is the greatest that a and b have in common.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Hash is the same in all processes that see the same nodes, weights and order,
// and hardly ever else; 0 without nodes. It has 32 bits so that it fits into a
// metric, which is a float.
func (r *Ring) Hash() uint32 { return r.hash }

// Nodes are the nodes in the order of their segments, not to be changed.
func (r *Ring) Nodes() []Node { return r.nodes }

// Segment is the length of the i-th node's segment in quanta.
func (r *Ring) Segment(i int) int64 { return r.ends[i] - r.begin(i) }

// Length is that of all segments together.
func (r *Ring) Length() int64 {
	if len(r.ends) == 0 {
		return 0
	}
	return r.ends[len(r.ends)-1]
}

func (r *Ring) begin(i int) int64 {
	if i == 0 {
		return 0
	}
	return r.ends[i-1]
}
