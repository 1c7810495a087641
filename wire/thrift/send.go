package thrift

import (
	"io"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// send sends the call, a and then b, and waits for the first bytes of its reply.
func (c *Conn) send(a, b []byte) *sidecar.Fault {
	if !c.x.Block(c.c) {
		return c.refusedWait(sidecar.StageWrite, sidecar.Unsent)
	}
	wrote, n, err := c.c.Roundtrip(a, b, c.in)
	cause := c.unblock()
	c.sent(wrote)
	switch {
	case cause != sidecar.NoCause:
		c.got(n, err)
		return c.interrupted(cause, wrote)
	case err == sock.ErrStale:
		return c.stale(n)
	case err == nil && wrote < len(a)+len(b):
		k := min(wrote, len(a))
		return c.sendRest(a[k:], b[wrote-k:])
	case err != nil && wrote == 0:
		return ended(sidecar.StageWrite, sidecar.Unsent, err)
	case err != nil:
		return c.doubted(ended(sidecar.StageRead, 0, err))
	}
	c.got(n, nil)
	c.calls.Inc()
	return nil
}

// sendRest sends what the socket did not take at once, at the backend's pace.
// No reply can come before it: a backend has read the call to its end, or
// closes.
func (c *Conn) sendRest(a, b []byte) *sidecar.Fault {
	for len(a)+len(b) > 0 {
		piece := b[:min(len(b), patience.MaxPiece)]
		if len(a) > patience.MaxPiece {
			piece = nil
		}
		first := a[:min(len(a), patience.MaxPiece)]
		c.x.Moved(c.x.Now())
		if !c.x.Block(c.c) {
			return c.refusedWait(sidecar.StageRead, 0)
		}
		n, err := c.c.Write(first, piece)
		cause := c.unblock()
		c.sent(n)
		switch {
		case cause != sidecar.NoCause:
			return cause.Fault(sidecar.StageRead)
		case err != nil:
			return c.doubted(ended(sidecar.StageRead, 0, err))
		}
		a, b = a[len(first):], b[len(piece):]
	}
	c.x.Settled()
	c.calls.Inc()
	return nil
}

// post sends a oneway call, to which nothing comes. Once a byte of it has gone
// it is not sent again.
func (c *Conn) post(a, b []byte) *sidecar.Fault {
	if cause := c.x.Pending(); cause != sidecar.NoCause {
		return c.interrupted(cause, 0)
	}
	if c.c.Raw() {
		if n, err := c.c.TryRead(c.in); err != sock.ErrAgain {
			return c.stale(n)
		}
	}
	n, err := c.c.TryWrite(a, b)
	c.sent(n)
	c.call.posted = n > 0
	if err == sock.ErrAgain {
		k := min(n, len(a))
		c.call.posted = true // by the time that it is known it may be too late
		if f := c.sendRest(a[k:], b[n-k:]); f != nil {
			return f
		}
	} else if err == nil {
		c.calls.Inc()
	} else {
		fl := sidecar.Flags(0)
		if n == 0 {
			fl = sidecar.Unsent
		}
		return ended(sidecar.StageWrite, fl, err)
	}
	c.dead = false
	if !c.x.Commit(sidecar.Success) {
		// The other sender of a hedge has won; both were executed.
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.HedgeLost}
	}
	c.call.class = sidecar.Success
	return nil
}

// stale is the fault of a connection found closed or dirty before use: on a
// reused one that is the race with the server's idle limit, on a new one the
// server's doing.
func (c *Conn) stale(n int) *sidecar.Fault {
	f := &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.PeerClosed, Err: sock.ErrStale}
	if c.used {
		f.Flags |= sidecar.Stale
	} else if n > 0 {
		f.Reason = sidecar.BadReply
	}
	return f
}

// unblock ends a wait for the backend and undoes what ended it.
func (c *Conn) unblock() sidecar.Cause {
	cause := c.x.Unblock()
	if cause != sidecar.NoCause {
		c.c.Rearm()
	}
	return cause
}

// refusedWait is the fault of a Block that was refused.
func (c *Conn) refusedWait(s sidecar.Stage, fl sidecar.Flags) *sidecar.Fault {
	f := c.unblock().Fault(s)
	f.Flags |= fl
	return f
}

// interrupted is the fault of a call that cause ended after so many bytes of it.
func (c *Conn) interrupted(cause sidecar.Cause, wrote int) *sidecar.Fault {
	f := cause.Fault(sidecar.StageRead)
	if wrote == 0 {
		f.Stage = sidecar.StageWrite
		f.Flags |= sidecar.Unsent
	}
	return f
}

// ended is the fault of a backend that closed or reset before its reply's end.
func ended(s sidecar.Stage, fl sidecar.Flags, err error) *sidecar.Fault {
	reason := sidecar.PeerClosed
	if sock.IsReset(err) {
		reason = sidecar.PeerReset
	}
	return &sidecar.Fault{Stage: s, Flags: fl, Reason: reason, Err: err}
}

// read waits for more bytes of the reply and puts them behind those at hand.
func (c *Conn) read() *sidecar.Fault {
	if !c.x.Block(c.c) {
		return c.refusedWait(sidecar.StageRead, 0)
	}
	n, err := c.c.Read(c.in[c.n:])
	cause := c.unblock()
	c.got(n, err)
	switch {
	case cause != sidecar.NoCause:
		return cause.Fault(sidecar.StageRead)
	case err != nil:
		return c.doubted(ended(sidecar.StageRead, 0, err))
	case n == 0:
		return ended(sidecar.StageRead, 0, io.ErrNoProgress)
	}
	return nil
}

func (c *Conn) sent(n int) {
	if c.rec != nil {
		c.rec.Out += int64(n)
	}
}

func (c *Conn) got(n int, err error) {
	if err == nil {
		c.n += n
		if c.rec != nil {
			c.rec.In += int64(n)
		}
	}
}
