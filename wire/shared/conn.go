package shared

import (
	"errors"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
)

// Speaker is the protocol of a connection.
type Speaker interface {
	// Received takes what has come and was not used before, and tells how much
	// of it is used now: what is left comes again with more behind it. It is
	// called on the reader's goroutine and never waits. An error is of a peer
	// that does not speak the protocol, and ends the connection.
	Received(b []byte) (used int, err error)
	// Tend does what is due at now and tells when it wants to be called again,
	// 0 for never. Called on the wheel's goroutine, one at a time; it never
	// waits.
	Tend(now int64) (next int64)
}

// Params are what a connection is made of.
type Params struct {
	Sock    *sock.Conn // has said and heard all of its greetings
	Rest    []byte     // what was read behind them
	Wheel   *sock.Wheel
	Buffers *sock.Buffers
	Room    *sock.Room // of replies that fit in no pooled buffer
	Now     func() int64
	// Most is how many slots may be in use at once.
	Most int
	// InOrder: replies come in the order of the requests and have no numbers (see
	// Next). Each request is of one put.
	InOrder bool
	// First is when Tend is wanted at first, 0 for never.
	First int64
}

// Conn is a shared connection. Its methods may be called from any goroutine.
//
// The lock is held for moments only: over no system call and no wait.
type Conn struct {
	params  Params
	speaker Speaker
	timer   sock.Timer
	work    sync.WaitGroup // reader and writer
	rouse   chan struct{}  // the writer's, of one place
	stopped chan struct{}  // closed once the writer has ended
	full    atomic.Bool
	over    atomic.Bool

	mu        sync.Mutex
	out       outbox
	slots     numbers
	sent      order // in the order of their first bytes
	abandoned order
	tend      int64          // when the speaker is to be called, 0 never
	why       *sidecar.Fault // of the end, nil before
}

// New makes a connection, which does nothing before Start.
func New(p Params, s Speaker) *Conn {
	c := &Conn{params: p, speaker: s, rouse: make(chan struct{}, 1), stopped: make(chan struct{}), tend: p.First}
	c.timer.Init(p.Wheel, c, 0)
	return c
}

// Start starts reader and writer, which Close joins.
func (c *Conn) Start() {
	c.timer.Arm(c.params.First, 0)
	c.work.Go(c.write)
	c.work.Go(c.read)
}

// Status is Busy while so much waits to be written that callers have to wait,
// Closed once it has ended. Hot.
func (c *Conn) Status() sidecar.Status {
	switch {
	case c.over.Load():
		return sidecar.Closed
	case c.full.Load():
		return sidecar.Busy
	}
	return sidecar.Open
}

// Ended is closed once the connection has ended and nothing is written any more.
func (c *Conn) Ended() <-chan struct{} { return c.stopped }

// Load is how many slots are in use, those that were abandoned included.
func (c *Conn) Load() (used, abandoned int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slots.used, c.abandoned.n
}

// Highest is the highest number that was ever in use, -1 before the first.
func (c *Conn) Highest() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.slots.list) - 1
}

// errClosed is why exchanges fail that a Close of ours finds, which comes after
// the last has left.
var errClosed = errors.New("the connection was closed")

// Close ends the connection and returns when its goroutines have ended.
func (c *Conn) Close() {
	c.End(sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerClosed, Err: errClosed})
	c.work.Wait()
}

// End ends the connection: every exchange on it gets f, with Unsent where none
// of its bytes had left, and later ones too. The first end counts. It does not
// wait.
func (c *Conn) End(f sidecar.Fault) {
	c.mu.Lock()
	first := c.why == nil
	if first {
		c.why = &f
		c.over.Store(true)
		c.timer.Arm(0, 0)
		c.makeRoom()
	}
	c.mu.Unlock()
	if first {
		c.params.Sock.Close()
		c.rouseWriter()
	}
}

// Expire is the wheel's: something is due.
func (c *Conn) Expire(uint8, uint64) {
	now := c.params.Now()
	if c.over.Load() {
		return
	}
	c.mu.Lock()
	due := c.tend != 0 && now >= c.tend
	c.mu.Unlock()
	next := int64(0)
	if due {
		next = c.speaker.Tend(now)
	}
	c.mu.Lock()
	if due {
		c.tend = next
	}
	stale := c.stale(now)
	c.arm()
	c.mu.Unlock()
	if stale {
		c.End(unanswered())
	}
}

// stale tells whether an abandoned reply is due for too long. Where the request
// was not sent whole none need come: its number is free by then. With the lock
// held.
func (c *Conn) stale(now int64) bool {
	for a := c.abandoned.first; a != nil && now-a.slot.abandoned >= staleAfter; a = c.abandoned.first {
		if !a.slot.cut {
			return true
		}
		c.drop(a.slot)
	}
	return false
}

// arm sets the wheel to what is due first; with the lock held.
func (c *Conn) arm() {
	if c.why != nil {
		return
	}
	at := c.tend
	if a := c.abandoned.first; a != nil && (at == 0 || a.slot.abandoned+staleAfter < at) {
		at = a.slot.abandoned + staleAfter
	}
	c.timer.Arm(at, 0)
}

// unanswered is why a connection ends on which abandoned replies do not come.
func unanswered() sidecar.Fault {
	return sidecar.Fault{
		Stage: sidecar.StageRead, Reason: sidecar.PeerClosed,
		Err: errors.New("requests that were given up are not answered"),
	}
}

// fault is the end as it is for one exchange.
func fault(why *sidecar.Fault, unsent bool) *sidecar.Fault {
	f := *why
	if unsent {
		f.Stage = sidecar.StageWrite
		f.Flags |= sidecar.Unsent | sidecar.Stale
	}
	return &f
}
