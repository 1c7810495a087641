package balance

import (
	"math"
	"testing"
)

func TestShareThatRemainsIsTheExponential(t *testing.T) {
	for _, x := range []float64{0, 1e-12, 1e-9, 1e-6, 1e-4, short / 2, short, math.Nextafter(short, 1), 0.1, 1, 10} {
		if got, want := remains(x), math.Exp(-x); math.Abs(got-want) > x*x*x/6+1e-15 {
			t.Errorf("remains(%v) is off by %v", x, got-want)
		}
	}
}

// The error of one step is small; that of all the steps of a window must be.
func TestAverageOfShortStepsIsThatOfOneLongStep(t *testing.T) {
	const window = 5 * second
	for _, step := range []int64{1000, 100_000, window / 1024, 20 * millisecond} {
		m := meter{level: 3, window: float64(window)}
		for at := step; at <= 2*window; at += step {
			m.advance(at)
		}
		want := 3 * (1 - math.Exp(-float64(m.at)/float64(window)))
		if math.Abs(m.average-want) > 3*2e-7 {
			t.Errorf("steps of %d ns: %v, want %v", step, m.average, want)
		}
	}
}
