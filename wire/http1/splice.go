package http1

import (
	"sidecar"
	"sidecar/sock"
)

// Long bodies of known length go from one connection to the other through a
// pipe of the system, by reference. What is left of a body decides, and a pipe
// that is not to be had only means that it is copied.

// pipe is an empty pipe for left bytes from one connection to the other, nil if
// they are better copied.
func (s *Server) pipe(from, to *sock.Conn, left int64) *sock.Pipe {
	if s.pipes == nil || left < sock.MinSplice || !from.CanSplice() || !to.CanSplice() {
		return nil
	}
	p, err := s.pipes.Get()
	if err != nil {
		return nil
	}
	return p
}

// splice brings what is left of the reply's body across, a pipe at a time, or
// as much of it as the system is willing to: b tells how much is left.
func (t *try) splice(b *body) *sidecar.Fault {
	if b.mode != bodyLength {
		return nil
	}
	p := t.m.srv.pipe(t.c.c, t.m.client, b.left)
	if p == nil {
		return nil
	}
	defer t.m.srv.pipes.Put(p)
	for b.left > 0 {
		t.x.Moved(t.x.Now())
		if !t.x.Block(t.m) {
			return t.interrupted(sidecar.StageRead, 0)
		}
		n, err := t.c.c.SpliceIn(p, pipeful(b.left))
		cause := t.x.Unblock()
		if t.rec != nil {
			t.rec.In += int64(n)
		}
		b.left -= int64(n)
		switch {
		case cause != sidecar.NoCause:
			return t.faultOf(cause, 1)
		case err == sock.ErrNoSplice:
			return nil
		case err != nil:
			return t.ended(sidecar.StageRead, 0, err)
		}
		if f := t.pour(p); f != nil {
			return f
		}
	}
	return nil
}

// pour writes what is in the pipe to the client, at its pace.
func (t *try) pour(p *sock.Pipe) *sidecar.Fault {
	n, err := t.m.client.TrySpliceOut(p)
	t.m.sent += int64(n)
	if err == sock.ErrAgain {
		t.x.Moved(t.x.Now())
		if !t.x.Block(t.m) {
			return t.untaken(t.x.Unblock())
		}
		n, err = t.m.client.SpliceOut(p)
		t.m.sent += int64(n)
		if cause := t.x.Unblock(); cause != sidecar.NoCause {
			return t.untaken(cause)
		}
	}
	if err != nil {
		return untakable(err)
	}
	return nil
}

// splice brings what is left of the request's body across, or as much of it as
// the system is willing to; false: it failed. Nothing of it is held, so it
// begins only where nothing is any more.
func (p *pump) splice() bool {
	u, srv := &p.m.up, p.m.srv
	if u.mode != bodyLength || u.kept && len(u.held) < srv.held {
		return true
	}
	pipe := srv.pipe(p.m.client, p.m.backend, u.left)
	if pipe == nil {
		return true
	}
	defer srv.pipes.Put(pipe)
	for begun := false; !u.done; begun = true {
		p.awaits = true
		n, err := p.m.client.SpliceIn(pipe, pipeful(u.left))
		if err == sock.ErrNoSplice {
			p.awaits = false
			if begun { // never seen; there is no buffer any more to copy through
				p.err = err
			}
			return !begun
		}
		if err != nil {
			p.client = clientFault(err)
			return false
		}
		if !begun { // it cannot be sent again, and nothing is copied from here on
			u.kept = false
			u.release(srv)
		}
		p.took(u.passed(n))
		m, err := p.m.backend.SpliceOut(pipe)
		p.out += int64(m)
		if p.err = err; err != nil {
			return false
		}
		p.x.Moved(sidecar.Now())
	}
	return true
}

// passed counts n bytes of a body of known length that nobody looked at; done
// tells whether that is all of it.
func (u *upload) passed(n int) (done bool) {
	u.left -= int64(n)
	u.moved += int64(n)
	u.done = u.left == 0
	return u.done
}

// pipeful is left as what one call can be asked for.
func pipeful(left int64) int { return int(min(left, 1<<30)) }
