package main

import (
	"math/rand/v2"
	"slices"
)

const (
	// resamples are enough for the interval's ends to stand to two digits.
	resamples = 2000
	// outside is the share of resamples left out at either end: 95 % stay.
	outside = 0.025
	// enough is how many rounds a verdict takes: the interval of a few is as
	// narrow as they happen to lie.
	enough = 15
)

// estimate is a median with the interval that it is good for.
type estimate struct{ median, low, high float64 }

// bootstrap is the median of xs, of which there is at least one, with its 95 %
// interval by resampling. The seed is fixed: the same rounds give the same
// interval.
func bootstrap(xs []float64) estimate {
	random := rand.New(rand.NewPCG(1, 2))
	medians := make([]float64, resamples)
	draw := make([]float64, len(xs))
	for i := range medians {
		for j := range draw {
			draw[j] = xs[random.IntN(len(xs))]
		}
		medians[i] = median(draw)
	}
	slices.Sort(medians)
	cut := int(resamples * outside)
	return estimate{median: median(xs), low: medians[cut], high: medians[resamples-1-cut]}
}

// median leaves xs as it is.
func median(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// ratios divides round by round: what disturbed a round falls on both.
func ratios(xs, ys []float64) []float64 {
	rs := make([]float64, len(xs))
	for i := range xs {
		rs[i] = xs[i] / ys[i]
	}
	return rs
}

// verdict judges a ratio: only an interval that lies on one side of the goal
// shows anything. The goal is the most that the ratio may be, or the least.
func verdict(e estimate, rounds int, goal float64, least bool) string {
	within, outside := e.high <= goal, e.low > goal
	if least {
		within, outside = e.low >= goal, e.high < goal
	}
	switch {
	case rounds < enough:
		return "not shown (too few rounds)"
	case within:
		return "met"
	case outside:
		return "missed"
	}
	return "not shown"
}
