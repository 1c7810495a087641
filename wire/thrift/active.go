package thrift

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
	"sidecar/wire/watch"
)

// active is what a connection needs while it is served: a turn, in which calls
// are answered one after the other, and the buffer that they are read into. With
// replies in any order the turn does the connection's own waits only, and the
// crowd has the exchanges. It is pooled.
type active struct {
	turn
	crowd *crowd // nil: replies leave in the order of their calls
	watch watch.Client
	cut   cutter
	in    []byte        // bytes from the client; in[r:w] are not used yet
	r, w  int           //
	size  int           // of the call at in[r:]
	last  int           // of the call before
	first int64         // when the call's first byte was there
	idle  atomic.Uint64 // generation of the wait for a call, 0 outside it
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
		a.settle()
		cl.c.Close()
		return false
	}
}

// settle waits for the exchanges that are under way beside the connection's own.
func (a *active) settle() {
	if a.crowd != nil {
		a.crowd.work.Wait()
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
			a.size, a.last = size, size
			return nextCall
		case p != More:
			a.refuse(p)
			return nextClosed
		case !a.fit(size, set.MaxFrame):
			a.refuse(errNoRoom)
			return nextClosed
		}
		now := a.x.Now()
		end := a.first + patience.Held(int64(set.HeaderTimeout), max(size, a.w-a.r))
		if !waited { // almost every call is whole at once and takes no time
			a.wait(set.HeaderTimeout)
			a.cutOff()
		}
		if now >= end {
			a.refused(stalled(errSlow))
			return nextClosed
		}
		a.x.SetStall(min(int64(set.HeaderTimeout), end-now))
		a.x.Moved(now)
		switch n, err := a.read(); {
		case err == sock.ErrWoken && a.x.Pending() == sidecar.Draining:
			a.refused(sidecar.Draining.Fault(sidecar.StageRead))
			return nextClosed
		case err == sock.ErrWoken:
			a.refused(stalled(errStalled))
			return nextClosed
		case err != nil:
			a.ended(err)
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
			limit, result = min(limit, patience.DrainIdle), nextClosed
		}
		a.wait(limit)
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
			a.ended(err)
			return nextClosed
		case a.x.Pending() == sidecar.Stalled && !a.busy():
			return result
		}
	}
}

// busy tells whether exchanges are under way beside the connection's own.
func (a *active) busy() bool {
	if a.crowd == nil {
		return false
	}
	return a.crowd.count() > 0
}

// ended is told why no more comes from the client: exchanges whose replies
// nobody will read are ended.
func (a *active) ended(err error) {
	if a.crowd != nil && (err != io.EOF || a.srv.finEnds()) {
		a.crowd.interrupt(sidecar.ClientGone)
	}
}

// wait starts a generation for waits of the connection's own, ended by limit.
func (a *active) wait(limit time.Duration) {
	now := a.x.Now()
	a.x.Begin(nil, &a.alarms, now)
	a.x.SetStall(int64(limit))
	a.x.Moved(now)
}

var errBroken = errors.New("thrift: a reply broke off")

// read waits for bytes from the client. ErrWoken: the wait was ended, by the
// limit or a drain.
func (a *active) read() (int, error) {
	if !a.x.Block(readSide{a.cl.c}) {
		a.x.Unblock()
		return 0, sock.ErrWoken
	}
	n, err := a.cl.c.Read(a.in[a.w:])
	cause := a.x.Unblock()
	if cause == sidecar.NoCause {
		if err == sock.ErrWoken {
			err = errBroken // by whom nothing more could be written
		}
		return n, err
	}
	a.cl.c.RearmRead()
	if n > 0 {
		return n, nil // they came just in time; the next wait meets the cause
	}
	if err == io.EOF {
		return 0, err
	}
	return 0, sock.ErrWoken
}

// fit sees to room for size bytes from r on, or at least for one more than there
// are, moving in[r:w] to the front if need be; false if the process holds as much
// as it may. A buffer beyond the pooled ones grows with what comes: that a client
// says it will send much is no reason to keep room from others. An unframed call
// tells its size at its end only, and its buffer doubles, too.
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
	} else if size > sock.LargeBuffer {
		if len(a.in) >= sock.LargeBuffer && a.w < len(a.in) {
			return true
		}
		size = min(size, max(2*len(a.in), sock.LargeBuffer))
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
// memory for good. One whose calls are all large keeps it.
func (a *active) shrink() {
	if cap(a.in) > sock.LargeBuffer && a.last <= sock.LargeBuffer {
		a.replace(a.srv.means.bufs.Small())
	}
}
