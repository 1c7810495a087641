package balance

import (
	"math"
	"math/rand/v2"
	"strconv"

	"sidecar"
)

// Node is an endpoint as a balancer sees it. Its methods are called often, by
// many goroutines at once and with a picker's mutex held, so they must be
// plain atomic loads: they never block and never call the picker.
type Node interface {
	// ID is unique in the process and never given to another node.
	ID() uint64
	// Status is the worst of discovery, drain, breaker and pool at the time
	// now, in nanoseconds.
	Status(now int64) sidecar.Status
	// Load is what it carries at the time now, in nanoseconds.
	Load(now int64) Load
}

// Place is what a node is known by elsewhere too, in other processes and after
// a restart.
type Place struct {
	Name     string // its address
	Zone     string // where it stands, "" if unknown
	Priority int    // those of the least are used first
}

// Placed is a Node that says where it stands, for pickers that put nodes in an
// order of which other processes have the same. Update asks each once; what it
// says does not change while the node is in the set.
type Placed interface {
	Place() Place
}

// placeOf is n's place; one that does not say is known by its number.
func placeOf(n Node) Place {
	if p, ok := n.(Placed); ok {
		return p.Place()
	}
	return Place{Name: strconv.FormatUint(n.ID(), 10)}
}

// rank orders nodes for one exchange, 0 is best. An exchange never goes to the
// same node twice while another that is not Closed is left, but rather there
// again than to one that is Closed.
type rank uint8

const (
	untriedOpen rank = iota
	untriedBusy
	triedOpen
	triedBusy
	untriedClosed
	triedClosed
	noRank // worse than any node: there is none
)

func rankOf(s sidecar.Status, tried bool) rank {
	r := untriedOpen
	switch s {
	case sidecar.Open:
	case sidecar.Busy:
		r = untriedBusy
	default:
		r = untriedClosed
		if tried {
			return triedClosed
		}
	}
	if tried {
		r += triedOpen
	}
	return r
}

// weigh is w if it can be divided by and 1 if not. A weight of 0 or less would
// make a node's load infinite or negative, and NaN would break every order.
func weigh(w float64) float64 {
	if w > 0 && w <= math.MaxFloat64 {
		return w
	}
	return 1
}

// seeded is r, or a generator that the system seeds if r is nil.
func seeded(r *rand.Rand) *rand.Rand {
	if r != nil {
		return r
	}
	return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
}
