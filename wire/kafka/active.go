package kafka

import (
	"context"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
	"sidecar/wire/watch"
)

// active is what a connection needs while it is served. It is pooled.
type active struct {
	srv    *Server
	cl     *Client
	set    *Settings
	x      sidecar.Exchange
	alarms sock.Alarms
	guard  watch.Client
	ctx    context.Context // the listener's
	talk   Talk
	relay  relay
	idle   atomic.Uint64 // generation of the wait for a request, 0 outside it
	in     []byte        // bytes from the client; in[r:w] are not used yet; nil: none
	r, w   int
}

// Expire passes an alarm on to the exchange, but for the one that is the
// client's watch.
func (a *active) Expire(which uint8, mark uint64) {
	if which == watch.Alarm {
		a.guard.Expire(mark)
		return
	}
	a.x.Expire(which, mark)
}

// finEnds tells whether a client that has ended while it waits for a broker is
// left: what it asked for has not been sent.
func (a *active) finEnds() bool { return a.set.CancelOnFIN }

// hold takes a buffer for what the client says, if there is none.
func (a *active) hold() {
	if a.in == nil {
		a.in, a.r, a.w = a.srv.params.Buffers.Large(), 0, 0
	}
}

// free gives it back.
func (a *active) free() {
	if a.in != nil {
		a.srv.params.Buffers.Put(a.in)
	}
	a.in, a.r, a.w = nil, 0, 0
}

// begun is what came of the wait for a client's first bytes.
type begun uint8

const (
	begunIdle   begun = iota // nothing came: the connection can be parked
	begunClosed              // the client has closed, or it is time to
	begunTalk                // a request begins
	begunWrong               // what came is no request
)

// Serve runs the connection until it is closed (false) or has been silent from
// the beginning for ParkAfter (true: nothing is held or under way; call Serve again
// when bytes come). It closes the connection itself.
func (cl *Client) Serve(ctx context.Context) (idle bool) {
	a := cl.take()
	defer cl.put(a)
	a.ctx = ctx
	switch a.first() {
	case begunIdle:
		return true
	case begunClosed:
		cl.c.Close()
	case begunWrong:
		_ = cl.c.Abort()
	default:
		if a.talkTo(ctx) {
			cl.c.Close()
		} else {
			_ = cl.c.Abort()
		}
	}
	return false
}

// refused tells of a connection that never became a session.
func (a *active) refused(f *sidecar.Fault) {
	a.srv.stats.refused(f)
	if a.srv.params.Refused != nil {
		a.srv.params.Refused(&a.x, string(a.cl.ip), f)
	}
}

// first waits for the head of the client's first request: nothing is dialled for a
// client that says nothing, or speaks something else.
func (a *active) first() begun {
	if b := a.awaitFirst(); b != begunTalk {
		return b
	}
	a.wait(a.set.HeaderTimeout)
	end := a.x.Now() + patience.Held(int64(a.set.HeaderTimeout), RequestHead)
	for {
		h, p := ParseHead(a.in[:a.w], a.set.MaxRequest)
		switch {
		case p == nil:
			if f := a.allowed(h); f != nil {
				return a.wrong(f)
			}
			return begunTalk
		case p != More:
			return a.wrong(badRequest(p))
		case a.x.Now() >= end:
			return a.wrong(slowHead())
		}
		a.x.Moved(a.x.Now())
		n, err := a.read()
		a.w += n
		switch {
		case err == sock.ErrWoken && a.x.Pending() == sidecar.Draining:
			return a.wrong(sidecar.Draining.Fault(sidecar.StageRead))
		case err == sock.ErrWoken:
			return a.wrong(slowHead())
		case err != nil:
			return begunClosed // half a head: nobody is there to be told
		}
	}
}

// wrong tells of a connection that is refused.
func (a *active) wrong(f *sidecar.Fault) begun {
	a.refused(f)
	return begunWrong
}

// awaitFirst waits for the first byte.
func (a *active) awaitFirst() begun {
	limit, result := a.set.IdleTimeout, begunClosed
	if d := a.set.ParkAfter; d > 0 && d < limit && a.cl.c.Raw() {
		limit, result = d, begunIdle
	}
	for {
		draining := a.cl.drains()
		if draining {
			limit, result = min(limit, patience.DrainIdle), begunClosed
		}
		a.wait(limit)
		a.idle.Store(uint64(a.x.Gen()))
		// Drain sets draining first and looks at idle then; here it is the
		// other way round, so that one of the two sees the other.
		if a.cl.drains() != draining {
			a.idle.Store(0)
			continue
		}
		err := a.awaitBytes()
		a.idle.Store(0)
		switch {
		case err == nil && a.w > 0:
			return begunTalk
		case err == nil:
			continue
		case err != sock.ErrWoken:
			return begunClosed
		case a.x.Pending() == sidecar.Stalled:
			return result
		case a.x.Pending() == sidecar.Draining && a.cl.hard.Load():
			return begunClosed
		}
	}
}

// awaitBytes waits without a buffer, where that can be, and reads what came.
func (a *active) awaitBytes() error {
	if a.cl.c.Raw() {
		if !a.x.Block(readSide{a.cl.c}) {
			a.x.Unblock()
			return sock.ErrWoken
		}
		err := a.cl.c.WaitRead()
		if a.x.Unblock() != sidecar.NoCause {
			a.cl.c.RearmRead()
		}
		if err != nil {
			return err
		}
	}
	a.hold()
	n, err := a.read()
	a.w += n
	if a.w == 0 {
		a.free()
	}
	return err
}

// wait starts a generation for waits of the connection's own, ended by limit.
func (a *active) wait(limit time.Duration) {
	now := a.x.Now()
	a.x.Begin(nil, &a.alarms, now)
	a.x.SetStall(int64(limit))
	a.x.Moved(now)
}

// read waits for bytes from the client, before there is a session. ErrWoken: the
// wait was ended, by the limit or a drain.
func (a *active) read() (int, error) {
	if !a.x.Block(readSide{a.cl.c}) {
		a.x.Unblock()
		return 0, sock.ErrWoken
	}
	n, err := a.cl.c.Read(a.in[a.w:])
	cause := a.x.Unblock()
	if cause != sidecar.NoCause {
		a.cl.c.RearmRead()
		if n == 0 && err == nil {
			err = sock.ErrWoken
		}
	}
	return n, err
}

// readSide and writeSide wake who reads a connection, and who writes to it: in a
// session these are two goroutines, of which one is woken by its exchange and the
// other by the first.
type (
	readSide  struct{ c *sock.Conn }
	writeSide struct{ c *sock.Conn }
)

// Wake ends the wait of who reads.
func (s readSide) Wake() { s.c.WakeRead() }

// Wake ends the wait of who writes.
func (s writeSide) Wake() { s.c.WakeWrite() }

// askTime is how long a client waits for where its broker is, if nobody knows.
const askTime = 5 * time.Second

// talkTo has the session performed whose first request has begun. It reports
// whether it ended in good order.
func (a *active) talkTo(ctx context.Context) bool {
	p := &a.srv.params
	node, ok := p.NodeAt(a.cl.c)
	if !ok {
		a.refused(noNode(errNowhere))
		return false
	}
	now := a.x.Now()
	a.talk.begin(node, a.cl.ip)
	a.x.Begin(&a.talk, &a.alarms, now)
	a.x.Kind = sidecar.Session
	if node >= 0 {
		if a.x.Endpoint = a.whereIs(ctx, node); a.x.Endpoint == "" {
			a.refused(noNode(&unknownNode{node}))
			return false
		}
	}
	a.x.RequestDone(now)
	a.guard.Begin(a.cl.c, &a.alarms, now)
	err := p.Handler.Do(ctx, &a.x)
	a.guard.End(&a.alarms)
	return err == nil && a.relay.clean
}

// whereIs is the address of a node.
func (a *active) whereIs(ctx context.Context, node int32) string {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return a.srv.params.BrokerAt(ctx, node)
}
