package limit

import (
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
)

// State is where a circuit stands.
type State uint8

// The states.
const (
	StateClosed   State = iota // closed: requests pass and are counted
	StateOpen                  // open: they are refused until the sleep is over
	StateHalfOpen              // one request tries, the others are refused
)

var stateNames = [...]string{"closed", "open", "half_open"}

func (s State) String() string { return nameOf(stateNames[:], uint8(s)) }

const (
	stateBits = 8
	// streamGrace is how long the reply to a probe must have been on its way
	// for that to be enough, and maxTurn how long a probe may go without one: a
	// download, or an upstream without a timeout, must not keep all others out.
	streamGrace = int64(time.Second)
	maxTurn     = int64(time.Minute)
)

// CircuitParams are what a circuit is made of.
type CircuitParams struct {
	Settings CircuitSettings
	Now      func() int64 // sidecar.Now, as it is compared with Exchange.Replied
	// Changed is told of each change that counting or a probe made, and why.
	// Called by an exchange's goroutine, without a lock; nil is fine.
	Changed func(to State, why string)
	Metrics CircuitMetrics
}

// Circuit refuses the requests of an upstream at once while too many fail, so
// that callers do not wait for what will not come and the upstream has time to
// recover. It outlives settings. Hot where it is closed: atomics only.
//
// It follows Hystrix (rolling window, volume, error percentage, sleep, one
// probe), with three differences: it is judged at each failure and not twice a
// second; only the probe itself ends its turn, and one that tells nothing gives
// it back; a client's error answered to a probe closes it.
type Circuit struct {
	params   CircuitParams
	settings atomic.Pointer[CircuitSettings]
	forced   atomic.Pointer[Force] // by the admin port, nil if it said nothing
	// state is a State under a number that each change raises: an exchange that
	// began before a change says nothing about what is after it.
	state  atomic.Uint64
	until  atomic.Int64 // end of the sleep
	recent window

	mu     sync.Mutex // guards changes of state and what follows
	prober *sidecar.Exchange
	turn   int64 // when the probe began
	since  int64 // of the state
	opened int
}

// NewCircuit makes a closed circuit.
func NewCircuit(p CircuitParams) *Circuit {
	p.Metrics.complete()
	if p.Changed == nil {
		p.Changed = func(State, string) {}
	}
	c := &Circuit{params: p, since: p.Now()}
	c.Set(p.Settings)
	return c
}

// Set changes the settings. What was forced by hand stays, unless what is
// configured to be forced has changed.
func (c *Circuit) Set(s CircuitSettings) {
	s.Window = max(s.Window, slots) // a slot is at least a nanosecond
	if old := c.settings.Swap(&s); old != nil && old.Force != s.Force {
		c.forced.Store(nil)
	}
}

// Force sets it by hand until the process ends.
func (c *Circuit) Force(f Force) { c.forced.Store(&f) }

// Reset closes it, forgets what was counted and what was forced by hand.
func (c *Circuit) Reset(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forced.Store(nil)
	c.close(now)
}

// force is what holds now.
func (c *Circuit) force(s *CircuitSettings) Force {
	if f := c.forced.Load(); f != nil {
		return *f
	}
	return s.Force
}

func (c *Circuit) load() (State, uint64) {
	w := c.state.Load()
	return State(w & (1<<stateBits - 1)), w
}

// become changes the state; with the lock held.
func (c *Circuit) become(s State, now int64) {
	_, w := c.load()
	c.since, c.prober = now, nil
	c.state.Store((w>>stateBits+1)<<stateBits | uint64(s))
}

// close is the way back; with the lock held.
func (c *Circuit) close(now int64) {
	c.recent.clear()
	c.become(StateClosed, now)
}

// open begins a sleep; with the lock held.
func (c *Circuit) open(now, sleep int64) {
	c.until.Store(now + sleep)
	c.become(StateOpen, now)
}

// pass is how an exchange came into the circuit.
type pass struct {
	entry   uint64 // the state's word then
	probe   bool   // it is the one that tries
	refused bool
}

// admit lets x in, or not. Hot while it is closed.
func (c *Circuit) admit(x *sidecar.Exchange, now int64) pass {
	s, w := c.load()
	if s == StateClosed {
		return pass{entry: w}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s, w = c.load()
	if s == StateHalfOpen && c.overdue(now) {
		s, w = c.load()
	}
	switch {
	case s == StateClosed:
		return pass{entry: w}
	case s == StateHalfOpen || now < c.until.Load():
		return pass{entry: w, refused: true}
	}
	c.become(StateHalfOpen, now)
	c.prober, c.turn = x, now
	c.params.Metrics.Probes.Inc()
	_, w = c.load()
	return pass{entry: w, probe: true}
}

// overdue ends a turn that need not last as long as its exchange does, with the
// lock held; it tells whether the state has changed.
func (c *Circuit) overdue(now int64) bool {
	replied := c.prober.Replied()
	switch {
	case replied != 0 && now-replied >= streamGrace:
		c.close(now)
	case now-c.turn >= maxTurn:
		c.open(now, 0)
	default:
		return false
	}
	return true
}

// Trying tells whether x is the one request that may try. Hot.
func (c *Circuit) Trying(x *sidecar.Exchange) bool {
	if s, _ := c.load(); s != StateHalfOpen {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.prober == x
}

// ended takes the outcome of an exchange that came in by p. Hot.
func (c *Circuit) ended(p pass, v verdict, n int, now int64) {
	if p.probe {
		c.endProbe(p, v, now)
		return
	}
	if v != good && v != bad || p.refused || c.state.Load() != p.entry {
		return
	}
	s := c.settings.Load()
	width := int64(s.Window) / slots
	if v == good {
		c.recent.add(now, width, n, 0)
		return
	}
	c.recent.add(now, width, n, n)
	all, failed := c.recent.sum(now, width)
	// A share such as 0.3 of 20 must be 6 and not a hair more.
	if all < uint64(max(1, s.MinRequests)) || float64(failed) < s.ErrorRate*float64(all)-1e-9 {
		return
	}
	c.mu.Lock()
	tripped := c.state.Load() == p.entry
	if tripped {
		c.opened++
		c.open(now, int64(s.Sleep))
	}
	c.mu.Unlock()
	if tripped {
		c.params.Metrics.Opened.Inc()
		c.params.Changed(StateOpen, "too many requests failed")
	}
}

// endProbe ends the turn of who came in by p.
func (c *Circuit) endProbe(p pass, v verdict, now int64) {
	c.mu.Lock()
	if c.state.Load() != p.entry {
		c.mu.Unlock()
		return
	}
	switch v {
	case good, client:
		c.close(now)
	case bad:
		c.open(now, int64(c.settings.Load().Sleep))
	default:
		c.open(now, 0) // no word about the upstream: the next may try
	}
	c.mu.Unlock()
	switch v {
	case good, client:
		c.params.Changed(StateClosed, "a request came through")
	case bad:
		c.params.Changed(StateOpen, "the request that tried failed")
	}
}
