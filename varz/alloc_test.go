//go:build !race

package varz

import "testing"

func TestCountingAllocatesNothing(t *testing.T) {
	var c Counter
	var g Gauge
	var h Histogram
	h.Observe(1)
	if n := testing.AllocsPerRun(100, func() { c.Inc(); g.Add(1); h.Observe(12345) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
