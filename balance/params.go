package balance

import (
	"math/rand/v2"
	"time"
)

// ApertureParams are the settings of an Aperture.
type ApertureParams struct {
	// MinSize is the smallest size, 0 is 1. A set of fewer nodes is all inside.
	MinSize int
	// MaxSize is the largest size, 0 is all nodes; one below MinSize is MinSize.
	MaxSize int
	// LowLoad is the load average at or below which it narrows, 0 is 0.5. It
	// should be below half of HighLoad, or a size of two may be too small for
	// the one and too large for the other.
	LowLoad float64
	// HighLoad is the load average at or above which it widens, 0 is 2.
	HighLoad float64
	// Smoothing is the window of the load average, 0 is 5 s.
	Smoothing time.Duration
	// JitterMin and JitterMax bound the time between two swaps of a node,
	// which is drawn evenly. A JitterMin of 0 is no swaps; a JitterMax below
	// JitterMin is JitterMin.
	JitterMin, JitterMax time.Duration
	// Draws is where picks take random numbers from, as in NewP2C; nil is the
	// runtime's generator. Set does not change it.
	Draws rand.Source
}

func (p ApertureParams) complete() ApertureParams {
	p.MinSize = max(p.MinSize, 1)
	if p.MaxSize > 0 {
		p.MaxSize = max(p.MaxSize, p.MinSize)
	}
	if !(p.LowLoad > 0) {
		p.LowLoad = 0.5
	}
	if !(p.HighLoad > 0) {
		p.HighLoad = 2
	}
	if p.Smoothing <= 0 {
		p.Smoothing = 5 * time.Second
	}
	p.JitterMin = max(p.JitterMin, 0)
	p.JitterMax = max(p.JitterMax, p.JitterMin)
	return p
}

const (
	// widenSteps and narrowSteps set the least time between two changes of
	// size: the smoothing window divided by this and by the size, so that the
	// size grows at most e-fold in a quarter of the window and shrinks at
	// most e-fold in a whole one. Without it each of a burst's thousand events
	// could widen by one before the first new connection stands. A narrowed
	// one costs connections when the load comes back, so that is slower.
	widenSteps  = 4
	narrowSteps = 1
	// minStep is the least such time whatever the size, in nanoseconds: each
	// change builds a new snapshot, which takes longer the larger it is.
	minStep = int64(20 * time.Millisecond)
)

func (p *ApertureParams) step(steps, size int) int64 {
	return max(minStep, int64(p.Smoothing)/int64(steps*size))
}
