package shared

import "time"

const (
	// maxBuffered is how many bytes wait to be written before a connection is
	// full and callers wait: a backend that takes nothing holds no more memory
	// than that. A put that finds less than that waiting is taken whole.
	maxBuffered = 1 << 20
	// roomy is how much waits when callers are let in again: half, or each
	// byte that goes would wake them all.
	roomy = maxBuffered / 2
	// MaxPut is the most bytes of one put. Larger requests are sent in several,
	// between which others are written.
	MaxPut = 64 << 10
	// maxControl is what may wait beyond maxBuffered of what is not asked for
	// room (answers to pings, notes of abandoned requests): a peer that asks and
	// takes no answers is cut there.
	maxControl = 256 << 10
	// keepBuffer is the largest buffer that is kept when it has been written.
	keepBuffer = 64 << 10
	// enough is how many bytes are written without waiting for more. It is well
	// below keepBuffer and what a socket takes at once: beyond it a write costs
	// by its bytes, and copies leave the caches.
	enough = 32 << 10
	// company is how many exchanges must be under way for a caller to let others
	// come before it writes.
	company = 4
	// maxWaiters is how many callers wait for room on one connection.
	maxWaiters = 1000
	// rounds is how many writes a caller makes for itself and those who came
	// meanwhile; the connection's own writer goes on behind them.
	rounds = 3
	// maxAbandoned is how many replies that nobody waits for any more may be
	// due, and staleAfter how long one may be: a connection over either is
	// closed, since its peer answers nobody.
	maxAbandoned = 1000
	staleAfter   = int64(30 * time.Second)
)
