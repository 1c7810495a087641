// Package patience is how long the ends of a connection wait for each other, where
// that is not configured and the same in every protocol, and what is left of the
// time that a client gives. It waits for nothing itself.
package patience

import (
	"time"

	"sidecar"
)

const (
	// DrainIdle is how long a kept connection may stay without a request once the
	// process drains: one that is on its way is still answered.
	DrainIdle = time.Second
	// LingerQuiet is the silence after which a client is taken to have its last
	// reply, LingerTime how long it may go on sending after it.
	LingerQuiet = 2 * time.Second
	LingerTime  = 10 * time.Second
	// MaxPiece is how many bytes are written before the stall is put off: what one
	// system call takes.
	MaxPiece = 60 << 10
)

const (
	// Each silence within what is held may take a time that is configured. All of
	// it may take that many of them and a second for each so many bytes: it is
	// there for a client that sends a byte now and then and would hold its buffer
	// for ever, and leaves one alone that takes 10 s for 64 KiB.
	heldSilences = 6
	heldRate     = 64 << 10
)

// Held is how long a request that is held, of size bytes, may take in all, where
// each silence may take that long; in nanoseconds.
func Held(silence int64, size int) int64 {
	return heldSilences*silence + int64(size)*int64(time.Second)/heldRate
}

// minLeft is the least of a client's time for which a request is sent at all: no
// reply comes sooner.
const minLeft = int64(10 * time.Microsecond)

// Left is how long the client of x will still wait, in nanoseconds, where it said
// so and its upstream obeys; else 0. A fault if that time is over: a request that
// nobody waits for is not sent. Until the request has come whole no deadline
// stands, and the client's own is what is left. Hot.
func Left(x *sidecar.Exchange) (int64, *sidecar.Fault) {
	if x.Asked == 0 {
		return 0, nil
	}
	end := x.Deadline()
	if end == 0 {
		end = x.Received + x.Asked
	}
	left := end - x.Now()
	if left < minLeft {
		f := sidecar.DeadlineCause.Fault(sidecar.StageWrite)
		f.Flags |= sidecar.Unsent
		return 0, f
	}
	return left, nil
}
