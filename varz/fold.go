package varz

// Departed is the endpoint under which the counts of removed endpoints are
// kept, so that sums never fall.
const Departed = "departed"

// Other is the value of every label of the series that takes what is beyond
// the bound of series.
const Other = "other"

// other is the source of a Desc's last resort.
func other(d *Desc) Source {
	var s Source
	for _, l := range d.Labels {
		*s.field(l) = Other
	}
	return s
}

// Remove takes out the series for which gone says true: gauges vanish,
// counters and histograms of an endpoint are added to the series of Departed
// that is otherwise the same. A counter without the endpoint label stays, as
// it has no departed kin and its sum must not fall.
//
// What is counted through an old pointer afterwards is lost, so remove an
// endpoint when the last exchange has left it, and not while another
// of the same name is in use. gone is called with a lock held and must not use
// the registry.
func (r *Registry) Remove(gone func(d *Desc, s Source) bool) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	left := map[*Source]bool{}
	for d, f := range r.families {
		for s, v := range f {
			if s.Endpoint == Departed || !gone(d, *s) || d.Kind != KindGauge && !d.Has(LabelEndpoint) {
				continue
			}
			delete(f, s)
			left[s] = true
			if d.Kind != KindGauge {
				r.depart(f, *s, v)
			}
		}
	}
	for s := range left {
		r.disown(s)
	}
}

// depart adds v's counts to the departed kin of s.
func (r *Registry) depart(f family, s Source, v *series) {
	s.Endpoint = Departed
	at := r.own(s)
	into := f[at]
	if into == nil {
		// A pointer of v may still be counted through by an exchange that
		// the caller overlooked: keep the object itself and lose nothing.
		f[at] = v
		return
	}
	if v.counter != nil {
		into.counter.Add(v.counter.Value())
		return
	}
	into.hist.absorb(v.hist)
}
