// Package watch sees to it that a client that goes away ends its exchange: while
// an exchange waits for its reply nobody reads the client. The server of any
// protocol has one for each connection that it serves. It knows no protocol, and
// ends nothing by itself: it interrupts.
package watch

import (
	"runtime"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
)

const (
	// After is how long an exchange waits before its client is watched. Most are
	// over by then, and cost nothing but an atomic store.
	After = 50 * time.Millisecond
	// grain is what that time is rounded up to, some 34 ms: those of all
	// connections then come up together, and the wheel wakes once for them. A
	// power of two, as times may be negative in tests.
	grain = 1 << 25
	// Alarm is the watch's number among the alarms of a connection, behind the
	// exchange's own.
	Alarm = 3
)

// Client watches the client of one exchange after the other. It lies in its
// owner, so that watching allocates nothing.
type Client struct {
	lot   *sock.Lot
	x     *sidecar.Exchange
	fin   func() bool
	c     *sock.Conn
	spot  sock.Spot
	state atomic.Uint64 // the exchange's Gen << 2 | phase
}

const (
	off uint64 = iota
	armed
	entering // the wheel's goroutine puts it in the lot
	entered
	phaseMask = 3
)

// Init readies w to watch the clients of x in the lot; without one nobody is
// watched. fin tells whether a client's FIN ends its exchange; a reset always
// does. The lot's goroutine calls it, and it must not block.
func (w *Client) Init(lot *sock.Lot, x *sidecar.Exchange, fin func() bool) {
	w.lot, w.x, w.fin = lot, x, fin
}

// Begin arms the watch for the exchange that begins at now, whose client is c;
// its owner calls it, and passes what comes of Alarm to Expire. End comes before
// the connection is used for another or closed.
func (w *Client) Begin(c *sock.Conn, alarms *sock.Alarms, now int64) {
	if w.lot == nil || !c.Raw() {
		return
	}
	g := uint64(w.x.Gen())
	w.c = c
	w.state.Store(g<<2 | armed)
	alarms.Arm(Alarm, (now+int64(After)+grain-1)&^(grain-1), g)
}

// End ends what Begin began.
func (w *Client) End(alarms *sock.Alarms) {
	if w.state.Load() == 0 {
		return
	}
	alarms.Arm(Alarm, 0, 0)
	w.Leave()
}

// Leave takes the client out of the lot if it is there: somebody reads it from
// here on.
func (w *Client) Leave() {
	for {
		s := w.state.Load()
		switch s & phaseMask {
		case off:
			return
		case entering:
			runtime.Gosched()
			continue
		case entered:
			w.lot.Unwatch(&w.spot)
		}
		if w.state.CompareAndSwap(s, 0) {
			return
		}
	}
}

// Expire is called by the wheel when the exchange has waited long enough.
func (w *Client) Expire(mark uint64) {
	s := w.state.Load()
	const markMask = 1<<28 - 1
	if s&phaseMask != armed || (s>>2^mark)&markMask != 0 {
		return
	}
	if !w.state.CompareAndSwap(s, s&^phaseMask|entering) {
		return
	}
	phase := off
	if w.lot.Watch(w.c, w, s>>2, &w.spot) {
		phase = entered
	}
	w.state.Store(s&^phaseMask | phase)
}

// Gone is called by the lot. A FIN may be a half-close of a client that waits
// for its answer; a reset never is.
func (w *Client) Gone(mark uint64, reset bool) (again bool) {
	if !reset && !w.fin() {
		return true
	}
	w.x.Interrupt(sidecar.Gen(mark), sidecar.ClientGone)
	return false
}
