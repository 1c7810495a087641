package shared

import (
	"errors"
	"slices"

	"sidecar"
)

// Reserve takes a slot, or says why there is none. Hot.
func (c *Conn) Reserve() (*Slot, *sidecar.Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return nil, fault(c.why, true)
	}
	s := c.slots.take(c.params.Most)
	if s == nil {
		return nil, crowded("every number of the connection is in use")
	}
	s.begin()
	return s, nil
}

// crowded is the fault of those for whom there is no place.
func crowded(text string) *sidecar.Fault {
	return &sidecar.Fault{
		Stage: sidecar.StageWrite, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.PoolExhausted, Err: errors.New(text),
	}
}

// Send puts bytes of the request of s, head and then body, up to MaxPut in all,
// between those of others. It waits while too much waits already. What it has
// taken is copied. After a fault the owner goes on with Leave. Hot.
func (c *Conn) Send(x *sidecar.Exchange, s *Slot, head, body []byte) *sidecar.Fault {
	c.mu.Lock()
	for c.why == nil && c.out.size() >= maxBuffered {
		if len(c.out.waiting) >= maxWaiters {
			c.mu.Unlock()
			return crowded("too many wait for the connection to take more")
		}
		if f := c.awaitRoom(x, s); f != nil {
			c.mu.Unlock()
			return f
		}
	}
	if c.why != nil {
		f := fault(c.why, s.puts == 0)
		c.mu.Unlock()
		return f
	}
	at := c.out.end()
	c.out.put(head, body)
	if s.puts == 0 {
		s.at, s.end = at, c.out.end()
		c.sent.push(&s.sent)
	}
	s.puts++
	c.gather()
	return nil
}

// awaitRoom waits until there is room, with the lock held before and after.
func (c *Conn) awaitRoom(x *sidecar.Exchange, s *Slot) *sidecar.Fault {
	c.full.Store(true)
	c.out.waiting = append(c.out.waiting, s)
	c.mu.Unlock()
	if x.Block(s) {
		<-s.signal
	}
	cause := x.Unblock()
	c.mu.Lock()
	if i := slices.Index(c.out.waiting, s); i >= 0 {
		c.out.waiting = slices.Delete(c.out.waiting, i, i+1)
	}
	if cause == sidecar.NoCause {
		return nil
	}
	f := cause.Fault(sidecar.StageWrite)
	if s.puts == 0 {
		f.Flags |= sidecar.Unsent
	}
	return f
}

// makeRoom lets all in who wait for room; with the lock held.
func (c *Conn) makeRoom() {
	if len(c.out.waiting) == 0 && !c.full.Load() || c.why == nil && c.out.size() > roomy {
		return
	}
	c.full.Store(false)
	for i, s := range c.out.waiting {
		s.Wake()
		c.out.waiting[i] = nil
	}
	c.out.waiting = c.out.waiting[:0]
}

// Await waits for the outcome of s: nil, and the reply is in s.Buf until Free;
// or a fault, and s is no longer the owner's. Where the exchange was interrupted
// and its request had left, farewell is written (what tells the peer that nobody
// waits any more), and the slot is kept for the reply. Hot.
func (c *Conn) Await(x *sidecar.Exchange, s *Slot, farewell []byte) *sidecar.Fault {
	for !s.settled() {
		if x.Block(s) {
			<-s.signal
		}
		cause := x.Unblock()
		if cause == sidecar.NoCause || s.settled() {
			continue
		}
		if left, unsent := c.leave(s, farewell, true); left {
			f := cause.Fault(sidecar.StageRead)
			if unsent {
				f.Stage = sidecar.StageWrite
				f.Flags |= sidecar.Unsent
			}
			return f
		}
	}
	return c.outcome(s)
}

// outcome is that of a settled slot.
func (c *Conn) outcome(s *Slot) *sidecar.Fault {
	if s.state() == done {
		return nil
	}
	f := s.fault
	c.Free(s)
	return f
}

// Leave gives up a slot whose request was not sent whole, f being why, which it
// returns. Where some of it had left, farewell is written. The peer may answer
// that or not: the slot is kept for a time.
func (c *Conn) Leave(s *Slot, farewell []byte, f *sidecar.Fault) *sidecar.Fault {
	for {
		if s.settled() {
			c.desert(s, farewell)
			return f
		}
		if left, _ := c.leave(s, farewell, false); left {
			return f
		}
	}
}

// leave abandons s unless it is settled or its reply is being delivered: then
// it has not left. It tells whether none of its request was written.
func (c *Conn) leave(s *Slot, farewell []byte, whole bool) (left, unsent bool) {
	c.mu.Lock()
	if !s.turn(waiting, abandoned) {
		c.mu.Unlock()
		return false, false
	}
	if s.puts == 0 || c.takeBack(s) {
		c.drop(s)
		c.makeRoom()
		c.mu.Unlock()
		return true, true
	}
	c.abandon(s, !whole)
	if c.why != nil {
		// What has not gone never will, once no write is under way. The number is
		// kept all the same: the reader may still find the reply.
		unsent = s.at >= c.out.written() && !c.out.busy
		c.mu.Unlock()
		return true, unsent
	}
	c.part(farewell)
	return true, false
}

// desert gives up a slot whose request was not sent whole and was answered all
// the same. Its number is kept until the peer has answered the farewell, or had
// the time to: what comes next under that number would be taken for the rest of
// the request.
func (c *Conn) desert(s *Slot, farewell []byte) {
	c.mu.Lock()
	if c.why != nil || !s.turn(done, abandoned) {
		c.drop(s)
		c.mu.Unlock()
		return
	}
	c.abandon(s, true)
	c.part(farewell)
}

// abandon keeps the number of s, which nobody waits for any more, and nothing
// else of it; with the lock held.
func (c *Conn) abandon(s *Slot, cut bool) {
	if !c.params.InOrder { // else its reply still has its place among the others
		s.sent.unlink()
	}
	c.abandoned.push(&s.left)
	s.abandoned, s.cut = c.params.Now(), cut
	c.give(s.Buf)
	s.Buf = nil
}

// part writes the farewell of a slot that was abandoned; with the lock held,
// which it gives back.
func (c *Conn) part(farewell []byte) {
	if c.abandoned.n == 1 {
		c.arm()
	}
	c.out.put(farewell, nil)
	many := c.abandoned.n > maxAbandoned || c.out.size() > maxBuffered+maxControl
	c.flush()
	if many {
		c.End(unanswered())
	}
}

// takeBack takes a request out of the buffer of which no byte was given to a
// write; with the lock held. Only of one put: the rest of a larger one lies
// somewhere among others.
func (c *Conn) takeBack(s *Slot) bool {
	if s.puts != 1 || !c.out.cut(s.at, s.end) {
		return false
	}
	n := s.end - s.at
	for p := s.sent.next; p != nil; p = p.next {
		p.slot.at -= n
		p.slot.end -= n
	}
	for p := c.abandoned.first; p != nil && !c.params.InOrder; p = p.next {
		if o := p.slot; o.at > s.at { // else its reply would be taken for one to nothing
			o.at -= n
			o.end -= n
		}
	}
	return true
}

// Free gives a slot back whose reply has come. Hot.
func (c *Conn) Free(s *Slot) {
	c.mu.Lock()
	c.drop(s)
	c.mu.Unlock()
}

// drop frees the number of s; with the lock held.
func (c *Conn) drop(s *Slot) {
	s.sent.unlink()
	s.left.unlink()
	s.leave(unused)
	c.give(s.Buf)
	s.Buf = nil
	c.slots.give(s)
}

// Tell writes what is not an exchange's: answers and notices of the protocol.
// It does not wait; a peer that lets too much of it pile up is cut.
func (c *Conn) Tell(b []byte) {
	c.mu.Lock()
	if c.why != nil {
		c.mu.Unlock()
		return
	}
	c.out.put(b, nil)
	many := c.out.size() > maxBuffered+maxControl
	c.flush()
	if many {
		c.End(sidecar.Fault{Stage: sidecar.StageWrite, Reason: sidecar.PeerClosed, Err: errors.New("the peer asks more than it takes answers")})
	}
}
