package retry

import (
	"math"
	"time"
)

const (
	// maxAfter is how long a peer's request to be left alone is waited for
	// where no deadline says how long the client waits.
	maxAfter = int64(10 * time.Second)
	// afterSpread is up to how much longer than asked the wait is: those that
	// were turned away together shall not come back together.
	afterSpread = 0.5
)

// Backoff is how long an exchange waits before a try that is paid for: at
// random up to a ceiling that begins with Base and doubles with each, up to
// Max. The full range, and not a part of it at its upper end, since what comes
// back together would fail together. A Base of 0 is no wait.
type Backoff struct{ Base, Max time.Duration }

// draw is the wait in nanoseconds before the n-th paid try, from 1, for a
// random number in [0, 1).
func (b Backoff) draw(n int, random float64) int64 {
	ceiling := min(float64(b.Max), float64(b.Base)*math.Pow(2, float64(n-1)))
	return int64(random * ceiling)
}

// fit cuts a wait of d, which need not be kept to, to half of the time left, so
// that some is left for the try; left is negative where there is no deadline.
func fit(d, left int64) int64 {
	if left < 0 {
		return d
	}
	return min(d, left/2)
}

// obey is how long to wait for a peer that asked to be left alone for after;
// false if the client would be gone by then, or nobody can say that it is not.
func obey(after, left int64, random float64) (int64, bool) {
	if left < 0 {
		left = maxAfter
	}
	if after >= left {
		return 0, false
	}
	return after + min(int64(random*afterSpread*float64(after)), (left-after)/2), true
}
