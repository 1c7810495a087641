package varz

import (
	"math"
	"testing"
)

func find(t *testing.T, rows []Row, d *Desc, key Source) Row {
	t.Helper()
	for _, row := range rows {
		if row.Desc == d && row.Key == key {
			return row
		}
	}
	t.Fatalf("no row of %s at %+v", d.Prom, key)
	return Row{}
}

func TestCountersAndGaugesSumByKey(t *testing.T) {
	var r Registry
	r.Counter(DispatchMessages, Source{Service: "a", Operation: "get"}).Add(1)
	r.Counter(DispatchMessages, Source{Service: "a", Operation: "put"}).Add(2)
	r.Counter(DispatchMessages, Source{Service: "b", Operation: "get"}).Add(4)
	r.Gauge(PoolSize, Source{Service: "a", Endpoint: "e1"}).Set(3)
	r.Gauge(PoolSize, Source{Service: "a", Endpoint: "e2"}).Set(-1)
	r.GaugeFunc(ApertureLoadAverage, Source{Service: "a"}, func() float64 { return math.NaN() })
	r.GaugeFunc(ApertureLoadAverage, Source{Service: "b"}, func() float64 { return 0.5 })
	r.Gauge(ListenerConnections, Source{Listener: "l"}).Set(7)

	cases := []struct {
		name    string
		by      By
		d       *Desc
		key     Source
		total   float64
		sources int
	}{
		{"service a", ByService, DispatchMessages, Source{Service: "a"}, 3, 2},
		{"services stay apart", ByService, DispatchMessages, Source{Service: "b"}, 4, 1},
		{"operation of one service", ByOperation, DispatchMessages, Source{Service: "a", Operation: "get"}, 1, 1},
		{"everything", ByNothing, DispatchMessages, Source{}, 7, 3},
		{"gauges sum", ByService, PoolSize, Source{Service: "a"}, 2, 2},
		{"endpoint", ByEndpoint, PoolSize, Source{Service: "a", Endpoint: "e1"}, 3, 1},
		{"no number is left out", ByNothing, ApertureLoadAverage, Source{}, 0.5, 1},
		{"listeners have no service", ByService, ListenerConnections, Source{Listener: "l"}, 7, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			row := find(t, r.Aggregate(c.by), c.d, c.key)
			if row.Total != c.total || row.Sources != c.sources || row.Latency != nil {
				t.Errorf("total %v of %d sources, want %v of %d", row.Total, row.Sources, c.total, c.sources)
			}
		})
	}
}

// Values are in seconds; what the original gives is matched to the width of a
// bucket.
func TestPercentilesMatchTheOriginal(t *testing.T) {
	thousand := make([]float64, 1000)
	for i := range thousand {
		thousand[i] = float64(i) / 100
	}
	five := []float64{1, 1, 1, 1, 1}
	cases := map[string]struct {
		sources [][]float64
		want    [6]float64
	}{
		"one source":        {[][]float64{{1, 2}}, [6]float64{1.5, 1.5, 1.9, 1.99, 2, 2}},
		"another":           {[][]float64{{4, 5}}, [6]float64{4.5, 4.5, 4.9, 4.99, 5, 5}},
		"two sources":       {[][]float64{{1, 2}, {2, 3}}, [6]float64{2, 2, 2.7, 2.97, 3, 3}},
		"one of four":       {[][]float64{{1, 2, 3, 2}}, [6]float64{2, 2, 2.7, 2.97, 3, 3}},
		"many small":        {[][]float64{five, five, five, five, five, five, five, five, five, five}, [6]float64{1, 1, 1, 1, 1, 1}},
		"several of a kind": {[][]float64{thousand, thousand, thousand}, [6]float64{4.995, 4.995, 8.99, 9.89, 9.98, 9.99}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var r Registry
			for i, values := range c.sources {
				h := r.Histogram(RequestLatency, Source{Service: "s", Operation: string(rune('a' + i))})
				for _, v := range values {
					h.Observe(int64(v * 1e9))
				}
			}
			s := find(t, r.Aggregate(ByService), RequestLatency, Source{Service: "s"}).Latency
			got := [6]float64{s.Mean, s.P50, s.P90, s.P99, s.P999, s.P9999}
			for i := range got {
				if math.Abs(got[i]-c.want[i]) > c.want[i]/16 {
					t.Errorf("value %d is %v, want about %v", i, got[i], c.want[i])
				}
			}
		})
	}
}

func TestIdleSourcesDoNotMixOldWithRecent(t *testing.T) {
	var r Registry
	idle := r.Histogram(RequestLatency, Source{Service: "s", Operation: "idle"})
	busy := r.Histogram(RequestLatency, Source{Service: "s", Operation: "busy"})
	for range 100 {
		idle.Observe(900 * ms)
		busy.Observe(5 * ms)
	}
	r.Rotate()
	r.Rotate()
	busy.Observe(5 * ms)
	s := find(t, r.Aggregate(ByService), RequestLatency, Source{Service: "s"}).Latency
	if s.Maximum > 0.006 || s.Recent != 1 || s.Count != 201 {
		t.Errorf("max %v of %d recent, %d in all", s.Maximum, s.Recent, s.Count)
	}
	r.Rotate()
	r.Rotate()
	s = find(t, r.Aggregate(ByService), RequestLatency, Source{Service: "s"}).Latency
	if s.Maximum != 0.9 || s.Recent != 201 {
		t.Errorf("all idle: max %v of %d recent", s.Maximum, s.Recent)
	}
}

func TestOfTwoMetricsOfOneNameOneAnswers(t *testing.T) {
	var r Registry
	r.Counter(DispatchMessages, Source{Service: "s", Operation: "get"}).Add(10)
	r.Counter(EndpointDispatches, Source{Service: "s", Endpoint: "e"}).Add(12)
	for by, want := range map[By]*Desc{ByNothing: DispatchMessages, ByService: DispatchMessages, ByOperation: DispatchMessages, ByEndpoint: EndpointDispatches} {
		var got []*Desc
		for _, row := range r.Aggregate(by) {
			if row.Desc.Name == DispatchMessages.Name {
				got = append(got, row.Desc)
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("by %d: answered by %d metrics", by, len(got))
		}
	}
}

func TestParseBy(t *testing.T) {
	for word, want := range map[string]bool{"service": true, "endpoint": true, "operation": true, "total": true, "": false, "Service": false, "host": false} {
		if _, ok := ParseBy(word); ok != want {
			t.Errorf("%q is understood: %v", word, ok)
		}
	}
}
