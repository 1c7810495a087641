package sidecar

import (
	"math/bits"
	"runtime"
)

// Cause says why a wait was ended from outside. Each is a bit, so that several
// can be pending at once; Unblock tells the first of them in this order.
type Cause uint8

const (
	// ClientGone: nobody is left to read the reply.
	ClientGone Cause = 1 << iota
	// Lost: another sender of the request has won.
	Lost
	// DeadlineCause: the exchange's timeout is over.
	DeadlineCause
	// Stalled: no byte moved for the stall timeout.
	Stalled
	// AttemptDeadline: this try's timeout is over.
	AttemptDeadline
	// Draining: the process is going away. A Session is told once and ends at
	// its next safe point; a unary exchange is told when the grace is over.
	Draining
	// NoCause: nothing happened.
	NoCause Cause = 0
)

// causeFaults is what each cause makes of an exchange, in the order of bits.
var causeFaults = [...]Fault{
	{Flags: FromClient, Reason: ClientLeft},
	{Reason: HedgeLost},
	{Flags: Timeout, Reason: DeadlineExceeded},
	{Flags: Timeout, Reason: StalledOut},
	{Flags: Timeout, Reason: AttemptTimedOut},
	{Reason: ShuttingDown},
}

// Fault is the fault of an exchange whose wait at stage s the cause, which is
// not NoCause, ended.
func (c Cause) Fault(s Stage) *Fault {
	f := causeFaults[bits.TrailingZeros8(uint8(c))]
	f.Stage = s
	return &f
}

// Waker ends a wait. Wake may be called from any goroutine, more than once and
// when nobody waits any more; it never blocks and takes no lock that is held
// around Block, Unblock or arming a timer.
type Waker interface{ Wake() }

// Gen is a moment of an Exchange: which exchange, and which try of it. A wake
// that was meant for an earlier one does nothing.
type Gen uint64

// The state word: causes in the low byte, then three flags, then the Gen (a try
// number of 6 bits under an exchange number of 47).
const (
	causeBits         = 0xff
	blockedBit uint64 = 1 << 8
	wakingBit  uint64 = 1 << 9
	// committedBit stands from Commit to the end of the exchange.
	committedBit uint64 = 1 << 10
	genShift            = 11
	tryBits             = 6
	tryMask             = 1<<tryBits - 1
	// markMask is the part of a Gen that an Alarm carries. An alarm would have
	// to fire four million exchanges late to take one for another.
	markMask = 1<<28 - 1
)

// timeouts are the causes that no longer apply once the reply is committed.
const timeouts = DeadlineCause | AttemptDeadline

// Gen is the present moment, to be given to whatever may call Interrupt later.
func (x *Exchange) Gen() Gen { return Gen(x.state.Load() >> genShift) }

// nextGen moves on: to the next try (which forgets AttemptDeadline only) or to
// the next exchange (which forgets every cause). Called by the owner between
// waits. A wake in progress is waited for, so that it cannot fall into the new
// generation.
func (x *Exchange) nextGen(try bool) {
	for {
		w := x.state.Load()
		if w&wakingBit != 0 {
			runtime.Gosched()
			continue
		}
		g := w >> genShift
		nw := (g>>tryBits + 1) << tryBits << genShift
		if try { // the try's number stays at its last
			nw = min(g+1, g|tryMask)<<genShift | w&(committedBit|causeBits&^uint64(AttemptDeadline))
		}
		if x.state.CompareAndSwap(w, nw) {
			return
		}
	}
}

// Interrupt ends the present or else the next wait of the exchange, from any
// goroutine. AttemptDeadline must match exchange and try of g, every other
// cause the exchange; a stale g does nothing, and neither do the two deadlines
// once the reply is committed. It reports whether the cause was taken.
func (x *Exchange) Interrupt(g Gen, c Cause) bool {
	for {
		w := x.state.Load()
		now := Gen(w >> genShift)
		if now>>tryBits != g>>tryBits || c == AttemptDeadline && now != g || c&timeouts != 0 && w&committedBit != 0 {
			return false
		}
		nw := w | uint64(c)
		wake := w&blockedBit != 0 && w&wakingBit == 0
		if wake {
			nw |= wakingBit
		}
		if !x.state.CompareAndSwap(w, nw) {
			continue
		}
		if wake {
			// x.waker cannot change: the owner is held in Unblock while
			// wakingBit stands.
			x.waker.Wake()
			x.state.And(^wakingBit)
		}
		return true
	}
}

// Block publishes how to wake the owner from the wait that follows. False
// means that a cause is pending: do not wait. Either way Unblock comes next.
// Only the owner blocks through its exchange; a helper goroutine's sockets are
// woken by the same Waker and the helper is joined before Do returns.
func (x *Exchange) Block(w Waker) bool {
	x.waker = w
	for {
		s := x.state.Load()
		if s&causeBits != 0 {
			return false
		}
		if x.state.CompareAndSwap(s, s|blockedBit) {
			return true
		}
	}
}

// Unblock ends what Block began and tells why the wait was ended, NoCause if
// nothing interrupted it. It returns only when no wake is in progress, after
// which the owner may reset the deadlines that Wake moved: a late wake would
// poison the connection's next user.
func (x *Exchange) Unblock() Cause {
	for {
		s := x.state.Load()
		if s&wakingBit != 0 {
			runtime.Gosched()
			continue
		}
		c, ns := first(s), s&^blockedBit
		if c == Draining && x.Kind == Session {
			ns &^= uint64(Draining)
		}
		if x.state.CompareAndSwap(s, ns) {
			x.waker = nil
			x.now = Now()
			return c
		}
	}
}

// Pending is the first cause that stands, without waiting; a Session's
// Draining is not used up by it.
func (x *Exchange) Pending() Cause { return first(x.state.Load()) }

// Forget drops causes that ended a try and not what the owner goes on to wait
// for: a hedge's other sender.
func (x *Exchange) Forget(c Cause) { x.state.And(^uint64(c)) }

// first is the lowest cause of a state, which is the first in rank.
func first(state uint64) Cause { return Cause(state & causeBits & -(state & causeBits)) }
