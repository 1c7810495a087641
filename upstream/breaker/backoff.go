package breaker

import "time"

// backoff is the time out of the nth ejection in a row, from 1: it doubles, and
// half of it is drawn, so that endpoints that failed together do not return
// together. random is in [0, 1).
func backoff(n int, least, most time.Duration, random float64) int64 {
	half := least
	for range n - 1 {
		if half >= most/2 {
			break
		}
		half *= 2
	}
	half = min(half, most/2)
	return int64(max(min(least, most), half+time.Duration(float64(half)*random)))
}
