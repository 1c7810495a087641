package thrift

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/watch"
)

// active is what a connection needs while it is served: one exchange, its
// times, its call and its buffers. It is pooled.
type active struct {
	srv    *Server
	cl     *Client
	x      sidecar.Exchange
	alarms sock.Alarms
	watch  watch.Client
	call   Call
	cut    cutter
	in     []byte        // bytes from the client; in[r:w] are not used yet
	r, w   int           //
	first  int64         // when the call's first byte was there
	wrote  int64         // bytes of the reply that have gone to the client
	idle   atomic.Uint64 // generation of the wait for a call, 0 outside it
	head   [FrameHead]byte
	out    scratch // a reply that is not passed on as it came
	plain  scratch // a call's payload, where it came transformed
}

// Expire passes an alarm on to the exchange, but for the one that is the
// client's watch.
func (a *active) Expire(which uint8, mark uint64) {
	if which == watch.Alarm {
		a.watch.Expire(mark)
		return
	}
	a.x.Expire(which, mark)
}

// free gives back what an exchange held beside the connection's own buffer.
func (a *active) free() {
	a.out.give(a.srv.means)
	a.plain.give(a.srv.means)
	a.call.Payload, a.call.Frame, a.call.Info = nil, nil, nil
}

// next is what came of the wait for a call.
type next uint8

const (
	nextCall   next = iota
	nextIdle        // nothing came: the connection can be parked
	nextClosed      // the client has closed, or it is time to, or what came is refused
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
		case nextCall:
			if a.serve(ctx) {
				continue
			}
		}
		cl.c.Close()
		return false
	}
}

// next waits for a call and reads it whole. Bytes of a pipelined one may be
// there already.
func (a *active) next() next {
	if a.r == a.w {
		a.r, a.w = 0, 0
		a.shrink()
		if n := a.awaitFirst(); n != nextCall {
			return n
		}
	}
	set := a.srv.set.Load()
	a.first = a.x.Now()
	a.cut.begin(set.MaxFrame)
	for waited := false; ; waited = true {
		size, p := a.look(set)
		switch {
		case p == nil:
			return a.open(size, set)
		case p != More:
			return a.refuse(p)
		case !a.fit(size, set.MaxFrame):
			return a.refuse(errNoRoom)
		}
		now := a.x.Now()
		end := a.first + heldTime(int64(set.HeaderTimeout), max(size, a.w-a.r))
		if !waited { // almost every call is whole at once and takes no time
			a.begin(set.HeaderTimeout)
			a.cutOff()
		}
		if now >= end {
			return a.refused(a.stalled(errSlow))
		}
		a.x.SetStall(min(int64(set.HeaderTimeout), end-now))
		a.x.Moved(now)
		switch n, err := a.read(); {
		case err == sock.ErrWoken && a.x.Pending() == sidecar.Draining:
			return a.refused(sidecar.Draining.Fault(sidecar.StageRead))
		case err == sock.ErrWoken:
			return a.refused(a.stalled(errStalled))
		case err != nil:
			return nextClosed // half a call: nobody is there to be told
		default:
			a.w += n
		}
	}
}

// look is how far the call at in[r:w] has come, see cutter.
func (a *active) look(set *Settings) (size int, p *Problem) {
	b := a.in[a.r:a.w]
	if !a.cl.known {
		e, p := set.Speaks.detect(b)
		if p != nil {
			return len(b) + 1, p
		}
		a.cl.enc, a.cl.known = e, true
	}
	return a.cut.next(a.cl.enc, b)
}

// open takes the call that in[r:r+size] is.
func (a *active) open(size int, set *Settings) next {
	m := parcel{Encoding: a.cl.enc}
	p := m.read(a.in[a.r:a.r+size:a.r+size], set.MaxFrame, a.srv.means, &a.plain)
	switch {
	case p != nil:
	case m.Head.Type != CallType && m.Head.Type != OnewayType:
		p = errNoCall
	case m.Encoding.Transport == Header && !set.Speaks.allows(m.Encoding.Protocol):
		p = errOtherProtocol
	}
	if p != nil {
		return a.refuse(p)
	}
	a.r += size
	c := &a.call
	c.Begin()
	c.Encoding, c.Head, c.Payload, c.Frame, c.Info = m.Encoding, m.Head, m.Payload, m.Frame, m.Info
	return nextCall
}

// awaitFirst waits for the first byte of a call on an idle connection.
func (a *active) awaitFirst() next {
	set := a.srv.set.Load()
	limit, result := set.IdleTimeout, nextClosed
	if set.ParkAfter > 0 && set.ParkAfter < limit && a.cl.c.Raw() {
		limit, result = set.ParkAfter, nextIdle
	}
	for {
		draining := a.srv.draining.Load()
		if draining {
			limit, result = min(limit, drainIdle), nextClosed
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
			return nextCall
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
// between two calls: the process would wait for its reply.
func (a *active) cutOff() {
	if a.cl.hard.Load() {
		a.x.Interrupt(a.x.Gen(), sidecar.Draining)
	}
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

// fit sees to room for size bytes from r on, and for one more than there are,
// moving in[r:w] to the front if need be; false if the process holds as much as
// it may. An unframed call tells its size at its end only: its buffer doubles.
func (a *active) fit(size, maxFrame int) bool {
	if a.r+size <= len(a.in) {
		return true
	}
	if a.r > 0 {
		a.w = copy(a.in, a.in[a.r:a.w])
		a.r = 0
	}
	if size <= len(a.in) {
		return true
	}
	if a.cl.known && a.cl.enc.Transport == Unframed {
		size = max(size, min(2*len(a.in), maxFrame+1))
	}
	b := a.srv.means.room.Take(a.srv.means.bufs, size)
	if b == nil {
		return false
	}
	a.replace(b)
	return true
}

// replace goes on in the buffer b.
func (a *active) replace(b []byte) {
	a.w = copy(b, a.in[a.r:a.w])
	a.r = 0
	a.srv.means.room.Give(a.srv.means.bufs, a.in)
	a.in = b
}

// shrink gives a buffer beyond the pooled ones back once the connection has no
// more use for it: a single large call must not cost a busy connection its
// memory for good.
func (a *active) shrink() {
	if cap(a.in) > sock.LargeBuffer {
		a.replace(a.srv.means.bufs.Small())
	}
}

// heldTime is how long a call, of size bytes, may take in all, where each
// silence may take that long.
func heldTime(silence int64, size int) int64 {
	return heldWaits*silence + int64(size)*int64(time.Second)/heldRate
}
