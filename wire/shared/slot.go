package shared

import (
	"runtime"
	"sync/atomic"

	"sidecar"
)

// Slot is the place of one exchange's reply. It belongs to the exchange that
// reserved it until Free, or until it is abandoned: then the connection keeps it
// for the reply that nobody waits for any more, so that its number is not used
// for another meanwhile.
//
// The connection's reader writes into it, or to where the exchange wants it,
// only between Win and one of Release and Finish, which spans no wait.
type Slot struct {
	// Number tells the slot from the others of its connection, from 0.
	Number int
	// Buf has what has come of the reply. The reader appends to it (Append) while
	// it has won the slot; it is the owner's once Await has returned nil.
	Buf []byte

	word   atomic.Uint64 // generation over state
	signal chan struct{} // of one place: signals between two waits are one
	fault  *sidecar.Fault

	// Awaited is what the reply consists of, and Mark what the speaker has to say
	// of it beside its bytes: both are the speaker's, the owner sets the one before
	// Send and reads the other after Await.
	Awaited, Mark int

	// Under the connection's lock:
	at, end    int64 // its bytes in the stream, 0 if none was put
	puts       int
	sent, left place // in the order of what was put, and of what was abandoned
	abandoned  int64 // since when
	cut        bool  // and its request was not sent whole
}

// The states of a slot.
const (
	unused uint64 = iota
	waiting
	delivering
	done
	failed
	abandoned
	stateBits = 3
	stateMask = 1<<stateBits - 1
)

// Gen is one use of a slot.
type Gen uint64

// Wake ends the owner's wait.
func (s *Slot) Wake() {
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

func (s *Slot) state() uint64 { return s.word.Load() & stateMask }

// turn moves the slot on if it is in that state.
func (s *Slot) turn(from, to uint64) bool {
	w := s.word.Load()
	return w&stateMask == from && s.word.CompareAndSwap(w, w&^stateMask|to)
}

// begin makes the slot that of its next owner.
func (s *Slot) begin() {
	gen := s.word.Load()>>stateBits + 1
	s.fault, s.at, s.end, s.puts, s.Awaited, s.Mark = nil, 0, 0, 0, 0, 0
	s.word.Store(gen<<stateBits | waiting)
	select {
	case <-s.signal:
	default:
	}
}

// Win lets the reader deliver into the slot: false if its owner has left or it
// is in another use than gen. Release or Finish comes next, without a wait in
// between: an owner that leaves meanwhile waits for it.
func (s *Slot) Win(gen Gen) bool {
	w := uint64(gen)<<stateBits | waiting
	return s.word.CompareAndSwap(w, w&^stateMask|delivering)
}

// Release gives the slot back while more of the reply is to come.
func (s *Slot) Release() { s.leave(waiting) }

func (s *Slot) leave(to uint64) {
	w := s.word.Load() // nobody else changes it while it is won
	s.word.Store(w&^stateMask | to)
}

// settled waits while the reader delivers, which is never long, and tells
// whether the slot has its outcome.
func (s *Slot) settled() bool {
	for {
		switch s.state() {
		case delivering:
			runtime.Gosched()
		case done, failed:
			return true
		default:
			return false
		}
	}
}

// order is slots in the order in which their first bytes were put, or in which
// they were abandoned.
type order struct {
	first, last *place
	n           int
}

// place is a slot's in an order.
type place struct {
	slot       *Slot
	next, prev *place
	in         *order // where it is linked
}

func (o *order) push(p *place) {
	p.in, p.prev, p.next = o, o.last, nil
	if o.last != nil {
		o.last.next = p
	} else {
		o.first = p
	}
	o.last = p
	o.n++
}

// unlink takes p out of where it is.
func (p *place) unlink() {
	o := p.in
	if o == nil {
		return
	}
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		o.first = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	} else {
		o.last = p.prev
	}
	p.in, p.prev, p.next = nil, nil, nil
	o.n--
}
