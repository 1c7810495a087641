package varz

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestEqualSourcesShareASeries(t *testing.T) {
	var r Registry
	name := strings.Clone("users")
	a := r.Counter(DispatchMessages, Source{Service: "users", Operation: "get"})
	b := r.Counter(DispatchMessages, Source{Service: name, Operation: "get"})
	c := r.Counter(DispatchMessages, Source{Service: "users", Operation: "put"})
	d := r.Counter(DispatchMessages, Source{Service: "users", Operation: "get", Endpoint: "not a label of it"})
	if a != b || a == c || a != d {
		t.Error("series are not told apart by the value of the labelled fields alone")
	}
	h, g := r.Histogram(RequestLatency, Source{Service: "a"}), r.Gauge(InFlight, Source{Service: "a"})
	if h != r.Histogram(RequestLatency, Source{Service: "a"}) || g != r.Gauge(InFlight, Source{Service: "a"}) {
		t.Error("histograms or gauges of equal sources differ")
	}
}

func TestNilRegistryGivesWorkingCounters(t *testing.T) {
	var r *Registry
	r.Counter(Retries, Source{}).Inc()
	r.Gauge(InFlight, Source{}).Set(1)
	r.Histogram(RequestLatency, Source{}).Observe(1)
	r.GaugeFunc(HeapSize, Source{}, func() float64 { return 1 })
	r.Remove(func(*Desc, Source) bool { return true })
	r.Rotate()
	if len(r.Aggregate(ByService)) != 0 {
		t.Error("a nil registry has rows")
	}
}

func TestWrongKindPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a gauge was given out as a counter")
		}
	}()
	new(Registry).Counter(InFlight, Source{})
}

func TestDepartedEndpointsStayInSums(t *testing.T) {
	var r Registry
	total := func() (n float64, latencies uint64) {
		for _, row := range r.Aggregate(ByEndpoint) {
			switch row.Desc {
			case EndpointDispatches:
				n += row.Total
			case EndpointLatency:
				latencies += row.Latency.Count
			}
		}
		return n, latencies
	}
	for i := range 10 {
		s := Source{Service: "users", Endpoint: "10.0.0." + strconv.Itoa(i) + ":80"}
		r.Counter(EndpointDispatches, s).Add(5)
		r.Histogram(EndpointLatency, s).Observe(int64(i+1) * ms)
		r.Gauge(PoolSize, s).Set(3)
		r.Counter(DispatchMessages, s).Inc()
	}
	for i := range 10 {
		address := "10.0.0." + strconv.Itoa(i) + ":80"
		r.Remove(func(_ *Desc, s Source) bool { return s.Endpoint == address })
		if n, l := total(); n != 50 || l != 10 {
			t.Fatalf("after %d departures the sums are %v and %d", i+1, n, l)
		}
	}
	r.Each(func(d *Desc, s Source, v Value) {
		switch {
		case d == PoolSize:
			t.Errorf("the gauge of %s is still there", s.Endpoint)
		case d == EndpointDispatches && (s != Source{Service: "users", Endpoint: Departed} || v.Number != 50):
			t.Errorf("departed counts are at %+v: %v", s, v.Number)
		case d == EndpointLatency && v.Histogram.Max() != 10*ms:
			t.Errorf("departed maximum is %d", v.Histogram.Max())
		}
	})
	r.Counter(EndpointDispatches, Source{Service: "users", Endpoint: "10.0.0.0:80"}).Inc()
	if n, _ := total(); n != 51 {
		t.Errorf("a returned endpoint makes the sum %v", n)
	}
	r.Remove(func(*Desc, Source) bool { return true })
	if n, _ := total(); n != 51 {
		t.Errorf("removing everything makes the sum %v", n)
	}
}

func TestDepartureDoesNotMakeThePastRecent(t *testing.T) {
	var r Registry
	for i, name := range []string{"a:1", "b:1"} {
		h := r.Histogram(EndpointLatency, Source{Service: "s", Endpoint: name})
		for range 1000 {
			h.Observe(900 * ms)
		}
		_ = i
	}
	r.Rotate()
	r.Rotate()
	for _, name := range []string{"a:1", "b:1"} {
		r.Histogram(EndpointLatency, Source{Service: "s", Endpoint: name}).Observe(3 * ms)
		r.Remove(func(_ *Desc, s Source) bool { return s.Endpoint == name })
	}
	h := r.Histogram(EndpointLatency, Source{Service: "s", Endpoint: Departed})
	recent := h.Recent()
	if recent.Count != 2 || recent.Max != 3*ms || h.Count() != 2002 || h.Max() != 900*ms {
		t.Errorf("recent %d max %d, all %d max %d", recent.Count, recent.Max, h.Count(), h.Max())
	}
}

func TestSeriesAreBounded(t *testing.T) {
	var r Registry
	for i := range maxSeries + 500 {
		s := Source{Service: "s", Operation: "op" + strconv.Itoa(i)}
		r.Counter(DispatchMessages, s).Inc()
		r.GaugeFunc(HeapSize, Source{Service: strconv.Itoa(i)}, func() float64 { return 1 })
	}
	series, sum, folded := 0, 0.0, 0.0
	r.Each(func(d *Desc, s Source, v Value) {
		switch d {
		case DispatchMessages:
			series++
			sum += v.Number
			if s.Service == Other && (s.Operation != Other || v.Number != 500) {
				t.Errorf("the last resort is %+v with %v", s, v.Number)
			}
		case SeriesFolded:
			folded = v.Number
		}
	})
	if series != maxSeries+1 || sum != maxSeries+500 || folded != 1000 {
		t.Errorf("%d series, sum %v, %v folded", series, sum, folded)
	}
}

func TestGaugeFuncReplacesAndMayUseTheRegistry(t *testing.T) {
	var r Registry
	s := Source{Service: "s"}
	r.Gauge(HeapSize, s).Set(9)
	r.GaugeFunc(HeapSize, s, func() float64 { return 1 })
	r.GaugeFunc(HeapSize, s, func() float64 {
		r.Counter(Retries, s).Inc() // a lock held over f would hang here
		return 2.5
	})
	found := 0.0
	r.Each(func(d *Desc, _ Source, v Value) {
		if d == HeapSize {
			found += v.Number
		}
	})
	if found != 2.5 {
		t.Errorf("the value is %v", found)
	}
}

func TestEachIsSorted(t *testing.T) {
	var r Registry
	for _, s := range []string{"b", "c", "a"} {
		for _, d := range All() {
			if d.Kind == KindCounter && d.Has(LabelService) {
				r.Counter(d, Source{Service: s})
			}
		}
	}
	var seen []string
	r.Each(func(d *Desc, s Source, _ Value) { seen = append(seen, d.Name+"\x00"+d.Prom+"\x00"+s.Service) })
	if !slices.IsSorted(seen) || len(seen) < 20 {
		t.Errorf("%d series, sorted: %v", len(seen), slices.IsSorted(seen))
	}
}

func TestTimesAreShownInSeconds(t *testing.T) {
	var r Registry
	r.Counter(TimeFailed, Source{Service: "s", Endpoint: "e"}).Add(1_500_000_000)
	for _, row := range r.Aggregate(ByService) {
		if row.Desc == TimeFailed && row.Total != 1.5 {
			t.Errorf("%v s", row.Total)
		}
	}
}

// Registering, counting, removing, summing and rotating at once; the race
// detector and the final sum judge.
func TestConcurrentUse(t *testing.T) {
	var r Registry
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 200 {
				s := Source{Service: "s", Endpoint: fmt.Sprint(w, ":", i), Operation: strconv.Itoa(i % 7)}
				r.Counter(EndpointDispatches, s).Inc()
				r.Histogram(EndpointLatency, s).Observe(int64(i) * ms)
				r.Counter(DispatchMessages, s).Inc()
				r.Remove(func(_ *Desc, x Source) bool { return x.Endpoint == s.Endpoint })
				if i%50 == 0 {
					r.Aggregate(By(i / 50))
					r.Rotate()
				}
			}
		})
	}
	wg.Wait()
	for _, row := range r.Aggregate(ByNothing) {
		if row.Desc == DispatchMessages && row.Total != 800 {
			t.Errorf("%s is %v", row.Desc.Prom, row.Total)
		}
	}
	for _, row := range r.Aggregate(ByEndpoint) {
		if row.Desc == EndpointDispatches && row.Total != 800 || row.Desc == EndpointLatency && row.Latency.Count != 800 {
			t.Errorf("%s of %+v is %v", row.Desc.Prom, row.Key, row.Total)
		}
		if math.IsNaN(row.Total) {
			t.Error("a sum is no number")
		}
	}
}

// Endpoints come and go for as long as the process lives.
func TestRemovedSourcesAreForgotten(t *testing.T) {
	r := new(Registry)
	for i := range 100 {
		s := Source{Service: "a", Endpoint: fmt.Sprintf("10.0.0.%d:80", i)}
		r.Counter(EndpointDispatches, s).Inc()
		r.Histogram(EndpointLatency, s).Observe(1)
		r.Gauge(PoolSize, s)
		r.Remove(func(_ *Desc, at Source) bool { return at == s })
	}
	if n := len(r.sources); n != 1 { // of the departed ones
		t.Errorf("%d sources are kept", n)
	}
	if n := r.Counter(EndpointDispatches, Source{Service: "a", Endpoint: Departed}).Value(); n != 100 {
		t.Errorf("%d requests of departed endpoints, want 100", n)
	}
}
