package balance

import (
	"math"
	"math/rand/v2"

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
	// Load is the number of requests outstanding, not below 0, and the node's
	// weight: 1 is normal, 2 takes twice as much. A weight that is not a
	// positive finite number counts as 1.
	Load() (pending int64, weight float64)
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

// score is the load a node would have with one more request.
func score(pending int64, weight float64) float64 {
	return float64(pending+1) / weigh(weight)
}

// seeded is r, or a generator that the system seeds if r is nil.
func seeded(r *rand.Rand) *rand.Rand {
	if r != nil {
		return r
	}
	return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
}
