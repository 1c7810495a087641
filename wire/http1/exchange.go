package http1

import (
	"context"
	"io"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/http"
)

// serve runs the request that next has read. It reports whether the connection
// goes on.
func (a *active) serve(ctx context.Context) bool {
	m := &a.msg
	now := sidecar.Now()
	a.x.Begin(m, &a.alarms, now)
	a.cutOff()
	m.rep.reset()
	m.gone, m.abrupt, m.early, m.sent = false, false, nil, 0
	a.x.Idempotent = http.Idempotent(m.in[m.req.first:m.req.method])
	if m.req.requestID < 0 {
		m.newID()
	}
	f := a.body(now)
	if f != nil {
		a.x.End()
		a.srv.stats.refused(f)
		return a.fail(f, 0)
	}
	m.watch.begin(a.cl.c, &a.alarms, now)
	err := a.srv.handler.Do(ctx, &a.x)
	m.watch.end(&a.alarms)
	replied := a.x.Replied() != 0
	attempts := a.x.Tries.Len()
	a.x.End()
	unread := !m.up.done
	a.srv.stats.In.Add(uint64(m.req.end) + uint64(m.up.moved))
	a.srv.stats.Out.Add(uint64(m.sent))
	a.advance()
	m.up.release(a.srv.bufs)
	m.releaseReply(a.srv.bufs)
	switch {
	case err == nil && !m.gone:
		return true
	case err == nil:
		a.part(unread)
		return false
	case replied:
		// The reply had begun: no error text can be sent. Its length or its
		// last chunk will be missed; where its end is the connection's, only
		// a reset tells that it was cut.
		if m.abrupt {
			a.cl.c.Abort()
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
	if !m.up.done && m.up.mode == bodyLength && m.req.length <= int64(a.srv.held) && !m.req.expect {
		used = m.req.end + int(m.req.length)
		if f := a.readBody(used); f != nil {
			return f
		}
		now = sidecar.Now()
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

// readBody reads on until the buffer holds head and body, size bytes in all.
func (a *active) readBody(size int) *sidecar.Fault {
	m := &a.msg
	a.fit(size)
	// The stall timeout belongs to the upstream, which is not known before the
	// request is routed; the time for a head bounds each silence instead.
	a.x.SetStall(int64(a.srv.set.Load().HeaderTimeout))
	all := a.in
	for a.w-a.r < size {
		a.x.Moved(sidecar.Now())
		a.in = all[:a.r+size] // the next request stays in the socket
		n, err := a.read()
		a.in = all
		switch {
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

// fit moves in[r:w] to the front and sees to room for size bytes.
func (a *active) fit(size int) {
	if cap(a.in)-a.r >= size {
		a.in = a.in[:cap(a.in)]
		return
	}
	b := a.in[:cap(a.in)]
	switch {
	case size <= cap(a.in):
	case size <= sock.LargeBuffer:
		b = a.srv.bufs.Large()
	default:
		b = make([]byte, size)
	}
	a.w = copy(b, a.in[a.r:a.w])
	a.r = 0
	if cap(b) != cap(a.in) {
		a.srv.bufs.Put(a.in[:cap(a.in)])
	}
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
	a.fit(len(over))
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
	a.srv.stats.refused(f)
	a.fail(f, 0)
	return nextRefused
}

// fail tells a fault to the client in HTTP's words. It reports whether the
// connection goes on, which it does if the request was read to its end.
func (a *active) fail(f *sidecar.Fault, attempts int) bool {
	if f.Reason == sidecar.ClientLeft {
		return false
	}
	m := &a.msg
	keep := m.up.done && m.req.keepsAlive() && !a.srv.draining.Load() && !m.gone
	to := toClient{close: !keep, http10: m.req.minor == 0 && m.req.started}
	text := a.faultText(f)
	page := appendErrorReply(m.heads(len(text)+headSlack), http.StatusOf(f), f.Reason.String(), text, attempts, to, m.req.head1)
	a.begin(a.srv.set.Load().HeaderTimeout)
	if !a.x.Block(a.cl.c) {
		a.x.Unblock()
		return false
	}
	_, err := a.cl.c.Write(page, nil)
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

// faultText is the body of an error reply: the reason, and what can be said
// without naming a backend.
func (a *active) faultText(f *sidecar.Fault) string {
	text := "sidecar: " + f.Reason.String()
	if p, ok := f.Err.(*problem); ok {
		text += ": " + p.text
	} else if f.Err != nil && a.srv.set.Load().ExposeBackends {
		text += ": " + f.Err.Error()
	}
	return text + "\n"
}

// linger ends the sending side and reads on for a little: closing with unread
// bytes in the socket resets the connection, and the client would lose the
// reply that it has not read yet (RFC 9112, section 9.6).
func (a *active) linger() {
	if a.cl.c.CloseWrite() != nil {
		return
	}
	a.begin(lingerQuiet)
	a.r, a.w = 0, 0
	for end := sidecar.Now() + int64(lingerTime); ; {
		_, err := a.read()
		now := sidecar.Now()
		if err != nil || now > end {
			return
		}
		a.x.Moved(now)
	}
}
