package admin

import (
	"encoding/json"
	"io"
	"math"
	"net/url"
	"strings"

	"sidecar/varz"
)

// from is where a value of /varz comes from; what does not tell series apart
// is left out.
type from struct {
	Service   string `json:"service,omitempty"`
	Endpoint  string `json:"endpoint,omitempty"`
	Operation string `json:"operation,omitempty"`
	Listener  string `json:"listener,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Topic     string `json:"topic,omitempty"`
	Client    string `json:"client,omitempty"`
	Version   string `json:"version,omitempty"`
}

// single is one series, or a sum of Sources of them, of counters and gauges.
// A gauge that is no number is null.
type single struct {
	from
	Value   *float64 `json:"value"`
	Sources int      `json:"sources,omitempty"`
}

// latency is the same of histograms. Times are seconds; Count is since the
// start, the rest of the last 30 to 60 s, in which there were Recent.
type latency struct {
	from
	Count   uint64  `json:"count"`
	Recent  uint64  `json:"recent"`
	Mean    float64 `json:"mean"`
	P50     float64 `json:"p50"`
	P90     float64 `json:"p90"`
	P99     float64 `json:"p99"`
	P999    float64 `json:"p999"`
	P9999   float64 `json:"p9999"`
	Max     float64 `json:"max"`
	Sources int     `json:"sources,omitempty"`
}

// varz writes an object with a member for each metric name, whose value is a
// list of series or, with ?by=, of sums.
func (a *Admin) varz(w io.Writer, query url.Values) error {
	out := make(map[string][]any)
	put := func(d *varz.Desc, s varz.Source, n float64, l *varz.Summary, sources int) {
		if f := query.Get("filter"); strings.Contains(d.Name, f) || strings.Contains(d.Prom, f) {
			out[d.Name] = append(out[d.Name], member(s, n, l, sources))
		}
	}
	if word := query.Get("by"); word != "" {
		by, ok := varz.ParseBy(word)
		if !ok {
			return BadRequest("by: " + word + " is not known: use service, endpoint, operation or total")
		}
		for _, row := range a.p.Registry.Aggregate(by) {
			put(row.Desc, row.Key, row.Total, row.Latency, row.Sources)
		}
	} else {
		a.p.Registry.Each(func(d *varz.Desc, s varz.Source, v varz.Value) {
			if v.Histogram != nil {
				put(d, s, 0, v.Histogram.Summary(), 0)
				return
			}
			put(d, s, v.Number, nil, 0)
		})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(out)
}

func member(s varz.Source, n float64, l *varz.Summary, sources int) any {
	f := from(s)
	if l == nil {
		v := single{from: f, Value: &n, Sources: sources}
		if math.IsNaN(n) || math.IsInf(n, 0) {
			v.Value = nil // JSON has no word for it
		}
		return v
	}
	return latency{
		from: f, Count: l.Count, Recent: l.Recent, Mean: l.Mean, P50: l.P50, P90: l.P90,
		P99: l.P99, P999: l.P999, P9999: l.P9999, Max: l.Maximum, Sources: sources,
	}
}
