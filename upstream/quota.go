package upstream

import (
	"math"
	"sync"

	"sidecar/upstream/breaker"
)

// quota keeps enough endpoints: it gives breakers leave to eject. The breakers
// ask with their lock held; it calls nobody.
type quota struct {
	mu    sync.Mutex
	share float64
	known int             // endpoints of the set
	out   map[uint64]bool // those of them that are ejected, by number
	gone  map[uint64]bool // removed ones that may still ask: whether ejected
}

func newQuota(share float64) *quota {
	return &quota{share: share, out: map[uint64]bool{}, gone: map[uint64]bool{}}
}

// allowed is how many of n endpoints may be out: the share, rounded down, and
// never all.
func allowed(n int, share float64) int {
	// A share such as 0.29 of 100 must be 29 and not a hair less.
	return max(0, min(int(math.Floor(float64(n)*share+1e-9)), n-1))
}

// ask takes a place for the endpoint of that number; false if there is none.
// Who is removed may have it: nothing depends on it any more.
func (q *quota) ask(id uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, gone := q.gone[id]; gone {
		q.gone[id] = true
		return true
	}
	if len(q.out)+1 > allowed(q.known, q.share) {
		return false
	}
	q.out[id] = true
	return true
}

// force takes a place as ask does, beyond the share too, but never the last.
func (q *quota) force(id uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, gone := q.gone[id]; gone {
		q.gone[id] = true
		return true
	}
	if len(q.out)+1 > q.known-1 {
		return false
	}
	q.out[id] = true
	return true
}

// refusal is why an endpoint that fails is not ejected at present for the
// breaker's reason.
func (q *quota) refusal(reason string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch most := allowed(q.known, q.share); {
	case len(q.out) < most && reason == breaker.Connect:
		return "ejected at its next dial that fails"
	case len(q.out) < most && reason == breaker.Deviation:
		return "ejected when it fails more than the others again"
	case len(q.out) < most:
		return "ejected at its next failure"
	case len(q.out) >= q.known-1:
		return "kept because it is the last one left in use"
	default:
		return "kept because max_ejected is reached"
	}
}

// back gives the place back.
func (q *quota) back(id uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.out, id)
	if q.gone[id] {
		q.gone[id] = false
	}
}

func (q *quota) set(share float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.share = share
}

// join and leave follow the set. A set that shrinks readmits nobody: pickers
// that find all out take the best of them.
func (q *quota) join(id uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.known++
	if q.gone[id] {
		q.out[id] = true
	}
	delete(q.gone, id)
}

func (q *quota) leave(id uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.known--
	q.gone[id] = q.out[id]
	delete(q.out, id)
}

// forget ends the memory of a removed endpoint that nobody uses any more.
func (q *quota) forget(id uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.gone, id)
}

// ejected is how many of the set are out.
func (q *quota) ejected() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.out)
}
