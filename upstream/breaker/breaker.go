package breaker

import (
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
)

// State is where the endpoint stands.
type State uint8

const (
	// Healthy takes exchanges.
	Healthy State = iota
	// Disconnected could not be connected to: closed until a dial in the
	// background succeeds.
	Disconnected
	// Ejected failed requests: closed until its time is over, then open for
	// one.
	Ejected
	// Probing is ejected with that one under way: closed to all others.
	Probing
	// Forced was ejected by hand: closed until it is readmitted by hand.
	Forced
	states
)

var stateNames = [states]string{"healthy", "disconnected", "ejected", "probing", "forced"}

func (s State) String() string {
	if s < states {
		return stateNames[s]
	}
	return "unknown"
}

// Params are what a breaker is made of.
type Params struct {
	Settings Settings
	Now      func() int64 // sidecar.Now, as it is compared with Exchange.Replied
	// Ask asks for leave to eject; the owner may say no, to keep enough
	// endpoints. After a yes, Back tells once that the endpoint is back. Both
	// are called with the breaker's lock held and must not use the breaker.
	Ask  func() bool
	Back func()
	// Ejected is told of each ejection, but not of one that a probe or a dial
	// prolonged, with its reason. Called without a lock; nil is fine.
	Ejected func(reason string)
	// Random is in [0, 1).
	Random  func() float64
	Metrics Metrics
}

// Breaker is the gate of one endpoint. Status, Claim and the recording of
// successes are hot: atomics only. Changes of state are rare and take a lock.
type Breaker struct {
	params   Params
	settings atomic.Pointer[Settings]

	// state is a State under a number that each change raises: who decided
	// on what it saw before cannot undo what came since.
	state  atomic.Uint64
	until  atomic.Int64                     // end of the time out
	turn   atomic.Int64                     // when the probe was claimed
	prober atomic.Pointer[sidecar.Exchange] // who has the turn; compared, and asked whether it is replied to
	row    atomic.Int32                     // failures in a row
	recent window
	kept   keeping // failing, and not ejected because the owner said no

	mu sync.Mutex // guards changes of state and what follows
	// series counts ejections in a row; total all.
	series, total int
	reason        string
	since         int64 // of the present state
	counted       int64 // up to when the time out has been counted
}

const stateBits = 8

// New makes a breaker of a healthy endpoint.
func New(params Params) *Breaker {
	params.Metrics.complete()
	if params.Ejected == nil {
		params.Ejected = func(string) {}
	}
	b := &Breaker{params: params}
	b.Set(params.Settings)
	b.since = params.Now()
	return b
}

// Set changes the settings; a time out that runs is not changed.
func (b *Breaker) Set(s Settings) {
	s.Window = max(s.Window, slots) // a slot is at least a nanosecond
	b.settings.Store(&s)
}

func (b *Breaker) load() (State, uint64) {
	w := b.state.Load()
	return State(w & (1<<stateBits - 1)), w
}

// become changes the state; with the lock held.
func (b *Breaker) become(s State, now int64) {
	_, w := b.load()
	b.since = now
	b.state.Store((w>>stateBits+1)<<stateBits | uint64(s))
}

// Status is Closed while the endpoint is out, and Open for whoever is first to
// claim it after its time out. Hot.
func (b *Breaker) Status(now int64) sidecar.Status {
	switch s, _ := b.load(); s {
	case Healthy:
		return sidecar.Open
	case Ejected:
		if now >= b.until.Load() {
			return sidecar.Open
		}
	case Probing:
		if b.overdue(now) {
			return b.Status(now)
		}
	}
	return sidecar.Closed
}

// Ready tells whether the endpoint is out for failed requests, its time out is
// over, and nobody has its turn: whoever claims it next is the probe.
func (b *Breaker) Ready(now int64) bool {
	s, _ := b.load()
	return s == Ejected && now >= b.until.Load()
}

// Claim asks to send x to the endpoint, after it was picked. Not ok: pick
// another. With probe, x has the one turn that an ejected endpoint gives; it
// must go on into the Layer, or Return it. Hot.
func (b *Breaker) Claim(x *sidecar.Exchange, now int64) (ok, probe bool) {
	s, w := b.load()
	if s == Healthy {
		return true, false
	}
	if s == Probing && b.overdue(now) {
		s, w = b.load()
	}
	if s != Ejected || now < b.until.Load() {
		return s == Healthy, false
	}
	// The lock orders since, turn and prober with the state; losing the race
	// is the same as finding it lost.
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state.Load() != w {
		return false, false
	}
	b.turn.Store(now)
	b.prober.Store(x)
	b.become(Probing, now)
	b.params.Metrics.Probes.Inc()
	return true, true
}

// Return gives the turn back that x claimed and did not use; for anybody else
// it does nothing.
func (b *Breaker) Return(x *sidecar.Exchange) {
	if b.prober.Load() == x {
		b.endProbe(x, silent, b.params.Now())
	}
}

const (
	// streamGrace is how long the reply to a probe must have been under way
	// for that to be enough: a long stream or a session must not keep the
	// turn for hours. Until then the class of the reply is waited for.
	streamGrace = int64(time.Second)
	// maxTurn is how long a probe may keep the turn without any reply.
	maxTurn = int64(time.Minute)
)

// overdue ends a turn that its exchange still holds and need not: readmits if
// its reply has long begun, frees the turn if nothing came. It tells whether
// the state changed. Others call it than who owns the exchange, which may be
// over by now and busy with something else: the state's number tells.
func (b *Breaker) overdue(now int64) bool {
	_, seen := b.load()
	x, held := b.prober.Load(), now-b.turn.Load()
	if x == nil || held < streamGrace {
		return false
	}
	replied := x.Replied()
	began := replied != 0 && now-replied >= streamGrace
	if !began && held < maxTurn {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, w := b.load(); s != Probing || w != seen {
		return false
	}
	if began {
		b.readmit(now)
		return true
	}
	b.prober.Store(nil)
	b.until.Store(now)
	b.become(Ejected, now)
	return true
}
