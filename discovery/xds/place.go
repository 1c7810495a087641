package xds

import (
	"maps"
	"slices"
	"strconv"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"sidecar/discovery"
)

const (
	// maxLabels is how many labels of an endpoint are kept, and maxLabel how
	// many bytes of a key or value: what is more is left out. They cost memory
	// for each of perhaps a hundred thousand endpoints.
	maxLabels = 32
	maxLabel  = 256
	// labelSpace is the part of the metadata that Envoy's subsets go by.
	labelSpace = "envoy.lb"
	// ownSpace is the part that speaks to this process: identity, tls_name.
	ownSpace = "sidecar"
)

// place is what the endpoints of a locality have in common.
type place struct {
	zone   string
	labels map[string]string // shared by those that have none of their own
}

func newPlace(l *corev3.Locality) place {
	p := place{zone: limited(l.GetZone())}
	if p.zone == "" {
		p.zone = limited(l.GetRegion())
	}
	add := func(name, value string) {
		if value != "" {
			if p.labels == nil {
				p.labels = map[string]string{}
			}
			p.labels[name] = limited(value)
		}
	}
	add("region", l.GetRegion())
	add("sub_zone", l.GetSubZone())
	return p
}

// describe adds what an endpoint's metadata says to that of its place.
func (p place) describe(e *discovery.Endpoint, m *corev3.Metadata) {
	e.Labels = p.labels
	if own := m.GetFilterMetadata()[ownSpace].GetFields(); len(own) > 0 {
		e.Identity = limited(own["identity"].GetStringValue())
		e.TLSName = limited(own["tls_name"].GetStringValue())
	}
	fields := m.GetFilterMetadata()[labelSpace].GetFields()
	if len(fields) == 0 {
		return
	}
	e.Labels = maps.Clone(p.labels)
	if e.Labels == nil {
		e.Labels = make(map[string]string, min(len(fields), maxLabels))
	}
	// In order, so that each process leaves out the same.
	names := slices.Sorted(maps.Keys(fields))
	for _, name := range names[:min(len(names), maxLabels)] {
		if text, ok := plain(fields[name]); ok && len(name) <= maxLabel && len(text) <= maxLabel && printable(name) && printable(text) {
			e.Labels[name] = text
		}
	}
}

// plain is a value as a label; lists and structs are none.
func plain(v *structpb.Value) (string, bool) {
	switch k := v.GetKind().(type) {
	case *structpb.Value_StringValue:
		return k.StringValue, true
	case *structpb.Value_NumberValue:
		return strconv.FormatFloat(k.NumberValue, 'g', -1, 64), true
	case *structpb.Value_BoolValue:
		return strconv.FormatBool(k.BoolValue), true
	}
	return "", false
}

// limited is s if it can be kept, else "".
func limited(s string) string {
	if len(s) > maxLabel || !printable(s) {
		return ""
	}
	return s
}
