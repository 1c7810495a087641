package sidecar

import "sync/atomic"

// Kind is what an exchange is a unit of.
type Kind uint8

const (
	// Unary is a request and its reply (or a burst of them).
	Unary Kind = iota
	// Session is a connection: a tunnel, a subscription, a Kafka relay.
	Session
)

// Op is an operation's index in its upstream's table. Nothing from the wire
// becomes a map key without that table's bound.
type Op uint16

// Alarm arms the times of one exchange. The protocol's server puts one on each
// Exchange it makes; the deadline wheel stands behind it. At or after at, it
// calls Expire(which, mark) on the exchange; at 0 disarms. Safe for concurrent
// calls. Plain types, so that the wheel's package need not import this one; of
// mark it must give back the low 28 bits.
type Alarm interface {
	Arm(which uint8, at int64, mark uint64)
}

// The times of an exchange, as numbered for its Alarm.
const (
	alarmDeadline uint8 = iota
	alarmAttempt
	alarmStall
)

var alarmCauses = [...]Cause{alarmDeadline: DeadlineCause, alarmAttempt: AttemptDeadline, alarmStall: Stalled}

// Expire interrupts the exchange because the time numbered which is over, if
// mark (a Gen's low bits) is still the present moment.
func (x *Exchange) Expire(which uint8, mark uint64) {
	g := x.Gen()
	differ := (uint64(g) ^ mark) & markMask
	if which != alarmAttempt {
		differ >>= tryBits // these outlive a try
	}
	if differ != 0 || int(which) >= len(alarmCauses) {
		return
	}
	x.Interrupt(g, alarmCauses[which])
}

// Exchange is one unit of balancing, retrying and accounting. It holds facts
// and no policy. The connection that made it owns it and reuses it: Begin
// starts the next one. Fields are the owner's; methods that others may call
// say so.
type Exchange struct {
	Dest     string   // upstream
	Endpoint string   // endpoint named by the protocol or a redirect, else ""
	Op       Op       // set by the upstream, which owns the table
	Kind     Kind     //
	N        int      // requests it carries; counts and budgets add N
	Received int64    // when its first byte was taken up
	Hold     ClassSet // classes that Commit keeps from the client
	// Asked is the time that the client gives for the reply, in nanoseconds
	// from Received; 0 if it says none. It can only shorten what is configured.
	Asked int64
	// Idempotent: the request may be executed twice without harm, by the
	// protocol's own rules or the operation's configuration.
	Idempotent bool
	Msg        Message
	// Hedge is set while the request may be sent a second time beside this one.
	Hedge Hedge
	// Tries is the record of attempts.
	Tries Tries

	// complete is when the request's last byte had come, 0 while under way.
	complete, replied, deadline atomic.Int64
	timeout, attempt, stall     int64
	now                         int64
	alarm                       Alarm
	observers                   []Observer
	waker                       Waker
	state                       atomic.Uint64
}

// Begin makes x the next exchange of its owner: a new generation, no causes,
// no times, one request, not yet complete.
func (x *Exchange) Begin(m Message, a Alarm, now int64) {
	x.nextGen(false)
	x.Dest, x.Endpoint, x.Op, x.Kind, x.N, x.Received = "", "", 0, Unary, 1, now
	x.Hold, x.Asked, x.Idempotent, x.Msg, x.Hedge, x.alarm = 0, 0, false, m, nil, a
	x.Tries.n = 0
	x.complete.Store(0)
	x.replied.Store(0)
	x.deadline.Store(0)
	x.timeout, x.attempt, x.stall, x.now = 0, 0, 0, now
	x.observers = x.observers[:0]
}

// Now is the time at which the exchange began or came back from its last wait.
// Between two waits it runs for microseconds, so whoever has the exchange reads
// this and not the clock, which costs more than most of what it is read for.
// The owner's; a helper goroutine reads the clock.
func (x *Exchange) Now() int64 { return x.now }

// End closes the exchange: later wakes are stale. The owner may go on to write
// an error reply, which is a matter between it and its client.
func (x *Exchange) End() {
	x.arm(alarmDeadline, 0)
	x.arm(alarmAttempt, 0)
	x.arm(alarmStall, 0)
	x.nextGen(false)
	x.Msg = nil
}

// Commit asks whether a reply of class c may go out to the client; the leaf
// calls it before the reply's first byte. False means: write nothing, finish
// or close the backend connection, return a Fault with FromPeer and the class.
// Nothing else decides whether a reply may go out. After true, Replied is set
// and the exchange's and the try's timeouts no longer apply (stalls do). Where
// the request is sent twice at once, both ask one word (see Hedge).
func (x *Exchange) Commit(c Class) bool {
	if x.Hold.Has(c) || x.Hedge != nil && !x.Hedge.Wins(x, c) {
		return false
	}
	x.commit(x.now)
	return true
}

// Yield notes that the reply was committed at now by another sender of the same
// request: Replied is set and x, whose Do still runs, is interrupted. Any
// goroutine may call it before that Do returns.
func (x *Exchange) Yield(now int64) {
	x.commit(now)
	x.Interrupt(x.Gen(), Lost)
}

// commit shuts the timeouts out. Disarming them is not enough: the wheel may
// have fired one already that reaches Interrupt only now, or one may have come
// since the last wait, and either would cut a reply of which bytes have gone
// out.
func (x *Exchange) commit(now int64) {
	x.replied.Store(now)
	x.state.Or(committedBit)
	x.state.And(^uint64(timeouts))
	x.arm(alarmDeadline, 0)
	x.arm(alarmAttempt, 0)
}

// Replied is the time of Commit, 0 before: while it is 0 nothing has gone to
// the client and the exchange may be tried again. A forwarded 1xx leaves it 0.
func (x *Exchange) Replied() int64 { return x.replied.Load() }

// Complete is when the request's last byte had come, 0 while it is under way.
func (x *Exchange) Complete() int64 { return x.complete.Load() }

// Deadline is when the exchange must have its reply committed, 0 for never or
// not yet known (the request is still coming).
func (x *Exchange) Deadline() int64 { return x.deadline.Load() }

// SetTimeout sets the time from the request's last byte to its committed reply,
// in nanoseconds; 0 is none.
func (x *Exchange) SetTimeout(d int64) {
	x.timeout = d
	x.armExchange()
}

// SetAttemptTimeout sets the same for one try, from the later of now and the
// request's last byte.
func (x *Exchange) SetAttemptTimeout(d, now int64) {
	x.attempt = d
	x.armAttempt(now)
}

// SetStall sets how long a body may stand still, in nanoseconds; 0 is for ever.
func (x *Exchange) SetStall(d int64) {
	if d <= 0 {
		x.Settled() // which does nothing any more once stall is 0
	}
	x.stall = d
}

// Moved notes that a body's byte moved (or that one is now awaited) and puts
// the stall off. Any goroutine that helps with the exchange may call it.
func (x *Exchange) Moved(now int64) { x.armStall(now + x.stall) }

// Settled ends the watch for stalls: no body is under way.
func (x *Exchange) Settled() { x.armStall(0) }

func (x *Exchange) armStall(at int64) {
	if x.stall > 0 {
		x.arm(alarmStall, at)
	}
}

// RequestDone notes that the request's last byte has come; the timeouts run
// from here. Called once, by the owner or a helper that the owner joins.
func (x *Exchange) RequestDone(now int64) {
	x.complete.Store(now)
	x.armExchange()
	x.armAttempt(now)
}

func (x *Exchange) armExchange() {
	x.deadline.Store(x.after(x.complete.Load(), x.timeout))
	x.armReply(alarmDeadline, x.deadline.Load())
}

func (x *Exchange) armAttempt(now int64) { x.armReply(alarmAttempt, x.after(now, x.attempt)) }

// after is d after at, 0 for never: without a d, and while the request is
// under way.
func (x *Exchange) after(at, d int64) int64 {
	if x.complete.Load() == 0 || d <= 0 {
		return 0
	}
	return at + d
}

// armReply arms a time that ends with the committed reply. It looks after
// arming: Commit may run on the owner's goroutine while a helper finishes the
// request's body, and what it disarmed must not come back.
func (x *Exchange) armReply(which uint8, at int64) {
	x.arm(which, at)
	if x.replied.Load() != 0 {
		x.arm(which, 0)
	}
}

func (x *Exchange) arm(which uint8, at int64) {
	if x.alarm != nil {
		x.alarm.Arm(which, at, uint64(x.Gen()))
	}
}

// Try begins an attempt: its record is returned, a new generation for
// AttemptDeadline starts.
func (x *Exchange) Try(endpoint string, id uint64, now int64) *Try {
	x.nextGen(true)
	if x.Hedge != nil {
		x.Hedge.Trying(x, id)
	}
	return x.Tries.next(endpoint, id, now)
}
