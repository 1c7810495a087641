package shared

import (
	"errors"

	"sidecar"
	"sidecar/sock"
)

// errTooLong is of a Speaker that uses nothing of a whole buffer.
var errTooLong = errors.New("a message's head is longer than a buffer")

// read is the reader. When the connection has ended it tells all who wait.
func (c *Conn) read() {
	c.End(c.receive())
	<-c.stopped
	c.mu.Lock()
	defer c.mu.Unlock()
	written := c.out.written()
	for p := c.sent.first; p != nil; p = p.next {
		s := p.slot
		if s.turn(waiting, delivering) {
			s.fault = fault(c.why, s.at >= written)
			s.leave(failed)
			s.Wake()
		}
	}
	for c.abandoned.first != nil {
		c.drop(c.abandoned.first.slot)
	}
	c.out = outbox{}
}

// receive gives what comes to the speaker until there is an end, and tells it.
// While it waits for nothing in particular it holds a small buffer.
func (c *Conn) receive() sidecar.Fault {
	bufs := c.params.Buffers
	buf := bufs.Small()
	if len(c.params.Rest) > len(buf) {
		bufs.Put(buf)
		buf = bufs.Large()
	}
	defer func() { bufs.Put(buf) }()
	n := copy(buf, c.params.Rest)
	c.params.Rest = nil
	for {
		used, err := c.speaker.Received(buf[:n])
		if err != nil {
			return sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: err}
		}
		full := n == len(buf)
		n = copy(buf, buf[used:n])
		if full && len(buf) < sock.LargeBuffer || n == 0 && len(buf) > sock.SmallBuffer && c.quiet() {
			buf = c.change(buf, n)
		}
		if n == len(buf) {
			return sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: errTooLong}
		}
		k, err := c.params.Sock.Read(buf[n:])
		n += k
		if err != nil {
			return ended(err)
		}
	}
}

// change puts the n bytes of buf into a buffer of the other size.
func (c *Conn) change(buf []byte, n int) []byte {
	other := c.params.Buffers.Large
	if len(buf) == sock.LargeBuffer {
		other = c.params.Buffers.Small
	}
	to := other()
	copy(to, buf[:n])
	c.params.Buffers.Put(buf)
	return to
}

// quiet tells whether no reply is awaited.
func (c *Conn) quiet() bool {
	used, _ := c.Load()
	return used == 0
}

// Find is the slot of that number, whose request has left, and its present use;
// nil if no reply can be for it. The reader's. Hot.
func (c *Conn) Find(number int) (*Slot, Gen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slots.find(number)
	if s == nil || s.puts == 0 || s.at >= c.out.start+int64(len(c.out.taken)) {
		return nil, 0
	}
	switch s.state() {
	case waiting, abandoned:
		return s, Gen(s.word.Load() >> stateBits)
	}
	return nil, 0
}

// Next is the slot whose reply comes next, where replies come in order, and its
// present use: that of the first request which has left and was not answered, be
// it abandoned or not; nil if no reply can come. It is the same one until Finish,
// Fail or Forget. The reader's. Hot.
func (c *Conn) Next() (*Slot, Gen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.sent.first
	if p == nil || p.slot.at >= c.out.start+int64(len(c.out.taken)) {
		return nil, 0
	}
	return p.slot, Gen(p.slot.word.Load() >> stateBits)
}

// Finish ends what Win began: the reply is whole. Hot.
func (c *Conn) Finish(s *Slot) {
	if c.params.InOrder {
		c.mu.Lock()
		s.sent.unlink() // its owner may be slow to free it
		c.mu.Unlock()
	}
	s.leave(done)
	s.Wake()
}

// Fail ends what Win began: the reply has come, and its owner gets f in its
// place.
func (c *Conn) Fail(s *Slot, f sidecar.Fault) {
	c.mu.Lock()
	s.sent.unlink()
	c.mu.Unlock()
	s.fault = &f
	s.leave(failed)
	s.Wake()
}

// Discard drops what has come of the reply of s, which the reader has won.
func (c *Conn) Discard(s *Slot) {
	c.give(s.Buf)
	s.Buf = nil
}

// Forget ends the use of an abandoned slot, whose reply has come: false if it is
// not abandoned.
func (c *Conn) Forget(s *Slot, gen Gen) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.word.Load() != uint64(gen)<<stateBits|abandoned {
		return false
	}
	c.drop(s)
	return true
}

// Append adds b to what has come of the reply of s, which the reader has won. It
// is false if the process has no room for more: then nothing is left of it.
func (c *Conn) Append(s *Slot, b []byte) bool {
	if need := len(s.Buf) + len(b); need > cap(s.Buf) && !c.grow(s, need) {
		return false
	}
	s.Buf = append(s.Buf, b...)
	return true
}

// grow gives s a buffer for need bytes. Large ones double, so that a reply in
// many pieces is not copied once for each.
func (c *Conn) grow(s *Slot, need int) bool {
	old, bufs := s.Buf, c.params.Buffers
	if need <= sock.SmallBuffer {
		s.Buf = bufs.Small()
	} else {
		if need > sock.LargeBuffer {
			need = max(need, 2*cap(old))
		}
		s.Buf = c.params.Room.Take(bufs, need)
	}
	ok := s.Buf != nil
	s.Buf = s.Buf[:copy(s.Buf, old)]
	c.give(old)
	return ok
}

// give gives a slot's buffer back.
func (c *Conn) give(b []byte) {
	if b != nil {
		c.params.Room.Give(c.params.Buffers, b)
	}
}
