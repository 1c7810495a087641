package varz

import (
	"cmp"
	"slices"
	"sync"
)

// maxSeries is how many series one Desc may have. Names that come from
// discovery or from configuration are bounded elsewhere; this is for the
// mistake of an unbounded one, which must not fill memory and /metrics.
const maxSeries = 100000

// Registry holds every series. Its zero value is ready, and a nil one gives
// out counters that nobody reads, for tests. Safe for concurrent use; nothing
// in it is hot, since callers keep the pointers that it returns.
type Registry struct {
	mu       sync.Mutex
	families map[*Desc]family
	sources  map[Source]*Source // the one of each that families have as keys
	folded   Gauge              // requests for a series that maxSeries refused
}

// family is the series of one Desc. The key is the Registry's own copy of the
// Source: of ten thousand endpoints each has a dozen series, and five strings
// for each would be most of what the registry takes.
type family map[*Source]*series

// series is one (Desc, Source); one of the four is set, by kind.
type series struct {
	counter *Counter
	gauge   *Gauge
	hist    *Histogram
	f       func() float64
}

// Value is one series' value: a number in base units (seconds, bytes), or the
// live histogram.
type Value struct {
	Number    float64
	Histogram *Histogram
}

// Counter gives the counter of d at s, made if need be. The same pointer is
// returned for an equal s until Remove.
func (r *Registry) Counter(d *Desc, s Source) *Counter {
	d.must(KindCounter)
	if r == nil {
		return new(Counter)
	}
	return r.get(d, s, func() *series { return &series{counter: new(Counter)} }).counter
}

// Gauge gives the gauge of d at s, made if need be. What GaugeFunc put there
// before is replaced.
func (r *Registry) Gauge(d *Desc, s Source) *Gauge {
	d.must(KindGauge)
	if r == nil {
		return new(Gauge)
	}
	return r.get(d, s, func() *series { return &series{gauge: new(Gauge)} }).gauge
}

// Histogram gives the histogram of d at s, made if need be.
func (r *Registry) Histogram(d *Desc, s Source) *Histogram {
	d.must(KindHistogram)
	if r == nil {
		return new(Histogram)
	}
	return r.get(d, s, func() *series { return &series{hist: new(Histogram)} }).hist
}

// GaugeFunc makes f the value of d at s, in base units, in place of what was
// there. f is called at each reading, from any goroutine and without a lock of
// the registry; it must not block. Beyond the bound of series f is dropped.
func (r *Registry) GaugeFunc(d *Desc, s Source, f func() float64) {
	d.must(KindGauge)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s = s.only(d.Labels)
	if at := r.place(d, s); *at == s {
		r.families[d][at] = &series{f: f}
	}
}

func (d *Desc) must(k Kind) {
	if d.Kind != k {
		panic("varz: " + d.Name + " is a " + d.Kind.String() + ", not a " + k.String())
	}
}

func (r *Registry) get(d *Desc, s Source, fresh func() *series) *series {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.place(d, s.only(d.Labels))
	found := r.families[d][at]
	if found == nil || found.f != nil {
		found = fresh()
		r.families[d][at] = found
	}
	return found
}

// place is where the series of s belongs: s itself, or beyond the bound the
// one series "other"; with mu held. The family exists afterwards.
func (r *Registry) place(d *Desc, s Source) *Source {
	f := r.families[d]
	if f == nil {
		if r.families == nil {
			r.families, r.sources = make(map[*Desc]family), make(map[Source]*Source)
		}
		f = make(family)
		r.families[d] = f
	}
	if f[r.sources[s]] != nil || len(f) < maxSeries || len(d.Labels) == 0 {
		return r.own(s)
	}
	r.folded.Add(1)
	return r.own(other(d))
}

// own is the registry's copy of s; with mu held.
func (r *Registry) own(s Source) *Source {
	p := r.sources[s]
	if p == nil {
		p = &s
		r.sources[s] = p
	}
	return p
}

// disown forgets p if no series is left there; with mu held.
func (r *Registry) disown(p *Source) {
	for _, f := range r.families {
		if f[p] != nil {
			return
		}
	}
	delete(r.sources, *p)
}

// Rotate moves the recent window of every histogram on; the registry's owner
// calls it each 30 s.
func (r *Registry) Rotate() {
	if r == nil {
		return
	}
	var all []*Histogram // and not entries: most series are none, and there may be many
	r.mu.Lock()
	for d, f := range r.families {
		if d.Kind != KindHistogram {
			continue
		}
		for _, v := range f {
			all = append(all, v.hist)
		}
	}
	r.mu.Unlock()
	for _, h := range all {
		h.Rotate()
	}
}

// entry is one series with its name, taken out of the maps for reading.
type entry struct {
	d *Desc
	s Source
	v *series
}

// entries is every series, sorted by name and source.
func (r *Registry) entries() []entry {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	n := 1
	for _, f := range r.families {
		n += len(f)
	}
	all := make([]entry, 0, n)
	for d, f := range r.families {
		for s, v := range f {
			all = append(all, entry{d, *s, v})
		}
	}
	r.mu.Unlock()
	all = append(all, entry{SeriesFolded, Source{}, &series{gauge: &r.folded}})
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.d.Name, b.d.Name), cmp.Compare(a.d.Prom, b.d.Prom), a.s.compare(b.s))
	})
	return all
}

// Each calls f for every series, sorted by name and source. No lock is held:
// f may use the registry, and series made meanwhile are not told.
func (r *Registry) Each(f func(d *Desc, s Source, v Value)) {
	for _, e := range r.entries() {
		f(e.d, e.s, e.v.value(e.d))
	}
}

func (v *series) value(d *Desc) Value {
	scale := 1.0
	if d.Nanoseconds {
		scale = 1e-9
	}
	switch {
	case v.counter != nil:
		return Value{Number: float64(v.counter.Value()) * scale}
	case v.gauge != nil:
		return Value{Number: float64(v.gauge.Value()) * scale}
	case v.f != nil:
		return Value{Number: v.f()}
	default:
		return Value{Histogram: v.hist}
	}
}
