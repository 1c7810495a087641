package admin

import (
	"bytes"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"sidecar/varz"
)

// filled is a registry with a value of every metric.
func filled() *varz.Registry {
	r := new(varz.Registry)
	for _, d := range varz.All() {
		if d == varz.SeriesFolded {
			continue // every registry has its own
		}
		s := varz.Source{Service: "users", Endpoint: "10.0.0.1:80", Operation: `GET "/a\b"`, Listener: "in", Reason: "deadline"}
		switch d.Kind {
		case varz.KindCounter:
			r.Counter(d, s).Add(uint64(len(d.Prom)))
		case varz.KindGauge:
			r.Gauge(d, s).Set(int64(len(d.Name)))
		case varz.KindHistogram:
			for _, ms := range []int64{1, 3, 3, 700, 90_000} {
				r.Histogram(d, s).Observe(ms * 1_000_000)
			}
		}
	}
	return r
}

func TestMetricsAreWellFormed(t *testing.T) {
	w := get("/metrics").to(New(Params{Registry: filled(), Version: "1.2.3"}).Handler())
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range varz.All() {
		f := families[d.Prom]
		if f == nil || f.GetHelp() != d.Help || strings.ToLower(f.GetType().String()) != d.Kind.String() || len(f.Metric) != 1 {
			t.Errorf("%s is told as %v", d.Prom, f)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "sidecar_build_info"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

// Of an endpoint without requests only its gauges and the count of requests are
// told.
func TestEndpointsWithoutTrafficAreToldBriefly(t *testing.T) {
	r := new(varz.Registry)
	for _, at := range []string{"idle:1", "busy:1"} {
		s := varz.Source{Service: "users", Endpoint: at}
		for _, d := range []*varz.Desc{varz.EndpointDispatches, varz.EndpointSuccesses, varz.PoolWaits} {
			r.Counter(d, s)
		}
		r.Gauge(varz.PoolSize, s)
		r.Histogram(varz.EndpointLatency, s)
	}
	busy := varz.Source{Service: "users", Endpoint: "busy:1"}
	r.Counter(varz.EndpointSuccesses, busy).Inc()
	r.Histogram(varz.EndpointLatency, busy).Observe(1)
	r.Counter(varz.Timeouts, varz.Source{Service: "users"}) // no endpoint's
	text := get("/metrics").to(New(Params{Registry: r}).Handler()).Body.String()
	count := func(d *varz.Desc, who string) int {
		return len(regexp.MustCompile(`(?m)^`+d.Prom+`[_a-z]*\{[^}]*"`+who+`"`).FindAllString(text, -1))
	}
	for d, want := range map[*varz.Desc][2]int{
		varz.EndpointDispatches: {1, 1}, varz.EndpointSuccesses: {0, 1}, varz.PoolWaits: {0, 0}, varz.PoolSize: {1, 1},
		varz.EndpointLatency: {0, len(bounds()) + 3},
	} {
		if got := [2]int{count(d, "idle:1"), count(d, "busy:1")}; got != want {
			t.Errorf("%s: %v lines, want %v", d.Prom, got, want)
		}
	}
	if count(varz.Timeouts, "users") != 1 {
		t.Error("a series of no endpoint is left out")
	}
}

// One metric of each shape; the names of the rest are varz's to test.
func TestMetricsReadAsBefore(t *testing.T) {
	w := get("/metrics").to(New(Params{Registry: filled()}).Handler())
	var got strings.Builder
	for _, d := range []*varz.Desc{varz.TimeFailed, varz.ListenerRefused, varz.PoolSize, varz.RequestLatency, varz.DispatchMessages, varz.SeriesFolded} {
		for line := range strings.Lines(w.Body.String()) {
			if regexp.MustCompile(`^(# (HELP|TYPE) )?` + d.Prom + `(_bucket|_sum|_count)?[ {]`).MatchString(line) {
				got.WriteString(line)
			}
		}
	}
	want, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("/metrics is not testdata/metrics.txt; a change breaks dashboards. Now:\n%s", got.String())
	}
}

func TestHistogramsHaveFixedBucketsInSeconds(t *testing.T) {
	w := get("/metrics").to(New(Params{Registry: filled()}).Handler())
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	h := all["sidecar_request_duration_seconds"].Metric[0].GetHistogram()
	if h.GetSampleCount() != 5 || h.GetSampleSum() < 90.706 || h.GetSampleSum() > 90.708 {
		t.Errorf("count %d sum %v", h.GetSampleCount(), h.GetSampleSum())
	}
	want := map[float64]uint64{0.0005: 0, 0.0025: 1, 0.005: 3, 0.5: 3, 1: 4, 60: 4}
	for _, b := range h.Bucket {
		if n, known := want[b.GetUpperBound()]; known && n != b.GetCumulativeCount() {
			t.Errorf("%d at most %v s, want %d", b.GetCumulativeCount(), b.GetUpperBound(), n)
		}
	}
}

func TestOpenMetricsIsNegotiated(t *testing.T) {
	a := get("/metrics")
	a.header = map[string]string{"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
	w := a.to(New(Params{Registry: filled()}).ProbeHandler())
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/openmetrics-text") {
		t.Errorf("type is %s", w.Header().Get("Content-Type"))
	}
	body := w.Body.String()
	if !strings.HasSuffix(body, "# EOF\n") || !strings.Contains(body, "# TYPE sidecar_requests counter\n") ||
		!strings.Contains(body, "sidecar_requests_total{") {
		t.Errorf("it does not read like OpenMetrics: %.400s", body)
	}
}

func TestBadLabelsDoNotBlindTheRest(t *testing.T) {
	var log bytes.Buffer
	r := filled()
	for _, op := range []string{"\xff", "\xfe", "a\nb"} {
		r.Counter(varz.DispatchMessages, varz.Source{Service: "users", Operation: op}).Inc()
	}
	w := get("/metrics").to(New(Params{Registry: r, Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler())
	for _, line := range []string{`operation="\\xff"`, `operation="\\xfe"`, `operation="a\nb"`} {
		expect(t, w, 200, line)
	}
	if log.Len() != 0 {
		t.Errorf("logged %s", log.String())
	}
}

func TestDoubledSeriesAreLeftOutAndLogged(t *testing.T) {
	var log bytes.Buffer
	r := filled()
	for _, op := range []string{"\xff", `\xff`} { // told by the same label
		r.Counter(varz.DispatchMessages, varz.Source{Service: "users", Operation: op}).Inc()
	}
	w := get("/metrics").to(New(Params{Registry: r, Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler())
	expect(t, w, 200, "sidecar_timeouts_total")
	if !strings.Contains(log.String(), "collected before") {
		t.Errorf("logged %q", log.String())
	}
}

func TestReadingWhileSeriesComeAndGo(t *testing.T) {
	r := filled()
	h := New(Params{Registry: r, Overview: func() Overview { return Overview{} }}).Handler()
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := range 100 {
				s := varz.Source{Service: "s", Endpoint: string(rune('a'+w)) + string(rune('a'+i%26))}
				r.Counter(varz.EndpointDispatches, s).Inc()
				r.Histogram(varz.EndpointLatency, s).Observe(int64(i) * 1e6)
				r.Remove(func(_ *varz.Desc, x varz.Source) bool { return x.Endpoint == s.Endpoint })
			}
		})
	}
	for _, target := range []string{"/metrics", "/varz", "/varz?by=endpoint", "/"} {
		wg.Go(func() {
			for range 5 {
				if w := get(target).to(h); w.Code != 200 {
					t.Errorf("%s: %d %s", target, w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
}
