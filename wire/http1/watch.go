package http1

import (
	"runtime"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
)

const (
	// watchAfter is how long an exchange waits before its client is watched.
	// Most are over by then, and cost nothing but an atomic store.
	watchAfter = 50 * time.Millisecond
	// watchGrain is what that time is rounded up to, some 34 ms: those of all
	// connections then come up together, and the wheel wakes once for them. A
	// power of two, as times may be negative in tests.
	watchGrain = 1 << 25
	// watchAlarm is the watch's number among the connection's alarms, behind
	// the exchange's own.
	watchAlarm = 3
)

// watch sees to it that a client that goes away ends its exchange: while an
// exchange waits for its reply nobody reads the client.
type watch struct {
	srv   *Server
	x     *sidecar.Exchange
	c     *sock.Conn
	spot  sock.Spot
	state atomic.Uint64 // the exchange's Gen << 2 | phase
}

const (
	watchOff uint64 = iota
	watchArmed
	watchEntering // the wheel's goroutine puts it in the lot
	watchEntered
	watchPhase = 3
)

func (w *watch) init(srv *Server, x *sidecar.Exchange) { w.srv, w.x = srv, x }

// begin arms the watch for the exchange that begins; end ends it, before the
// connection can be used for another or closed.
func (w *watch) begin(c *sock.Conn, alarms *sock.Alarms, now int64) {
	if w.srv.lot == nil || !c.Raw() {
		return
	}
	g := uint64(w.x.Gen())
	w.c = c
	w.state.Store(g<<2 | watchArmed)
	alarms.Arm(watchAlarm, (now+int64(watchAfter)+watchGrain-1)&^(watchGrain-1), g)
}

func (w *watch) end(alarms *sock.Alarms) {
	if w.state.Load() == 0 {
		return
	}
	alarms.Arm(watchAlarm, 0, 0)
	w.leave()
}

// leave takes the client out of the lot if it is there.
func (w *watch) leave() {
	for {
		s := w.state.Load()
		switch s & watchPhase {
		case watchOff:
			return
		case watchEntering:
			runtime.Gosched()
			continue
		case watchEntered:
			w.srv.lot.Unwatch(&w.spot)
		}
		if w.state.CompareAndSwap(s, 0) {
			return
		}
	}
}

// expire is called by the wheel when the exchange has waited long enough.
func (w *watch) expire(mark uint64) {
	s := w.state.Load()
	const markMask = 1<<28 - 1
	if s&watchPhase != watchArmed || (s>>2^mark)&markMask != 0 {
		return
	}
	if !w.state.CompareAndSwap(s, s&^watchPhase|watchEntering) {
		return
	}
	phase := watchOff
	if w.srv.lot.Watch(w.c, w, s>>2, &w.spot) {
		phase = watchEntered
	}
	w.state.Store(s&^watchPhase | phase)
}

// Gone is called by the lot. A FIN may be a half-close of a client that waits
// for its answer; a reset never is.
func (w *watch) Gone(mark uint64, reset bool) (again bool) {
	if !reset && !w.srv.set.Load().CancelOnFIN {
		return true
	}
	w.x.Interrupt(sidecar.Gen(mark), sidecar.ClientGone)
	return false
}
