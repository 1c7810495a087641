package mux

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
	"sidecar/wire/shared"
)

// Conn is one connection to a backend, used by many exchanges at once, told
// apart by tags. Tags are those of the slots of its core, from minTag on.
type Conn struct {
	dialer *Dialer
	set    *DialSettings // of when it was made
	core   *shared.Conn
	window int // of the backend, 0 if it knows no fragments
	in     inbound
	heart  heart
	drains atomic.Bool
	// lease is until when the backend asks for exchanges, 0 if it never said.
	lease atomic.Int64
}

// Status is Busy while the backend's lease has run out or too much waits to be
// written, Closed once the backend drains the connection or it has ended. Hot.
func (c *Conn) Status(bool) sidecar.Status {
	if c.drains.Load() {
		return sidecar.Closed
	}
	s := c.core.Status()
	if until := c.lease.Load(); s == sidecar.Open && until != 0 && c.dialer.params.Now() >= until {
		return sidecar.Busy
	}
	return s
}

// Close ends the connection.
func (c *Conn) Close() {
	c.core.Close()
	c.dialer.forget(c)
}

// errDrains is why a connection takes no more.
var errDrains = errors.New("the backend drains the connection")

// discarded is what is told of an exchange that nobody waits for any more.
const discarded = "sidecar: nobody waits for it any more"

// Do sends the exchange's call and gives its reply to where it came from. Hot.
func (c *Conn) Do(_ context.Context, x *sidecar.Exchange) error {
	call := x.Msg.(*Call)
	left, f := patience.Left(x)
	if f != nil {
		return f
	}
	if c.drains.Load() {
		return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent | sidecar.Stale, Reason: sidecar.PeerClosed, Err: errDrains}
	}
	s, f := c.core.Reserve()
	if f != nil {
		return f
	}
	c.dialer.params.Stats.sent.Inc()
	tag := uint32(minTag + s.Number)
	var room [128]byte
	farewell := appendDiscarded(room[:0], tag, discarded)
	if f := c.send(x, s, tag, call, left); f != nil {
		f = c.core.Leave(s, farewell, f)
		call.left(f)
		return f
	}
	if f := c.core.Await(x, s, farewell); f != nil {
		call.left(f)
		if f.Stage == sidecar.StageRead && x.Pending() != sidecar.NoCause {
			c.dialer.params.Stats.discards.Inc()
		}
		return f
	}
	if t := x.Tries.Last(); t != nil {
		t.In += int64(len(s.Buf))
	}
	f = c.answer(x, call, s.Buf)
	c.core.Free(s)
	if f != nil {
		call.left(f)
		return f
	}
	return nil
}

// send writes the dispatch: in one frame, or in fragments, between which others
// go, if it is larger than one piece. A backend that knows no fragments gets it
// in one frame, and whoever comes next waits behind it.
func (c *Conn) send(x *sidecar.Exchange, s *shared.Slot, tag uint32, call *Call, left int64) *sidecar.Fault {
	size := len(call.Contexts) + len(call.Dest) + len(call.Dtab) + addedContexts
	bufs := c.dialer.params.Buffers
	buf := headRoom(bufs, size)
	defer bufs.Put(buf)
	contexts := c.contexts(buf[:0], x, call, left)
	// The frame's head has its place before the message's: both go in one put.
	at := len(contexts)
	head := call.appendDispatchHead(append(contexts, make([]byte, frameHead)...), contexts)[at:]
	body := call.Payload
	if t := x.Tries.Last(); t != nil {
		t.Out += int64(len(head) + len(body))
	}
	piece := c.piece()
	for total := len(head) - frameHead + len(body); total > piece; total -= piece {
		setHead(head, tdispatch, tag|moreBit, piece)
		n := min(piece, len(head)-frameHead)
		if f := c.core.Send(x, s, head[:frameHead+n], body[:piece-n]); f != nil {
			return f
		}
		body = body[piece-n:]
		// What is left of the head moves to the front; mostly nothing is.
		head = head[:frameHead+copy(head[frameHead:], head[frameHead+n:])]
	}
	setHead(head, tdispatch, tag, len(head)-frameHead+len(body))
	return c.core.Send(x, s, head, body)
}

// piece is the most bytes of a body in one frame.
func (c *Conn) piece() int {
	if c.window == 0 {
		return DefaultMaxFrame * 2 // more than any
	}
	return min(c.window, shared.MaxPut-frameHead)
}

// addedContexts is the room for what contexts grow by: a deadline, and which try
// it is, with their keys, and the counts.
const addedContexts = 160

// headRoom is a buffer for what stands before a payload: contexts twice, once to
// be made and once in their place.
func headRoom(bufs *sock.Buffers, size int) []byte {
	switch need := 2*size + frameHead; {
	case need <= sock.SmallBuffer:
		return bufs.Small()
	case need <= sock.LargeBuffer:
		return bufs.Large()
	default:
		return make([]byte, need)
	}
}

// contexts are the call's with what is left of the client's time, and with how
// often it was tried before: said anew for each try.
func (c *Conn) contexts(dst []byte, x *sidecar.Exchange, call *Call, left int64) []byte {
	dst = AppendDeadline(dst, call.Contexts, sidecar.Wall(x.Now()).UnixNano(), left)
	if n := x.Tries.Len(); n > 1 {
		if _, has := Lookup(dst, RetriesContext); !has {
			var value [4]byte
			binary.BigEndian.PutUint32(value[:], uint32(n-1))
			dst = AppendPair(dst, 0, RetriesContext, value[:])
		}
	}
	return dst
}

// setHead writes a frame's head over the first bytes of b.
func setHead(b []byte, k kind, tag uint32, body int) { appendHead(b[:0], k, tag, body) }
