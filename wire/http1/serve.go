package http1

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
	"sidecar/wire/watch"
)

// active is what a connection needs while it is served: one exchange, its
// times, its message and its buffers. It is pooled.
type active struct {
	srv    *Server
	cl     *Client
	x      sidecar.Exchange
	alarms sock.Alarms
	msg    message
	in     []byte        // bytes from the client; in[r:w] are not used yet
	r, w   int           //
	idle   atomic.Uint64 // generation of the wait for a request, 0 outside it
}

// Expire passes an alarm on to the exchange, but for the one that is the
// client's watch.
func (a *active) Expire(which uint8, mark uint64) {
	if which == watch.Alarm {
		a.msg.watch.Expire(mark)
		return
	}
	a.x.Expire(which, mark)
}

// next is what came of the wait for a request.
type next uint8

const (
	nextRequest next = iota
	nextIdle         // nothing came: the connection can be parked
	nextClosed       // the client has closed, or it is time to
	nextRefused      // what came is refused; a reply has been written
)

// Serve runs the connection until it is closed (false) or has been idle for
// ParkAfter (true: nothing is held or under way; call Serve again when bytes
// come). It closes the connection itself.
func (cl *Client) Serve(ctx context.Context) (idle bool) {
	a := cl.take()
	defer cl.put(a)
	a.x.Begin(nil, &a.alarms, sidecar.Now()) // it may have served another an hour ago
	for {
		switch a.next() {
		case nextIdle:
			return true
		case nextRequest:
			if a.serve(ctx) {
				continue
			}
		}
		cl.c.Close()
		return false
	}
}

// next waits for a request and reads its head. Bytes of a pipelined one may be
// there already.
func (a *active) next() next {
	a.in = a.in[:cap(a.in)]
	if a.r == a.w {
		a.r, a.w = 0, 0
		a.shrink()
		if n := a.awaitFirst(); n != nextRequest {
			return n
		}
	}
	set := a.srv.set.Load()
	r := &a.msg.req
	r.reset()
	for timed := false; ; timed = true {
		done, bad := r.parse(a.in[a.r:a.w])
		if done && r.end > set.MaxHeader || !done && bad == nil && a.w-a.r >= set.MaxHeader {
			bad = errHeadSize
		}
		switch {
		case bad != nil:
			if !timed {
				// What is told of it has the times and tries of the exchange,
				// which are as yet those of the wait or the request before.
				a.begin(set.HeaderTimeout)
			}
			return a.refuse(bad)
		case done:
			a.msg.in = a.in[a.r:a.w:a.w]
			return nextRequest
		}
		a.widen(set.MaxHeader)
		if !timed { // almost every head is whole at once and takes no time
			a.begin(set.HeaderTimeout)
			a.cutOff()
		}
		switch n, err := a.read(); {
		case err == sock.ErrWoken:
			return a.refused(a.woken(errHeadStalled))
		case err != nil:
			return nextClosed // a half head: nobody is there to be told
		default:
			a.w += n
		}
	}
}

// awaitFirst waits for the first byte of a request on an idle connection.
func (a *active) awaitFirst() next {
	set := a.srv.set.Load()
	limit, result := set.IdleTimeout, nextClosed
	if set.ParkAfter > 0 && set.ParkAfter < limit && a.cl.c.Raw() {
		limit, result = set.ParkAfter, nextIdle
	}
	for {
		draining := a.srv.draining.Load()
		if draining {
			limit, result = min(limit, patience.DrainIdle), nextClosed
		}
		a.begin(limit)
		a.idle.Store(uint64(a.x.Gen()))
		// Drain sets draining first and looks at idle then; here it is the
		// other way round, so that one of the two sees the other.
		if a.srv.draining.Load() != draining {
			a.idle.Store(0)
			continue
		}
		n, err := a.read()
		a.idle.Store(0)
		switch {
		case err == nil:
			a.w = n
			return nextRequest
		case err != sock.ErrWoken:
			return nextClosed
		case a.x.Pending() == sidecar.Stalled:
			return result
		}
	}
}

// begin starts a generation for waits of the connection's own, ended by limit.
func (a *active) begin(limit time.Duration) {
	now := a.x.Now()
	a.x.Begin(nil, &a.alarms, now)
	a.x.SetStall(int64(limit))
	a.x.Moved(now)
}

// cutOff interrupts what has just begun if the grace is over. Drain sets hard
// and then looks which generation is the present one; here it is the other way
// round, so that one of the two sees the other and nothing begins unnoticed
// between two requests: the process would wait for its reply.
func (a *active) cutOff() {
	if a.cl.hard.Load() {
		a.x.Interrupt(a.x.Gen(), sidecar.Draining)
	}
}

// woken is the fault of a wait for the client's bytes that was ended: by its
// limit, of which stalled tells, or by the end of the grace.
func (a *active) woken(stalled *problem) *sidecar.Fault {
	if a.x.Pending() == sidecar.Draining {
		return sidecar.Draining.Fault(sidecar.StageRead)
	}
	return a.stalled(stalled)
}

// stalled is the fault of a client that took too long.
func (a *active) stalled(p *problem) *sidecar.Fault {
	f := badRequest(p)
	f.Reason = sidecar.StalledOut
	return f
}

// read waits for bytes from the client. ErrWoken: the wait was ended, by the
// limit or a drain.
func (a *active) read() (int, error) {
	if !a.x.Block(a.cl.c) {
		a.x.Unblock()
		return 0, sock.ErrWoken
	}
	n, err := a.cl.c.Read(a.in[a.w:])
	cause := a.x.Unblock()
	if cause == sidecar.NoCause {
		return n, err
	}
	a.cl.c.Rearm()
	if n > 0 {
		return n, nil // they came just in time; the next wait meets the cause
	}
	if err == io.EOF {
		return 0, err
	}
	return 0, sock.ErrWoken
}

// widen makes room behind w for more, moving what is there to the front and, if
// that is not enough, to a larger buffer; at most for more bytes than limit.
func (a *active) widen(limit int) {
	if a.w < len(a.in) {
		return
	}
	if a.r > 0 {
		a.w = copy(a.in, a.in[a.r:a.w])
		a.r = 0
		return
	}
	a.replace(a.srv.room.Force(a.srv.bufs, max(min(2*len(a.in), limit+1), len(a.in)+1)))
}

// shrink gives a buffer beyond the pooled ones back once the connection has no
// more use for it: a single large request must not cost a busy connection its
// memory for good. One whose requests are all large keeps it.
func (a *active) shrink() {
	if cap(a.in) > sock.LargeBuffer && len(a.msg.in) <= sock.LargeBuffer {
		a.replace(a.srv.bufs.Small())
	}
}
