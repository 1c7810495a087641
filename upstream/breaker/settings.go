package breaker

import (
	"time"

	"sidecar/varz"
)

// Settings say when an endpoint is ejected and for how long.
type Settings struct {
	// ConsecutiveFailures ejects; 0 is never.
	ConsecutiveFailures int
	// SuccessRate below which the requests of Window eject, if they are
	// MinRequests or more; 0 is never.
	SuccessRate float64
	Window      time.Duration
	MinRequests int
	// Deviation is by how many standard deviations an endpoint's success rate
	// may be below the mean of all; 0 is any. See Deviates.
	Deviation float64
	// MinBackoff is the shortest first time out, MaxBackoff the longest of all.
	MinBackoff, MaxBackoff time.Duration
}

// Metrics are what the breaker counts; all may be nil.
type Metrics struct {
	Refused, Readmissions, Probes *varz.Counter
	TimeFailed, ReconnectAttempts *varz.Counter
}

func (m *Metrics) complete() {
	for _, c := range []**varz.Counter{&m.Refused, &m.Readmissions, &m.Probes, &m.TimeFailed, &m.ReconnectAttempts} {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
}

// The reasons of an ejection, as they are counted and shown.
const (
	Connect     = "connect"
	Consecutive = "consecutive_failures"
	Rate        = "success_rate"
	Deviation   = "deviation"
)
