package thrift

import (
	"sidecar"
	"sidecar/sock"
)

// receive reads the reply and hands it on: whole, or in pieces as they come
// where it is long and its bytes go on as they are.
func (c *Conn) receive() *sidecar.Fault {
	c.cut.begin(c.d.MaxFrame)
	for {
		size, p := c.cut.next(c.d.Encoding, c.in[:c.n])
		switch {
		case p == nil:
			return c.whole(size)
		case p != More:
			return badReply(p)
		}
		if size > sock.LargeBuffer {
			if done, f := c.stream(size); done {
				return f
			}
		}
		if f := c.grow(size); f != nil {
			return f
		}
		if c.n == 0 || c.n < size {
			if f := c.read(); f != nil {
				return f
			}
		}
	}
}

// grow makes room for a reply of size bytes, or at least for one more than have
// come: a backend that only says it will send much gets no room for it.
func (c *Conn) grow(size int) *sidecar.Fault {
	if size <= len(c.in) || c.n < len(c.in) {
		return nil
	}
	if c.d.Encoding.Transport == Unframed { // which tells its size at its end only
		size = max(size, min(2*len(c.in), c.d.MaxFrame+1))
	} else {
		size = min(size, 2*len(c.in))
	}
	b := c.d.Room.Take(c.d.Buffers, size)
	if b == nil {
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.TooLarge, Err: errNoRoom}
	}
	copy(b, c.in[:c.n])
	c.d.Room.Give(c.d.Buffers, c.in)
	c.in = b
	return nil
}

// whole hands on the reply that in[:size] is.
func (c *Conn) whole(size int) *sidecar.Fault {
	m := parcel{Encoding: c.d.Encoding}
	if p := m.read(c.in[:size], c.d.MaxFrame, c.means, &c.open); p != nil {
		return badReply(p)
	}
	if f := c.check(&m.Head); f != nil {
		return f
	}
	c.replies.Inc()
	class, f := c.class(&m)
	if f != nil {
		return f
	}
	c.dead = size < c.n // bytes behind it belong to no call
	if !c.x.Commit(class) {
		return c.withheld(class)
	}
	c.call.class = class
	c.rep = Reply(m)
	return c.call.Replies.Reply(c.x, &c.rep)
}

// check sees that the reply is that of the call.
func (c *Conn) check(h *Head) *sidecar.Fault {
	switch {
	case h.Type != ReplyType && h.Type != ExceptionType:
		return badReply(errNoReply)
	case h.Seq != c.call.Head.Seq:
		return badReply(errSequence)
	}
	return nil
}

// class is what the reply m means.
func (c *Conn) class(m *parcel) (sidecar.Class, *sidecar.Fault) {
	if m.Head.Type == ReplyType {
		return c.meant(&m.Head, m.Encoding.Protocol, m.Payload), nil
	}
	e, p := ParseException(m.Encoding.Protocol, m.Payload[m.Head.Body:])
	if p != nil {
		return 0, badReply(p)
	}
	if c.rec != nil {
		c.rec.Code = int(e.Kind)
	}
	return ClassOf(e.Kind), nil
}

// meant is what a REPLY means, of which payload may be the beginning only.
func (c *Conn) meant(h *Head, p Protocol, payload []byte) sidecar.Class {
	if c.d.Classify == nil {
		return sidecar.Success
	}
	return c.d.Classify(c.call.name(), p, payload[h.Body:])
}

// withheld is the fault of a reply that Commit did not let out: it is a failure,
// or else came second.
func (c *Conn) withheld(class sidecar.Class) *sidecar.Fault {
	f := &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: class}
	if c.rec != nil {
		f.Code = c.rec.Code
	}
	if !c.x.Hold.Has(class) && (class == sidecar.Success || class == sidecar.ClientError) {
		f.Reason = sidecar.HedgeLost
	}
	return f
}

func badReply(p *Problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: p}
}

// stream hands on a long framed reply of size bytes, frame included, in pieces
// where the caller takes them as they are. done is false if that is not so, or
// not yet known: the reply is then to be read on.
func (c *Conn) stream(size int) (done bool, f *sidecar.Fault) {
	s, ok := c.call.Replies.(Streamer)
	e := c.d.Encoding
	if !ok || e.Transport != Framed || c.n <= FrameHead || !s.Takes(e) {
		return false, nil
	}
	h, p := ParseHead(e.Protocol, c.in[FrameHead:c.n])
	switch {
	case p == More:
		return false, nil
	case p != nil:
		return true, badReply(p)
	case h.Type != ReplyType:
		return false, nil // its kind stands inside; no exception is that long
	}
	if f := c.check(&h); f != nil {
		return true, f
	}
	class := c.meant(&h, e.Protocol, c.in[FrameHead:c.n])
	if !c.x.Commit(class) {
		return true, c.withheld(class) // and the connection ends: the rest is unread
	}
	c.call.class = class
	return true, c.pieces(s, size)
}

// pieces brings the reply across, a buffer at a time: the backend is read no
// faster than the client takes it.
func (c *Conn) pieces(s Streamer, size int) *sidecar.Fault {
	for {
		piece := c.in[:min(c.n, size)]
		if f := s.Piece(c.x, piece); f != nil {
			return f
		}
		if size -= len(piece); size == 0 {
			c.dead = len(piece) < c.n
			c.replies.Inc()
			c.x.Settled()
			return nil
		}
		c.n = 0
		c.x.Moved(c.x.Now())
		if f := c.read(); f != nil {
			return f
		}
	}
}
