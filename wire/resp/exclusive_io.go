package resp

import (
	"io"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// send sends b and waits for the first bytes of the reply.
func (c *Exclusive) send(x *sidecar.Exchange, b []byte) *sidecar.Fault {
	if !x.Block(c.sock) {
		f := c.unblock(x).Fault(sidecar.StageWrite)
		f.Flags |= sidecar.Unsent
		c.dead = false // nothing was done with it
		return f
	}
	wrote, n, err := c.sock.Roundtrip(b, nil, c.in)
	cause := c.unblock(x)
	sent(x, wrote)
	switch {
	case cause != sidecar.NoCause:
		f := cause.Fault(sidecar.StageRead)
		if wrote == 0 {
			f.Stage = sidecar.StageWrite
			f.Flags |= sidecar.Unsent
		}
		return f
	case err == sock.ErrStale:
		return c.stale(n)
	case err == nil && wrote < len(b):
		return c.write(x, b[wrote:])
	case err != nil && wrote == 0:
		return ended(sidecar.StageWrite, sidecar.Unsent, err)
	case err != nil:
		return ended(sidecar.StageRead, 0, err)
	}
	c.got(x, n)
	return nil
}

// write writes b at the server's pace.
func (c *Exclusive) write(x *sidecar.Exchange, b []byte) *sidecar.Fault {
	for len(b) > 0 {
		x.Moved(x.Now())
		if !x.Block(c.sock) {
			return c.unblock(x).Fault(sidecar.StageRead)
		}
		n, err := c.sock.Write(b[:min(len(b), patience.MaxPiece)], nil)
		cause := c.unblock(x)
		sent(x, n)
		switch {
		case cause != sidecar.NoCause:
			return cause.Fault(sidecar.StageRead)
		case err != nil:
			return ended(sidecar.StageRead, 0, err)
		}
		b = b[n:]
	}
	x.Settled()
	return nil
}

// read waits for more bytes, for which there is room, and puts them behind those
// at hand.
func (c *Exclusive) read(x *sidecar.Exchange) *sidecar.Fault {
	if !x.Block(c.sock) {
		return c.unblock(x).Fault(sidecar.StageRead)
	}
	n, err := c.sock.Read(c.in[c.n:])
	cause := c.unblock(x)
	switch {
	case cause != sidecar.NoCause:
		return cause.Fault(sidecar.StageRead)
	case err != nil:
		return ended(sidecar.StageRead, 0, err)
	case n == 0:
		return ended(sidecar.StageRead, 0, io.ErrNoProgress)
	}
	c.got(x, n)
	return nil
}

// receive reads the replies to the call, whole, and gives them on.
func (c *Exclusive) receive(x *sidecar.Exchange, call *Call) *sidecar.Fault {
	var t tally
	t.begin(call.Awaited, c.set.MaxReply)
	for from := 0; ; {
		used, done, p := t.take(c.in[from:c.n])
		from += used
		switch {
		case p == errReplySize || from > c.set.MaxReply:
			c.dialer.params.Stats.large.Inc()
			return tooLarge()
		case p != nil:
			return badReply(p)
		case done:
			c.traffic.received.Add(uint64(call.Awaited))
			c.dead = from < c.n // bytes behind them answer nothing
			f := call.answer(x, c.in[:from], t.errors)
			c.n = 0
			return f
		}
		if c.n == len(c.in) && !c.grow() {
			c.dialer.params.Stats.large.Inc()
			return tooLarge()
		}
		if f := c.read(x); f != nil {
			return f
		}
	}
}

// grow doubles the buffer: false if there is no room for that.
func (c *Exclusive) grow() bool {
	p := &c.dialer.params
	b := p.Room.Take(p.Buffers, 2*len(c.in))
	if b == nil {
		return false
	}
	copy(b, c.in[:c.n])
	p.Room.Give(p.Buffers, c.in)
	c.in = b
	return true
}

// unblock ends a wait for the server and undoes what ended it.
func (c *Exclusive) unblock(x *sidecar.Exchange) sidecar.Cause {
	cause := x.Unblock()
	if cause != sidecar.NoCause {
		c.sock.Rearm()
	}
	return cause
}

// stale is the fault of a connection found closed or dirty before use, with n
// bytes that nobody asked for: on a reused one that is the race with the server's
// idle limit, on a new one the server's doing.
func (c *Exclusive) stale(n int) *sidecar.Fault {
	f := &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.PeerClosed, Err: sock.ErrStale}
	if c.used {
		f.Flags |= sidecar.Stale
	} else if n > 0 {
		f.Reason = sidecar.BadReply
	}
	return f
}

// ended is the fault of a server that closed or reset before its replies' end.
func ended(s sidecar.Stage, fl sidecar.Flags, err error) *sidecar.Fault {
	reason := sidecar.PeerClosed
	if sock.IsReset(err) {
		reason = sidecar.PeerReset
	}
	return &sidecar.Fault{Stage: s, Flags: fl, Reason: reason, Err: err}
}

func badReply(p *Problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: p}
}

func sent(x *sidecar.Exchange, n int) {
	if t := x.Tries.Last(); t != nil {
		t.Out += int64(n)
	}
}

func (c *Exclusive) got(x *sidecar.Exchange, n int) {
	c.n += n
	if t := x.Tries.Last(); t != nil {
		t.In += int64(n)
	}
}
