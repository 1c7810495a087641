package http1

import (
	"sidecar"
	"sidecar/sock"
)

// fork is the second sender of a message's request: a message of its own with
// views of the request, that has its reply, its buffers and its backend's
// connection for itself. Whoever commits writes to the one client; the other
// never touches it. Forks are pooled.
type fork struct {
	x      sidecar.Exchange
	alarms sock.Alarms
	msg    message
}

func newFork(srv *Server) *fork {
	f := &fork{}
	f.alarms.Init(srv.wheel, f)
	return f
}

// Expire passes an alarm on to the exchange.
func (f *fork) Expire(which uint8, mark uint64) { f.x.Expire(which, mark) }

// Share readies the request to be sent by two at once, see sidecar.Forker. One
// that waits for a 100 is not shared: no 1xx is passed on where there may be two
// that send them.
func (m *message) Share(x *sidecar.Exchange) bool {
	if !m.up.done || !m.up.kept || m.up.broken || m.req.upgrade || m.req.expect {
		return false
	}
	o := m.origin("", x.Asked) // as each try marks it
	o.mark(m.in, &m.req)
	return true
}

// Fork makes the second sender, see sidecar.Forker. The request's fields, its
// body and its id are read by both from here on.
func (m *message) Fork() *sidecar.Exchange {
	f := m.srv.forks.Get().(*fork)
	c := &f.msg
	c.srv, c.client, c.ip, c.in, c.req, c.id = m.srv, m.client, m.ip, m.in, m.req, m.id
	c.share(&m.ch)
	c.up = upload{mode: m.up.mode, held: m.up.held, kept: true, done: true}
	c.headBuf = m.srv.bufs.Small()[:0]
	c.rep.reset()
	c.gone, c.abrupt, c.sent = false, false, 0
	m.second = f
	f.x.Begin(c, &f.alarms, sidecar.Now())
	return &f.x
}

// share takes over what layers have changed, to be read. A tap changes the note
// when a reply is committed, which may be now; it will change this one's, too.
func (m *message) share(ch *changes) {
	m.ch = changes{
		edits: ch.edits, target: ch.target, moved: ch.moved, condition: ch.condition, asks: ch.asks,
		tap: ch.tap, note: m.ch.note[:0], ownRequest: ch.ownRequest,
	}
	if ch.tap == nil {
		m.ch.note = append(m.ch.note, ch.note...)
	}
}

// Join takes over what became of the fork, see sidecar.Forker.
func (m *message) Join(x *sidecar.Exchange) {
	f := m.second
	c := &f.msg
	if x.Replied() != 0 {
		m.rep.reset()
		m.rep.status, m.rep.retryAfter = c.rep.status, c.rep.retryAfter
		m.gone, m.abrupt = c.gone, c.abrupt
	}
	m.sent += c.sent
	x.End()
	c.releaseReply(m.srv.bufs)
	m.srv.bufs.Put(c.headBuf[:cap(c.headBuf)])
	c.client, c.in, c.headBuf, c.up = nil, nil, nil, upload{}
	c.req.fields, c.ip = nil, nil // the message's own
	c.ch = changes{note: c.ch.note[:0]}
	m.second = nil
	m.srv.forks.Put(f)
}
