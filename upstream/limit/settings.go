package limit

import (
	"time"

	"sidecar/varz"
)

// Mode says how far something risky is switched on.
type Mode uint8

// The modes.
const (
	Off  Mode = iota
	Dark      // it counts what it would have done
	On
)

var modeNames = [...]string{"off", "dark", "on"}

func (m Mode) String() string { return nameOf(modeNames[:], uint8(m)) }

// ParseMode is the mode of a configured name; false if there is none.
func ParseMode(name string) (Mode, bool) {
	m, ok := indexOf(modeNames[:], name)
	return Mode(m), ok
}

// Force is what a person says about a circuit, whatever was counted.
type Force uint8

// The ways to force a circuit.
const (
	Auto        Force = iota // it goes by what it counts
	ForceOpen                // every request is refused
	ForceClosed              // none is; counting goes on
)

var forceNames = [...]string{"auto", "open", "closed"}

func (f Force) String() string { return nameOf(forceNames[:], uint8(f)) }

// ParseForce is the force of a name; false if there is none.
func ParseForce(name string) (Force, bool) {
	f, ok := indexOf(forceNames[:], name)
	return Force(f), ok
}

// CircuitSettings say when a circuit opens and for how long. Their zero value
// is a circuit that is off.
type CircuitSettings struct {
	Mode Mode
	// Window is the time over which failures are counted; it opens once there
	// were MinRequests and ErrorRate of them, or more, failed.
	Window      time.Duration
	MinRequests int
	ErrorRate   float64
	// Sleep is how long it refuses before one request may try.
	Sleep time.Duration
	Force Force
}

// CircuitMetrics are what a circuit counts, in requests; all may be nil.
type CircuitMetrics struct {
	// Refused were refused, Dark would have been.
	Refused, Dark *varz.Counter
	// Opened counts each time that it opened, Probes each try to close it.
	Opened, Probes *varz.Counter
}

func (m *CircuitMetrics) complete() { some(&m.Refused, &m.Dark, &m.Opened, &m.Probes) }

// some puts counters where there are none.
func some(counters ...**varz.Counter) {
	for _, c := range counters {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
}

func nameOf(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return "unknown"
}

func indexOf(names []string, name string) (uint8, bool) {
	for i, n := range names {
		if n == name {
			return uint8(i), true
		}
	}
	return 0, false
}
