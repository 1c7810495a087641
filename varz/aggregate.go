package varz

import (
	"cmp"
	"math"
	"slices"
)

// By is what Aggregate sums over.
type By uint8

// The ways to sum. Every one but ByNothing keeps services apart: two services
// may share an endpoint or an operation's name.
const (
	// ByNothing gives one row a metric.
	ByNothing By = iota
	// ByService gives one row a service (or listener, for metrics of those).
	ByService
	// ByEndpoint gives one row a service and endpoint.
	ByEndpoint
	// ByOperation gives one row a service and operation.
	ByOperation
)

// ParseBy is the By that a person writes; false if there is none such.
func ParseBy(word string) (By, bool) {
	by, ok := map[string]By{
		"total": ByNothing, "service": ByService, "endpoint": ByEndpoint, "operation": ByOperation,
	}[word]
	return by, ok
}

// Row is one metric summed over the sources that share a key.
type Row struct {
	Desc *Desc
	// Key has the fields that were summed by; the others are empty.
	Key Source
	// Sources is how many series were summed.
	Sources int
	// Total is the sum of counters or gauges, in base units.
	Total float64
	// Latency is set for histograms, and Total then is not.
	Latency *Summary
}

// Summary tells a histogram to people. Times are seconds; all but Count are
// those of the last 30 to 60 s (of everything, when nothing came in it).
type Summary struct {
	// Count is the number of values since the start; Recent is how many of
	// them the times speak of.
	Count, Recent                             uint64
	Mean, P50, P90, P99, P999, P9999, Maximum float64
}

// Summary tells the histogram to people.
func (h *Histogram) Summary() *Summary {
	all, window := h.both()
	if window.Count == 0 {
		window = all
	}
	return summarize(window, all)
}

func summarize(recent, all *Dist) *Summary {
	q := func(p float64) float64 { return seconds(recent.Quantile(p)) }
	return &Summary{
		Count: all.Count, Recent: recent.Count, Mean: seconds(recent.Mean()),
		P50: q(0.5), P90: q(0.9), P99: q(0.99), P999: q(0.999), P9999: q(0.9999),
		Maximum: seconds(recent.Max),
	}
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }

// Aggregate sums every metric. Counters and gauges add up (a gauge that is no
// number is left out); histograms add bucket by bucket. Of two metrics of one
// name, the one with the endpoint label is what endpoints did and answers
// ByEndpoint only; the other, which counts a retried request once, answers the
// rest. Rows are sorted by name and key.
func (r *Registry) Aggregate(by By) []Row {
	entries := r.entries()
	skip := views(entries, by)
	type key struct {
		d *Desc
		s Source
	}
	sums := make(map[key]*sum)
	for _, e := range entries {
		v := e.v.value(e.d)
		if skip[e.d] || math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
			continue
		}
		k := key{e.d, e.s.only(by.labels(e.d))}
		if sums[k] == nil {
			sums[k] = &sum{row: Row{Desc: k.d, Key: k.s}}
		}
		sums[k].add(v)
	}
	rows := make([]Row, 0, len(sums))
	for _, s := range sums {
		rows = append(rows, s.finish())
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Desc.Name, b.Desc.Name), cmp.Compare(a.Desc.Prom, b.Desc.Prom), a.Key.compare(b.Key))
	})
	return rows
}

// labels are the fields of d that make a row's key.
func (by By) labels(d *Desc) []Label {
	switch {
	case by == ByNothing:
		return nil
	case d.Has(LabelListener) && !d.Has(LabelService):
		return []Label{LabelListener}
	case by == ByEndpoint:
		return []Label{LabelService, LabelEndpoint}
	case by == ByOperation:
		return []Label{LabelService, LabelOperation}
	default:
		return []Label{LabelService}
	}
}

// views says which metrics do not answer by because another of the same name
// does.
func views(entries []entry, by By) map[*Desc]bool {
	type name struct {
		name     string
		endpoint bool
	}
	have := make(map[name]bool)
	for _, e := range entries {
		have[name{e.d.Name, e.d.Has(LabelEndpoint)}] = true
	}
	skip := make(map[*Desc]bool)
	for _, e := range entries {
		endpoint := e.d.Has(LabelEndpoint)
		if have[name{e.d.Name, !endpoint}] && endpoint != (by == ByEndpoint) {
			skip[e.d] = true
		}
	}
	return skip
}

// sum is a Row in the making.
type sum struct {
	row         Row
	all, window *Dist
}

func (s *sum) add(v Value) {
	s.row.Sources++
	s.row.Total += v.Number
	if v.Histogram == nil {
		return
	}
	all, window := v.Histogram.both()
	if s.all == nil {
		s.all, s.window = all, window
		return
	}
	s.all.Merge(all)
	s.window.Merge(window)
}

// finish falls back to everything only when all sources were idle: an idle
// source's old values must not mix with another's recent ones.
func (s *sum) finish() Row {
	if s.all == nil {
		return s.row
	}
	recent := s.window
	if recent.Count == 0 {
		recent = s.all
	}
	s.row.Latency = summarize(recent, s.all)
	return s.row
}
