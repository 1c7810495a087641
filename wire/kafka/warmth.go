package kafka

import (
	"sync/atomic"
	"time"
)

const (
	// warmTime is how soon the next bytes come on a side that is busy.
	warmTime = int64(10 * time.Millisecond)
	// maxWarm is how many sides of a listener's connections may keep their buffer
	// while they wait: 8 MiB. One that falls silent then keeps it until it speaks
	// again; behind that many the others wait without one, as silent sides do,
	// which costs a system call more each time.
	maxWarm = 256
)

// warmth are the buffers that are kept through waits: whoever waits without one has
// to be told first that there is something to read.
type warmth struct{ kept atomic.Int32 }

// keep takes a place for a side that waited so long the last time; false if it is
// to wait without a buffer.
func (w *warmth) keep(waited int64) bool {
	if waited >= warmTime {
		return false
	}
	if w.kept.Add(1) > maxWarm {
		w.kept.Add(-1)
		return false
	}
	return true
}

func (w *warmth) leave() { w.kept.Add(-1) }
