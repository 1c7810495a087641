package http1

import (
	"context"
	"io"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/http"
	"sidecar/wire/patience"
)

// serve runs the request that next has read. It reports whether the connection
// goes on.
func (a *active) serve(ctx context.Context) bool {
	m := &a.msg
	now := a.x.Now()
	a.x.Begin(m, &a.alarms, now)
	a.cutOff()
	m.rep.reset()
	m.ch.reset()
	m.gone, m.abrupt, m.early, m.sent = false, false, nil, 0
	if a.x.Asked = m.req.asked.ns; m.req.asked.bad > 0 {
		a.srv.stats.misasked.Add(uint64(m.req.asked.bad))
	}
	a.x.Idempotent = http.Idempotent(m.in[m.req.first:m.req.method])
	if m.req.requestID < 0 {
		m.newID()
	}
	f := a.body(now)
	if f != nil {
		a.tellRefused(f)
		a.x.End()
		return a.fail(f, 0)
	}
	if m.req.hops == 0 {
		return a.lastHop()
	}
	m.watch.Begin(a.cl.c, &a.alarms, a.x.Now()) // later than now, where a body was waited for
	err := a.srv.handler.Do(ctx, &a.x)
	m.watch.End(&a.alarms)
	replied := a.x.Replied() != 0
	attempts := a.x.Tries.Len()
	a.x.End()
	unread := !m.up.done
	a.srv.stats.In.Add(uint64(m.req.end) + uint64(m.up.moved))
	a.srv.stats.Out.Add(uint64(m.sent))
	a.advance()
	m.up.release(a.srv)
	m.releaseReply(a.srv.bufs)
	if replied && m.rep.answered {
		err = nil // its client has been told, by who answered
	}
	switch {
	case err == nil && !m.gone:
		return true
	case err == nil:
		a.part(unread)
		return false
	case replied:
		// The reply had begun: no error text can be sent. Its length or its
		// last chunk will be missed; where its end is the connection's, only
		// a reset tells that it was cut. Replies before it are whole and may
		// still be on their way, so a client that did no wrong is left slowly.
		switch {
		case m.abrupt:
			a.cl.c.Abort()
		case !sidecar.FaultOf(err).Has(sidecar.FromClient):
			a.part(unread)
		}
		return false
	}
	m.up.done = !unread
	return a.fail(sidecar.FaultOf(err), attempts)
}

// body readies the request's body. One that is announced to be small is read
// whole first: a slow client then holds no backend, and the request can be
// sent again. Others come across while they arrive.
func (a *active) body(now int64) *sidecar.Fault {
	m := &a.msg
	n, bad := m.up.start(&m.req, a.in[a.r+m.req.end:a.w])
	if bad != nil {
		return badRequest(bad)
	}
	used := m.req.end + n
	if size := m.req.end + int(m.req.length); a.holds() && a.fit(size) {
		used = size
		m.in = a.in[a.r:a.w:a.w] // the head may have moved
		if f := a.readBody(size); f != nil {
			return f
		}
		now = a.x.Now()
	}
	if m.up.done {
		a.x.RequestDone(now)
	}
	m.in = a.in[a.r : a.r+used : a.r+used]
	// They stay in the buffer: if no upgrade comes of it they are a request.
	m.early = a.in[a.r+used : a.w]
	a.r += used
	return nil
}

// holds tells whether the body is to be read whole before anything is done.
func (a *active) holds() bool {
	m := &a.msg
	return !m.up.done && m.up.mode == bodyLength && m.req.length <= int64(a.srv.held) && !m.req.expect
}

// part ends the connection behind a whole reply. With bytes in the socket that
// nobody reads, a plain close would be a reset.
func (a *active) part(unread bool) {
	switch {
	case a.x.Kind == sidecar.Session:
		if a.msg.abrupt {
			a.cl.c.Abort()
		}
	case unread || a.r < a.w || !a.cl.c.Look():
		a.linger()
	}
}

// readBody reads on until the buffer, which has room for it, holds head and
// body, size bytes in all.
func (a *active) readBody(size int) *sidecar.Fault {
	m := &a.msg
	// The stall timeout belongs to the upstream, which is not known before the
	// request is routed; the time for a head bounds each silence instead, and
	// the whole wait is bounded, or a byte now and then would hold the buffer
	// for ever.
	silence := int64(a.srv.set.Load().HeaderTimeout)
	end := a.x.Now() + patience.Held(silence, size)
	all := a.in
	for a.w-a.r < size {
		now := a.x.Now()
		if now >= end {
			return a.stalled(errBodySlow)
		}
		a.x.SetStall(min(silence, end-now))
		a.x.Moved(now)
		a.in = all[:a.r+size] // the next request stays in the socket
		n, err := a.read()
		a.in = all
		switch {
		case err == sock.ErrWoken && a.x.Now() >= end:
			return a.woken(errBodySlow)
		case err == sock.ErrWoken:
			return a.woken(errBodyStalled)
		case err == io.EOF:
			return badRequest(errBodyEnd)
		case err != nil:
			return clientFault(err)
		}
		_, _ = m.up.consume(all[a.w : a.w+n]) // a body of known length cannot be bad
		a.w += n
	}
	a.x.SetStall(0) // or it would bound the reply where the upstream has none
	m.up.held = all[a.r+m.req.end : a.r+size : a.r+size]
	return nil
}

// fit sees to room for size bytes from r on, moving in[r:w] to the front if need
// be; false if the process holds as much as it may.
func (a *active) fit(size int) bool {
	switch {
	case cap(a.in)-a.r >= size:
		a.in = a.in[:cap(a.in)]
	case cap(a.in) >= size:
		a.in = a.in[:cap(a.in)]
		a.w = copy(a.in, a.in[a.r:a.w])
		a.r = 0
	default:
		b := a.srv.room.Take(a.srv.bufs, size)
		if b == nil {
			return false
		}
		a.replace(b)
	}
	return true
}

// replace goes on in the buffer b.
func (a *active) replace(b []byte) {
	a.w = copy(b, a.in[a.r:a.w])
	a.r = 0
	a.srv.room.Give(a.srv.bufs, a.in)
	a.in = b
}

// advance makes the bytes that the pump read behind the request's body the
// next to be used.
func (a *active) advance() {
	over := a.msg.up.over
	a.msg.up.over = nil
	if len(over) == 0 {
		return
	}
	a.r, a.w = 0, 0
	a.in = a.in[:cap(a.in)]
	if len(over) > len(a.in) {
		a.replace(a.srv.room.Force(a.srv.bufs, len(over)))
	}
	a.w = copy(a.in, over)
}

// refuse answers a head that is no request; the connection ends with it.
func (a *active) refuse(p *problem) next {
	f := badRequest(p)
	if p == errHeadSize || p == errManyFields {
		f.Reason = sidecar.TooLarge
	}
	return a.refused(f)
}

// refused tells the client of a request that never became an exchange.
func (a *active) refused(f *sidecar.Fault) next {
	a.msg.up.done = false
	a.tellRefused(f)
	a.fail(f, 0)
	return nextRefused
}

// tellRefused counts and tells what never became an exchange for the handler.
func (a *active) tellRefused(f *sidecar.Fault) {
	a.srv.stats.refused(f)
	if a.srv.refused != nil {
		a.srv.refused(&a.x, a.cl.ip, f)
	}
}

// fail tells a fault to the client in HTTP's words. It reports whether the
// connection goes on, which it does if the request was read to its end.
func (a *active) fail(f *sidecar.Fault, attempts int) bool {
	if f.Reason == sidecar.ClientLeft {
		return false
	}
	m := &a.msg
	keep := a.keeps()
	text, to := a.faultText(f, attempts), a.replyTo(keep)
	to.after = max(a.askedFor(f, attempts), again(f))
	page := appendErrorReply(m.heads(len(text)+headSlack), http.StatusOf(f), f.Reason.String(), text, attempts, to, m.req.head1)
	return a.say(page, keep)
}

// postponed is a cause that says how long to stay away, in nanoseconds; 0 is
// unknown. A circuit's refusal is one.
type postponed interface{ RetryAfter() int64 }

// again is the same in whole seconds, rounded up, as Retry-After has them.
func again(f *sidecar.Fault) int64 {
	if p, ok := f.Err.(postponed); ok {
		return (p.RetryAfter() + int64(time.Second) - 1) / int64(time.Second)
	}
	return 0
}

// keeps tells whether the connection can go on behind a reply of the sidecar's
// own: if the request was read to its end and nobody wants it to end.
func (a *active) keeps() bool {
	m := &a.msg
	return m.up.done && m.req.keepsAlive() && !a.srv.draining.Load() && !m.gone
}

// replyTo is how a reply of the sidecar's own is completed.
func (a *active) replyTo(keep bool) toClient {
	r := &a.msg.req
	return toClient{close: !keep, http10: r.minor == 0 && r.started, date: a.srv.dates.Text(a.x.Now())}
}

// say writes a reply of the sidecar's own, behind which the connection goes on
// with keep. It reports whether it does.
func (a *active) say(page []byte, keep bool) bool {
	a.begin(a.srv.set.Load().HeaderTimeout)
	if !a.x.Block(a.cl.c) {
		a.x.Unblock()
		return false
	}
	n, err := a.cl.c.Write(page, nil)
	a.srv.stats.Out.Add(uint64(n))
	if a.x.Unblock() != sidecar.NoCause {
		a.cl.c.Rearm()
		return false
	}
	if err != nil {
		return false
	}
	if !keep {
		a.linger()
	}
	return keep
}

// linger ends the sending side and reads on for a little: closing with unread
// bytes in the socket resets the connection, and the client would lose the
// reply that it has not read yet (RFC 9112, section 9.6).
func (a *active) linger() {
	if a.cl.c.CloseWrite() != nil {
		return
	}
	a.begin(patience.LingerQuiet)
	a.r, a.w = 0, 0
	for end := sidecar.Now() + int64(patience.LingerTime); ; {
		_, err := a.read()
		now := sidecar.Now()
		if err != nil || now > end {
			return
		}
		a.x.Moved(now)
	}
}
