package sock

import "time"

// Parked is told what became of a connection that was parked. One of the two
// is called, once, on the lot's goroutine; it must not block.
type Parked interface {
	// Ready: there are bytes or the end, or Unpark was called. The connection
	// is out of the lot.
	Ready()
	// Expired: it has been idle for its limit. The connection is out of the
	// lot and silent; the owner closes it.
	Expired()
}

// Watcher is told that the peer of a connection is gone while nobody reads it.
type Watcher interface {
	// Gone is called on the lot's goroutine, perhaps just after Unwatch, and
	// must not block; mark is the watch's, to tell a late call by. reset tells
	// a reset from a FIN, which on TCP may be a half-close: if again is true,
	// the watch goes on for a reset only.
	Gone(mark uint64, reset bool) (again bool)
}

// Spot is a connection's place in the lot, kept in its owner so that parking
// allocates nothing. The zero Spot is out of the lot.
type Spot struct {
	conn    *Conn
	parked  Parked
	watcher Watcher
	mark    uint64
	expires int64
	fd      int32
	index   int32  // in the lot's table, 0: not there
	gen     uint32 // of the table's entry
}

// sweepEvery is how often parked connections are looked at for their limit.
const sweepEvery = time.Second

// A mass park leaves many freed goroutine stacks with the runtime: they are
// given back to the system once no more come, at most this often.
const (
	massPark    = 500 // connections
	freeAtMost  = time.Minute
	quietSweeps = 2
)
