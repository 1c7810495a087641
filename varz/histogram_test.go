package varz

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

const ms = 1_000_000

func TestBucketsCoverEveryValueOnce(t *testing.T) {
	for i := range buckets - 1 {
		if got := index(lower(i)); got != i {
			t.Errorf("lower edge %d of bucket %d falls into %d", lower(i), i, got)
		}
		if got := index(lower(i+1) - 1); got != i {
			t.Errorf("last value %d of bucket %d falls into %d", lower(i+1)-1, i, got)
		}
		if width := lower(i+1) - lower(i); i > below && float64(width) > float64(lower(i))/16 {
			t.Errorf("bucket %d is %d wide at %d: more than a sixteenth", i, width, lower(i))
		}
	}
	for ns, want := range map[int64]int{0: below, 1023: below, 1024: 1, 1<<37 - 1: above - 1, 1 << 37: above, math.MaxInt64: above} {
		if got := index(ns); got != want {
			t.Errorf("%d falls into %d, not %d", ns, got, want)
		}
	}
}

func TestQuantilesAreWithinASixteenth(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func() int64{
		"uniform":   func() int64 { return 2000 + rnd.Int64N(50*ms) },
		"long tail": func() int64 { return int64(float64(ms) * math.Exp(rnd.NormFloat64()*2)) },
		"constant":  func() int64 { return 7 * ms },
	}
	for name, next := range shapes {
		t.Run(name, func(t *testing.T) {
			var h Histogram
			values := make([]int64, 20000)
			for i := range values {
				values[i] = max(next(), 1024)
				h.Observe(values[i])
			}
			slices.Sort(values)
			for _, p := range []float64{0, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
				want := float64(values[int(float64(len(values)-1)*p)])
				if got := float64(h.Quantiles(p)[0]); math.Abs(got-want) > want/16+1 {
					t.Errorf("p%v is %v, truth is %v", p*100, got, want)
				}
			}
			if h.Max() != values[len(values)-1] || h.Count() != uint64(len(values)) {
				t.Errorf("max %d count %d", h.Max(), h.Count())
			}
		})
	}
}

func TestOddValuesAreCounted(t *testing.T) {
	cases := map[string]struct {
		values []int64
		median int64
		max    int64
	}{
		"nothing":      {nil, 0, 0},
		"negative":     {[]int64{-5}, 0, 0},
		"under range":  {[]int64{300, 300, 300}, 150, 300},
		"over range":   {[]int64{1 << 40}, 618475290624, 1 << 40},
		"largest":      {[]int64{math.MaxInt64 / 4}, 0, math.MaxInt64 / 4},
		"single value": {[]int64{5 * ms}, 0, 5 * ms},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var h Histogram
			for _, v := range c.values {
				h.Observe(v)
			}
			if h.Max() != c.max || h.Count() != uint64(len(c.values)) {
				t.Errorf("max %d count %d, want %d and %d", h.Max(), h.Count(), c.max, len(c.values))
			}
			if got := h.Quantiles(0.5)[0]; c.median != 0 && got != c.median || got > c.max {
				t.Errorf("median %d, want %d and at most %d", got, c.median, c.max)
			}
		})
	}
}

func TestPercentilesAreOfTheLastMinute(t *testing.T) {
	var h Histogram
	median := func() int64 { return h.Quantiles(0.5)[0] / ms }
	for range 1000 {
		h.Observe(800 * ms)
	}
	h.Rotate()
	h.Observe(10 * ms)
	if got := median(); got < 780 {
		t.Errorf("after 30 s the first half minute is still told, but the median is %d ms", got)
	}
	h.Rotate()
	if got := median(); got < 9 || got > 11 {
		t.Errorf("after 60 s only the last half minute is told, but the median is %d ms", got)
	}
	if got := h.Recent().Max; got != 10*ms {
		t.Errorf("recent maximum is %d, not that of the window", got)
	}
	h.Rotate()
	if got := median(); got < 780 {
		t.Errorf("an idle minute falls back to everything, but the median is %d ms", got)
	}
	if h.Max() != 800*ms || h.Count() != 1001 || h.Sum() != 1000*800*ms+10*ms {
		t.Errorf("cumulative values moved: max %d count %d sum %d", h.Max(), h.Count(), h.Sum())
	}
}

func TestUnusedHistogramsTakeNoMemory(t *testing.T) {
	var h Histogram
	h.Rotate()
	h.Rotate()
	if h.cells.Load() != nil || h.marks != nil {
		t.Error("a histogram without traffic allocated its buckets or marks")
	}
}

func TestBurstsCountEachRequest(t *testing.T) {
	var h Histogram
	h.ObserveN(2*ms, 50)
	if h.Count() != 50 || h.Sum() != 100*ms {
		t.Errorf("count %d sum %d", h.Count(), h.Sum())
	}
}

func TestBelowNeverFallsAndEndsAtTheCount(t *testing.T) {
	var h Histogram
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		h.Observe(rnd.Int64N(100 * ms))
	}
	h.Observe(1 << 40)
	d := h.All()
	last := uint64(0)
	for ns := int64(0); ns < 200*ms; ns += ms / 3 {
		n := d.Below(ns)
		if n < last || n > d.Count {
			t.Fatalf("%d values below %d ns after %d", n, ns, last)
		}
		last = n
	}
	if last != 5000 || d.Below(1<<40) != 5001 || d.Below(-1) != 0 {
		t.Errorf("%d below 200 ms, %d below the maximum", last, d.Below(1<<40))
	}
	if got := d.Below(50 * ms); got < 2300 || got > 2700 {
		t.Errorf("%d of 5000 uniform values are in the lower half", got)
	}
}

// A reading while others count must be a state that could have been.
func TestReadingWhileCounting(t *testing.T) {
	var h Histogram
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	const each = 20000
	for w := range 4 {
		writers.Go(func() {
			for i := range int64(each) {
				h.Observe((i%1000 + int64(w)) * 10000)
			}
		})
	}
	readers.Go(func() {
		last := uint64(0)
		for {
			h.Rotate()
			d, all := h.Recent(), h.All()
			if d.Count > all.Count+0 || all.Count < last || d.Quantile(1) > d.Max {
				t.Errorf("recent %d of %d after %d, p100 %d above %d", d.Count, all.Count, last, d.Quantile(1), d.Max)
				return
			}
			last = all.Count
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	writers.Wait()
	close(stop)
	readers.Wait()
	if h.Count() != 4*each || h.Max() != (999+3)*10000 {
		t.Errorf("count %d max %d", h.Count(), h.Max())
	}
}
