package xds

import (
	"math/rand/v2"
	"time"
)

const (
	// minAgain and maxAgain bound the wait before a further stream, and before a
	// response that is refused again and again is answered: a control plane may
	// send it anew at once.
	minAgain = 500 * time.Millisecond
	maxAgain = 30 * time.Second
)

// again is the wait after that many failures in a row (0 is as 1), between a half and one
// and a half of its measure, so that sidecars do not come back together.
func again(fails int) time.Duration {
	d := min(minAgain<<max(0, min(fails-1, 16)), maxAgain)
	return d/2 + rand.N(d)
}
