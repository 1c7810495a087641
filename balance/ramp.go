package balance

import (
	"math"
	"sync/atomic"
	"time"
)

// leastShare is what an endpoint takes of its weight at the beginning of its
// slow start: with nothing it would never warm up.
const leastShare = 0.1

// Ramp is the slow start of one endpoint: its share of its weight grows evenly
// from a tenth to all of it. The zero value is no slow start. Safe for
// concurrent use.
type Ramp struct {
	// end and window are written apart; who reads between the two sees a share
	// that is off for that moment.
	end, window atomic.Int64
}

// Start begins a slow start that takes the time window; 0 ends one.
func (r *Ramp) Start(now int64, window time.Duration) {
	if window <= 0 {
		r.end.Store(math.MinInt64)
		r.window.Store(0)
		return
	}
	r.end.Store(now + int64(window))
	r.window.Store(int64(window))
}

// Share is the share at the time now, over 0 and at most 1. Hot.
func (r *Ramp) Share(now int64) float64 {
	w := r.window.Load()
	if w == 0 {
		return 1
	}
	left := r.end.Load() - now
	if left <= 0 {
		return 1
	}
	return max(leastShare, 1-float64(left)/float64(w))
}

// Under tells whether it is under way.
func (r *Ramp) Under(now int64) bool { return r.Share(now) < 1 }
