package varz

import (
	"strconv"
	"testing"
)

func BenchmarkCounter(b *testing.B) {
	var c Counter
	for b.Loop() {
		c.Inc()
	}
}

func BenchmarkCounterParallel(b *testing.B) {
	var c Counter
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Inc()
		}
	})
}

// Two counters of one cache line, each counted by its own processor.
func BenchmarkCountersSideBySide(b *testing.B) {
	var cs [2]Counter
	var next Counter
	b.RunParallel(func(pb *testing.PB) {
		next.Inc()
		c := &cs[next.Value()%2]
		for pb.Next() {
			c.Inc()
		}
	})
}

func BenchmarkHistogram(b *testing.B) {
	var h Histogram
	v := int64(0)
	for b.Loop() {
		v = (v + 77777) & (1<<26 - 1)
		h.Observe(v)
	}
}

func BenchmarkHistogramParallel(b *testing.B) {
	var h Histogram
	b.RunParallel(func(pb *testing.PB) {
		v := int64(0)
		for pb.Next() {
			v = (v + 77777) & (1<<26 - 1)
			h.Observe(v)
		}
	})
}

func BenchmarkQuantiles(b *testing.B) {
	var h Histogram
	for i := range int64(10000) {
		h.Observe(i * 1000)
	}
	for b.Loop() {
		h.Quantiles(0.5, 0.99)
	}
}

func BenchmarkAggregate(b *testing.B) {
	var r Registry
	for i := range 1000 {
		s := Source{Service: "s", Endpoint: strconv.Itoa(i)}
		r.Counter(EndpointDispatches, s).Inc()
		r.Histogram(EndpointLatency, s).Observe(int64(i) * 1000)
	}
	for b.Loop() {
		r.Aggregate(ByService)
	}
}
