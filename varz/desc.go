package varz

import (
	"cmp"
	"slices"
)

// Kind is how a metric behaves.
type Kind uint8

// The kinds.
const (
	KindCounter Kind = iota
	KindGauge
	KindHistogram
	kinds
)

var kindNames = [kinds]string{"counter", "gauge", "histogram"}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "unknown"
}

// Label is one field of a Source.
type Label uint8

// The labels, in the order of Source's fields.
const (
	LabelService Label = iota
	LabelEndpoint
	LabelOperation
	LabelListener
	LabelReason
	LabelTopic
	LabelClient
	LabelVersion
	labels
)

var labelNames = [labels]string{"service", "endpoint", "operation", "listener", "reason", "topic", "client", "version"}

func (l Label) String() string {
	if l < labels {
		return labelNames[l]
	}
	return "unknown"
}

// Desc describes one metric. Descs are package-level values that are never
// changed; a registry knows them by address.
type Desc struct {
	// Name is the name in /varz: that of the scales library where it had the
	// thing, else sidecar.*.
	Name string
	// Prom is the name in /metrics, by the rules of Prometheus.
	Prom string
	Help string
	Kind Kind
	// Labels are the fields of a Source that tell its series apart; a
	// registry blanks the others.
	Labels []Label
	// Nanoseconds: a counter or gauge counts nanoseconds and is shown in
	// seconds. Histograms always do.
	Nanoseconds bool
}

// Has tells whether the metric has the label.
func (d *Desc) Has(l Label) bool { return slices.Contains(d.Labels, l) }

// Source is where a value comes from. Compared by value. Service is the
// upstream's name.
type Source struct {
	Service, Endpoint, Operation, Listener, Reason string
	// Topic, Client (the program that a client is, with its version) and Version (of
	// an API) come from the wire: whoever fills them bounds how many there are.
	Topic, Client, Version string
}

// field is the field for a label.
func (s *Source) field(l Label) *string {
	return [labels]*string{&s.Service, &s.Endpoint, &s.Operation, &s.Listener, &s.Reason, &s.Topic, &s.Client, &s.Version}[l]
}

// Get is the value of a label.
func (s Source) Get(l Label) string { return *s.field(l) }

// only is s without the fields that are not among ls.
func (s Source) only(ls []Label) Source {
	var out Source
	for _, l := range ls {
		*out.field(l) = s.Get(l)
	}
	return out
}

func (s Source) compare(o Source) int {
	return cmp.Or(cmp.Compare(s.Service, o.Service), cmp.Compare(s.Endpoint, o.Endpoint),
		cmp.Compare(s.Operation, o.Operation), cmp.Compare(s.Listener, o.Listener),
		cmp.Compare(s.Reason, o.Reason), cmp.Compare(s.Topic, o.Topic),
		cmp.Compare(s.Client, o.Client), cmp.Compare(s.Version, o.Version))
}
