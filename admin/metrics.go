package admin

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sidecar/varz"
)

// maxScrapes is how many readings of /metrics are under way at once; each
// holds a copy of every series.
const maxScrapes = 4

// bounds are the upper bounds of the buckets in /metrics, in milliseconds: the
// fine ones of varz would be some 430 lines a histogram.
func bounds() []float64 {
	return []float64{0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000}
}

// metricsHandler serves the registry, the Go runtime and the process. A bad
// series is left out and logged: one wrong label must not blind everybody.
func metricsHandler(p Params) http.Handler {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sidecar_build_info", Help: "1, with the version as labels.",
		ConstLabels: prometheus.Labels{"version": legible(p.Version), "goversion": runtime.Version()},
	})
	build.Set(1)
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{p.Registry}, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		EnableOpenMetrics:   true,
		ErrorHandling:       promhttp.ContinueOnError,
		ErrorLog:            scrapeLog{p.Log},
		MaxRequestsInFlight: maxScrapes,
	})
}

// scrapeLog gives promhttp's complaints to the log.
type scrapeLog struct{ log *slog.Logger }

// Println logs the parts as one text.
func (l scrapeLog) Println(parts ...any) {
	var b strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case error:
			if errors.Is(p, syscall.EPIPE) || errors.Is(p, syscall.ECONNRESET) {
				return // the reader has left, which is its business
			}
			b.WriteString(p.Error())
		case string:
			b.WriteString(p)
		}
	}
	l.log.Warn("admin: metrics: " + strings.TrimSpace(b.String()))
}

// collector reads a varz registry for Prometheus.
type collector struct{ registry *varz.Registry }

// Describe tells nothing: series come and go.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends every series but those of endpoints at which nothing has
// happened yet.
func (c collector) Collect(out chan<- prometheus.Metric) {
	descs := make(map[*varz.Desc]*prometheus.Desc)
	c.registry.Each(func(d *varz.Desc, s varz.Source, v varz.Value) {
		if blank(d, s, v) {
			return
		}
		desc := descs[d]
		if desc == nil {
			desc = prometheus.NewDesc(d.Prom, d.Help, labelNames(d), nil)
			descs[d] = desc
		}
		m, err := metric(desc, d, s, v)
		if err != nil {
			m = prometheus.NewInvalidMetric(desc, err)
		}
		out <- m
	})
}

// blank tells whether a series says no more than that its endpoint is there. Of
// many endpoints a process uses few, and each has some sixty lines: all of them
// made a scrape of 20,000 endpoints 110 MB. The count of requests stays, for
// rates that begin at 0, and gauges do, as a gap is not a 0.
func blank(d *varz.Desc, s varz.Source, v varz.Value) bool {
	switch {
	case s.Endpoint == "" || d == varz.EndpointDispatches:
		return false
	case d.Kind == varz.KindCounter:
		return v.Number == 0
	case d.Kind == varz.KindHistogram:
		return v.Histogram.Empty()
	}
	return false
}

func metric(desc *prometheus.Desc, d *varz.Desc, s varz.Source, v varz.Value) (prometheus.Metric, error) {
	values := make([]string, len(d.Labels))
	for i, l := range d.Labels {
		values[i] = legible(s.Get(l))
	}
	switch d.Kind {
	case varz.KindCounter:
		return prometheus.NewConstMetric(desc, prometheus.CounterValue, v.Number, values...)
	case varz.KindGauge:
		return prometheus.NewConstMetric(desc, prometheus.GaugeValue, v.Number, values...)
	default:
		all := v.Histogram.All()
		coarse := make(map[float64]uint64)
		for _, ms := range bounds() {
			coarse[ms/1e3] = all.Below(int64(ms * 1e6))
		}
		return prometheus.NewConstHistogram(desc, all.Count, float64(all.Sum)/1e9, coarse, values...)
	}
}

func labelNames(d *varz.Desc) []string {
	out := make([]string, len(d.Labels))
	for i, l := range d.Labels {
		out[i] = l.String()
	}
	return out
}

// legible is s with bytes that are not UTF-8 written out. Operations come from
// the wire, Prometheus refuses such labels, and replacing each by one mark
// would make two operations the same.
func legible(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	q := strconv.QuoteToGraphic(s)
	return q[1 : len(q)-1]
}
