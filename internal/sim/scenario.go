package sim

import (
	"math/rand/v2"
	"time"

	"sidecar/upstream/breaker"
)

// Scenario is one run: who sends what to whom, and what goes wrong.
type Scenario struct {
	Clients, Hosts int
	// Policy makes the picker of each sidecar.
	Policy Policy
	// Rate is how many requests a second come to one sidecar.
	Rate    float64
	Service Service
	// Workers is how many requests a backend works on at once, the others wait
	// in a row; 0 is all of them.
	Workers int
	// Timeout is the time of a request with all its tries.
	Timeout time.Duration
	// Breaker is what the breakers go by, nil is none of them; MaxEjected is the
	// share of the backends that a sidecar may eject.
	Breaker    *breaker.Settings
	MaxEjected float64
	// Retries is how often a 503 is tried again, Budget the share of requests
	// and PerSecond the number a second that pay for it. All 0 is no retries,
	// not even of what reached nobody.
	Retries   int
	Budget    float64
	PerSecond int
	// Warm is the time before anything is counted, Length that after it.
	Warm, Length time.Duration
	Script       []Step
	// Apart runs one sidecar after the other, each with the backends to itself:
	// the same result where backends have no rows to wait in, and a hundred
	// million pairs fit into memory.
	Apart bool
	Seed  uint64
}

// Seat is what a picker is made from.
type Seat struct {
	// Index and Total say which of the sidecars this is.
	Index, Total int
	// Random is the picker's own.
	Random *rand.Rand
	Now    int64
}

// Policy makes pickers.
type Policy struct {
	Name string
	New  func(Seat) Picker
	// Timed: reply times count beside requests outstanding (peak EWMA).
	Timed bool
}

// ByTime is p with reply times.
func (p Policy) ByTime() Policy {
	p.Name, p.Timed = p.Name+", peak EWMA", true
	return p
}

// Step is something that happens at a time after the scenario's begin.
type Step struct {
	At time.Duration
	Do func(*World)
}

// Result is what came of a scenario.
type Result struct {
	Hosts   Spread // of requests over backends
	Tally   Tally
	Network Network
	// Shares is what part of all requests each backend got.
	Shares []float64
}
