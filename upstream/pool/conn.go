package pool

import (
	"context"
	"time"

	"sidecar"
)

// Conn is one connection to the endpoint: in an Exclusive pool used by one
// exchange at a time, in a Shared one by many. What is said of the calls holds
// of the former; Shared says what differs.
type Conn interface {
	// Do performs one exchange. A connection that was kept and is found closed
	// before a byte was written returns a Fault with Stale and Unsent, and the
	// message as it was.
	Do(ctx context.Context, x *sidecar.Exchange) error
	// Status is Open if it may carry another exchange, else Closed. With look
	// it also looks at the socket (one system call) for a close or unexpected
	// bytes from the peer; without, it is a plain flag read. Never called
	// during Do.
	Status(look bool) sidecar.Status
	// Close ends the connection. Called once, by the pool, never during Do.
	Close()
}

// lookAfter is how long a connection must have been idle for it to be looked
// at before it is used. A server that restarts closes its connections, and the
// first write to one that is closed succeeds, after which the request cannot
// be told from one that was executed. Below this the system call would be paid
// by each request of a busy pool; above, it costs at most a hundred a second
// and connection.
const lookAfter = int64(10 * time.Millisecond)

// held is a connection with what the pool knows of it. It belongs to the pool
// while idle and to one goroutine otherwise.
type held struct {
	conn  Conn
	made  int64 // when it was dialled
	since int64 // when it became idle
	good  int64 // for how long it had been idle when a sweep last found it open
	used  bool  // it has carried an exchange
	kept  bool  // it has been idle
	ahead bool  // it was idle before it carried any exchange
	users int   // exchanges on it, in a Shared pool
	out   bool  // a Shared pool gives it to nobody any more
}

// alive tells whether h may be used again after its idle time. Called without
// the pool's lock.
func (h *held) alive(now int64) bool {
	return h.conn.Status(now-h.since >= lookAfter) == sidecar.Open
}

// note records in the latest attempt which connection it got.
func (h *held) note(x *sidecar.Exchange, now int64) {
	t := x.Tries.Last()
	if t == nil {
		return
	}
	t.Connected, t.ConnAge = now, 0
	if h.used || h.kept {
		t.ConnAge = max(1, now-h.made)
	}
}

// join records in the latest attempt which shared connection it is on.
func (h *held) join(x *sidecar.Exchange, now int64, dialled bool) {
	t := x.Tries.Last()
	if t == nil {
		return
	}
	t.Connected, t.ConnAge = now, 0
	if !dialled {
		t.ConnAge = max(1, now-h.made)
	}
}
