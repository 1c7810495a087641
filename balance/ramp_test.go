package balance

import (
	"math"
	"testing"
	"time"
)

func TestShareGrowsEvenlyFromATenth(t *testing.T) {
	var r Ramp
	if got := r.Share(-5); got != 1 {
		t.Errorf("without a slow start: %v", got)
	}
	const start = -100 * second
	r.Start(start, 10*time.Second)
	for after, want := range map[int64]float64{0: 0.1, second / 2: 0.1, 5 * second: 0.5, 9 * second: 0.9, 10 * second: 1, 100 * second: 1} {
		if got := r.Share(start + after); math.Abs(got-want) > 1e-9 {
			t.Errorf("after %v: %v, want %v", time.Duration(after), got, want)
		}
	}
	r.Start(start, 0)
	if got := r.Share(start); got != 1 {
		t.Errorf("ended: %v", got)
	}
}

func TestSlowStarterIsDrawnByItsShare(t *testing.T) {
	for name, p := range map[string]picker{
		"p2c":          NewP2C(nil),
		"aperture":     NewAperture(ApertureParams{MinSize: 4}, nil, 0),
		"least loaded": NewLeastLoaded(nil),
	} {
		t.Run(name, func(t *testing.T) {
			fs, nodes := fakes(4, 1)
			fs[0].share.Store(math.Float64bits(0.1))
			p.Update(nodes, 0)
			for range 3100 {
				begin(t, p, exchange(), 0)
			}
			if n := fs[0].pending.Load(); n < 90 || n > 110 {
				t.Errorf("%d of 3100 outstanding at the slow starter, want 100", n)
			}
		})
	}
}
