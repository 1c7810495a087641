package mux

import (
	"errors"
	"fmt"

	"sidecar/sock"
	"sidecar/wire/shared"
)

// inbound is the frame that is coming: replies go into their slots as they come,
// whatever their length. The reader's.
type inbound struct {
	frame
	open bool // within the body of a reply
	left int  // of it
	slot *shared.Slot
	gen  shared.Gen
}

// tooLarge stands for the kind of a reply that is not kept. Its number is in use
// until all of it has come, so that nothing else is taken for its end.
const tooLarge kind = 0

// maxControl is the most bytes of a message that is no reply.
const maxControl = sock.LargeBuffer - frameHead

var (
	errStray   = errors.New("reply to a tag that nothing waits for")
	errTwice   = errors.New("second reply to a tag")
	errPieces  = errors.New("a message in fragments that is no reply")
	errControl = errors.New("message larger than a server has reason to send")
	errChanged = errors.New("fragments of one reply differ in type")
)

// Received is the core's: it takes what has come, frames as far as they are
// there.
func (c *Conn) Received(b []byte) (used int, err error) {
	for {
		if c.in.open {
			n := min(c.in.left, len(b)-used)
			c.in.left -= n
			if err := c.take(b[used : used+n]); err != nil {
				return used, err
			}
			used += n
			if c.in.open {
				return used, nil
			}
		}
		size, bad := frameSize(b[used:], c.set.MaxFrame)
		switch {
		case bad != nil:
			return used, bad
		case size == 0 || len(b)-used < frameHead:
			return used, nil
		}
		f, _ := readMessage(b[used+lengthSize : used+frameHead])
		if f.reply() {
			c.dialer.params.Stats.received.Inc()
			if err := c.begin(f, size-frameHead); err != nil {
				return used, err
			}
			used += frameHead
			continue
		}
		switch {
		case f.more:
			return used, errPieces
		case size > maxControl:
			return used, errControl
		case len(b)-used < size:
			return used, nil
		}
		f.body = b[used+frameHead : used+size]
		if err := c.control(&f); err != nil {
			return used, err
		}
		used += size
	}
}

// reply tells whether the frame is of an answer to a dispatch.
func (f *frame) reply() bool {
	switch f.kind {
	case rdispatch, rreq, rerr, rdiscarded:
		return f.tag >= minTag
	}
	return false
}

// begin begins the body of a reply.
func (c *Conn) begin(f frame, size int) error {
	c.in = inbound{frame: f, open: true, left: size}
	c.in.slot, c.in.gen = c.core.Find(int(f.tag) - minTag)
	if c.in.slot == nil && f.kind != rdiscarded {
		// A server that has answered may still tell of a discard which came
		// after that.
		return errStray
	}
	return nil
}

// take takes a part of the body of a reply, maybe empty; behind the last the
// next frame comes.
func (c *Conn) take(b []byte) error {
	in := &c.in
	over := in.left == 0
	in.open = !over
	switch {
	case in.slot == nil:
		return nil
	case in.slot.Win(in.gen):
		err := c.keep(b)
		if err != nil || !over || in.more {
			in.slot.Release()
			return err
		}
		c.core.Finish(in.slot)
	case over && !in.more && !c.core.Forget(in.slot, in.gen):
		return errTwice
	}
	return nil
}

// keep adds b to the reply, whose slot is won.
func (c *Conn) keep(b []byte) error {
	s, k := c.in.slot, c.in.kind
	if len(s.Buf) > 0 {
		switch was := kind(s.Buf[0]); { //nolint:gosec // the byte is a signed number
		case was == tooLarge:
			return nil
		case was == k:
		case k == rerr || k == rdiscarded: // "an Rerr ends an Rdispatch sequence"
			s.Buf = s.Buf[:0]
		default:
			return errChanged
		}
	}
	if len(s.Buf) == 0 && !c.core.Append(s, []byte{byte(k)}) || len(s.Buf)+len(b) > c.set.MaxFrame || !c.core.Append(s, b) {
		s.Buf = s.Buf[:0]
		c.core.Append(s, []byte{byte(tooLarge)})
	}
	return nil
}

// control does what a message asks that is no reply.
func (c *Conn) control(f *frame) error {
	stats := c.dialer.params.Stats
	switch f.kind {
	case tping:
		c.tell(rping, f.tag)
	case rping:
		c.heart.beat(c.dialer.params.Now(), stats)
	case tdrain:
		// In this order: who sees the answer leave must see that the connection
		// takes no more.
		c.drains.Store(true)
		stats.drains.Inc()
		c.tell(rdrain, f.tag)
	case tlease:
		d, ok, bad := readLease(f.body)
		if bad != nil {
			return bad
		}
		if ok {
			stats.leases.Inc()
			c.lease.Store(max(1, c.dialer.params.Now()+int64(d)))
		}
	case rerr:
		// Of a tag that no dispatch has: who refuses a ping is there, too.
		c.heart.beat(c.dialer.params.Now(), stats)
	case rdiscarded:
	default:
		return fmt.Errorf("message of type %d, which a server has no reason to send", f.kind)
	}
	return nil
}

func (c *Conn) tell(k kind, tag uint32) {
	var b [frameHead]byte
	c.core.Tell(appendEmpty(b[:0], k, tag))
}
