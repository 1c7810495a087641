package http1

import (
	"sidecar"
	"sidecar/sock"
)

// send sends the request and, if it is whole, waits for the first bytes of the
// reply. A body that is still coming, or more than the socket takes at once,
// is left to the pump, so that an early reply is seen.
func (t *try) send() *sidecar.Fault {
	m := t.m
	if !m.up.kept {
		// Nobody asked Rewind. Half a body must not go out as a whole one.
		return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.Internal}
	}
	o := m.origin(t.c.authority, t.left)
	head := appendRequest(m.heads(o.roomFor(m.in, &m.req)), m.in, &m.req, &o)
	body := m.up.held
	if !m.up.done {
		return t.sendStream(head, body)
	}
	if len(body) <= copyBelow && cap(head)-len(head) >= len(body) {
		head, body = append(head, body...), nil
	}
	if !t.x.Block(m) {
		return t.interrupted(sidecar.StageWrite, sidecar.Unsent)
	}
	wrote, n, err := t.c.c.Roundtrip(head, body, m.repBuf)
	cause := t.x.Unblock()
	t.sentBytes(wrote)
	t.got(n, err)
	switch {
	case cause != sidecar.NoCause:
		return t.faultOf(cause, wrote)
	case err == sock.ErrStale:
		return t.stale(n)
	case err == nil && wrote < len(head)+len(body):
		k := min(wrote, len(head))
		return t.sendRest(head[k:], body[wrote-k:], wrote)
	case err != nil && wrote == 0:
		return t.ended(sidecar.StageWrite, sidecar.Unsent, err)
	case err != nil:
		return t.ended(sidecar.StageRead, 0, err)
	}
	return nil
}

// sendStream looks whether the connection is still good, as Roundtrip does,
// sends the head and leaves the body to the pump.
func (t *try) sendStream(head, body []byte) *sidecar.Fault {
	if cause := t.x.Pending(); cause != sidecar.NoCause {
		f := cause.Fault(sidecar.StageWrite)
		f.Flags |= sidecar.Unsent
		return f
	}
	n, err := t.c.c.TryRead(t.m.repBuf)
	if err != sock.ErrAgain {
		return t.stale(n)
	}
	t.x.Moved(t.x.Now())
	return t.sendRest(head, body, 0)
}

// sendRest sends what is left of the head, then starts the pump on the body;
// before bytes have gone already. The head is the owner's to write: its buffer
// is where the reply's head will be made, and no reply can come before it.
func (t *try) sendRest(head, body []byte, before int) *sidecar.Fault {
	n, err := t.c.c.TryWrite(head, nil)
	t.sentBytes(n)
	if err == sock.ErrAgain {
		if !t.x.Block(t.m) {
			return t.faultOf(t.x.Unblock(), before+n)
		}
		var more int
		more, err = t.c.c.Write(head[n:], nil)
		cause := t.x.Unblock()
		t.sentBytes(more)
		n += more
		if cause != sidecar.NoCause {
			return t.faultOf(cause, before+n)
		}
	}
	switch {
	case err == nil:
		t.x.Moved(t.x.Now()) // a backend may take nothing of a body that is all there
		t.pump.start(body)
	case before+n == 0:
		return t.ended(sidecar.StageWrite, sidecar.Unsent, err)
	default:
		t.cut = true // it may have said why
	}
	return nil
}

// stale is the fault of a connection found closed or dirty before use: on a
// reused one that is the race with the server's idle limit, on a new one the
// server's doing.
func (t *try) stale(n int) *sidecar.Fault {
	f := &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.PeerClosed, Err: sock.ErrStale}
	if t.c.used {
		f.Flags |= sidecar.Stale
	} else if n > 0 {
		f.Reason = sidecar.BadReply
	}
	return f
}

// origin is what the request is completed with for a backend of that authority,
// where so much is left of the client's time.
func (m *message) origin(authority string, left int64) origin {
	return origin{client: m.ip, trust: m.srv.set.Load().TrustForwarded, requestID: m.id[:], authority: authority, left: left, ch: &m.ch}
}
