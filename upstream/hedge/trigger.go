package hedge

import (
	"time"

	"sidecar/varz"
)

// minSamples is how many replies an operation must have had in the window of
// its latencies: fewer have no 98th percentile, and a guess would double the
// load of a service that has just begun.
const minSamples = 100

// Trigger says when a reply is late.
type Trigger struct {
	Percentile float64       // of the operation's own reply latency, 0 to 100
	MinDelay   time.Duration // and not before
}

// Delay is how long after a request's last byte it is sent again, given the
// latencies of late; 0 is never.
func (t Trigger) Delay(d *varz.Dist) int64 {
	if d.Count < minSamples {
		return 0
	}
	return max(1, d.Quantile(t.Percentile/100), int64(t.MinDelay))
}
