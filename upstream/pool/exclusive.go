package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/varz"
)

// Settings bound a pool. They may be changed while it is in use.
type Settings struct {
	// LowWatermark is how many connections are open without traffic: the
	// youngest idle ones stay, and what is missing is dialled ahead of need.
	LowWatermark int
	// HighWatermark is how many connections may exist, dials under way
	// included; below 1 counts as 1. Of a Shared pool Connections is that.
	HighWatermark int
	// Connections is how many connections a Shared pool has at most; below 1
	// counts as 1.
	Connections int
	// MaxWaiters is how many exchanges may wait beyond those for which a dial
	// is under way; the next is turned away at once. In a Shared pool all wait
	// for the same dial, and it bounds them all.
	MaxWaiters int
	// IdleTimeout closes connections above the low watermark that were idle so
	// long; 0 is never.
	IdleTimeout time.Duration
	// ConnectTimeout bounds a dial; 0 leaves it to Dial.
	ConnectTimeout time.Duration
	// MinPause and MaxPause bound the time from a dial ahead of need that was
	// for nothing to the next. It doubles from one to the other; less than a
	// second counts as a second.
	MinPause, MaxPause time.Duration
}

// Metrics are what the pool counts. Those left nil are counted for nobody.
type Metrics struct {
	Waits     *varz.Counter   // exchanges that waited for a connection in use, as no more may exist
	DialWaits *varz.Counter   // exchanges that waited for a dial
	Exhausted *varz.Counter   // exchanges turned away
	Stale     *varz.Counter   // kept connections found closed
	Connects  *varz.Counter   // dials that succeeded
	Latency   *varz.Histogram // of all dials
	// Failed is told of each dial that failed, from its goroutine and without
	// a lock held.
	Failed func(sidecar.Reason)
}

// Params are what a pool is made of; all but Metrics must be given.
type Params struct {
	// Dial makes a connection, TLS and greetings included. It obeys ctx, which
	// carries ConnectTimeout and ends with the pool. A Fault of its own keeps
	// its reason.
	Dial func(ctx context.Context) (Conn, error)
	// Go starts f in a goroutine that the owner joins after Close; it does not
	// wait for it. No dial starts after Close.
	Go       func(f func())
	Now      func() int64
	Settings Settings
	Metrics  Metrics
}

// Exclusive lends connections to one exchange at a time. Its methods may be
// called from any goroutine, Sweep from one at a time.
//
// The lock is never held over Dial, Do, Status or Close of a connection. It is
// held when a waiter is signalled, which blocks nobody and takes no lock that
// is held around Block and Unblock.
type Exclusive struct {
	params   Params
	settings atomic.Pointer[Settings]
	ctx      context.Context // of the dials
	cancel   context.CancelFunc
	run      func() // dialOne, bound once
	waiters  sync.Pool
	cooling
	busy atomic.Bool

	mu      sync.Mutex
	idle    []*held // the longest idle one first
	size    int     // connections that exist: idle, in use, being looked at
	looking int     // taken out of idle by Sweep, back in a moment
	dialing int
	queue   queue
	closed  bool
	server  serverLimit
	unused  serverLimit // the same for connections that carried nothing yet
	ahead   ahead
	cursor  int // where Sweep goes on in idle
}

// New makes an empty pool; the first exchange dials.
func New(params Params) *Exclusive {
	params.Metrics.complete()
	p := &Exclusive{params: params}
	p.settings.Store(&params.Settings)
	// Not the context of a caller: a dial outlives the exchange it began for.
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.run = p.dialOne
	p.waiters.New = func() any { return &waiter{signal: make(chan struct{}, 1)} }
	return p
}

func (m *Metrics) complete() {
	for _, c := range []**varz.Counter{&m.Waits, &m.DialWaits, &m.Exhausted, &m.Stale, &m.Connects} {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
	if m.Latency == nil {
		m.Latency = new(varz.Histogram)
	}
	if m.Failed == nil {
		m.Failed = func(sidecar.Reason) {}
	}
}

// Set changes the settings. Connections beyond a lowered high watermark are
// closed as they come back.
func (p *Exclusive) Set(s Settings) {
	p.settings.Store(&s)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fill() // a raised watermark has room for those who wait
}

// Status is Busy while exchanges wait for which no dial is under way, else
// Open. Those whose own dial is under way do not count: or the first request
// to every endpoint would send the next ones elsewhere.
func (p *Exclusive) Status() sidecar.Status {
	if p.busy.Load() {
		return sidecar.Busy
	}
	return sidecar.Open
}

// Shared tells that a connection carries one exchange at a time.
func (*Exclusive) Shared() bool { return false }

// Do performs x on a connection: one that is idle, else a new one, else the
// next to come free. Hot; it allocates nothing where a connection was kept.
//
// A kept connection found closed before a byte was written is replaced here,
// where it costs neither a try nor the budget: first by as many others as were
// idle, since a server that went away closed them all, then by a new one.
func (p *Exclusive) Do(ctx context.Context, x *sidecar.Exchange) error {
	left, fresh := -1, false
	for {
		h, fault := p.acquire(x, fresh)
		if fault != nil {
			return fault
		}
		kept := h.kept || h.used // the latter if it came from another's hand
		again, err := p.use(ctx, x, h)
		if kept && again {
			p.params.Metrics.Stale.Inc()
		}
		if !kept || !again || fresh || !x.Msg.Rewind() {
			// With fresh, another's connection came free first, and was dead too.
			return err
		}
		if left < 0 {
			left = p.Stats().Idle
		}
		fresh = left == 0
		left = max(0, left-1)
	}
}

// use runs x on h and gives h back. It tells whether h was found closed before
// anything was written.
func (p *Exclusive) use(ctx context.Context, x *sidecar.Exchange, h *held) (dead bool, err error) {
	over := false
	defer func() {
		if !over { // a panic: who knows what is on the wire
			p.discard(h)
		}
	}()
	first := !h.used
	h.used = true
	err = h.conn.Do(ctx, x)
	over = true
	dead = stale(err, first)
	if h.conn.Status(false) == sidecar.Open && !dead {
		p.giveBack(h, x.Now())
	} else {
		p.discard(h)
	}
	return dead, err
}
