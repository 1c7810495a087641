package xds

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"sidecar/discovery"
	"sidecar/varz"
)

// Params are what Planes needs.
type Params struct {
	// Settings are asked for each connection; nil = none.
	Settings func() Settings
	// Resolve is the source of the addresses of a name, "host:port", in a
	// cluster of type STRICT_DNS; family is auto, 4, 6 or all, as in dns://. nil
	// resolves none, which is an error of such a cluster.
	Resolve  func(address, family string) (discovery.Source, error)
	Registry *varz.Registry // needed
	Log      *slog.Logger   // nil is no log
}

// Planes holds one stream to each control plane that some source names. Nothing
// runs and nothing is connected while there is none. It is safe for concurrent
// use.
type Planes struct {
	p    Params
	open discovery.Shared[*plane] // by address
}

// NewPlanes holds no connection yet.
func NewPlanes(p Params) *Planes {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Settings == nil {
		p.Settings = func() Settings { return Settings{} }
	}
	return &Planes{p: p}
}

// Source is the source of an xds:// URI for the upstream named service. It
// connects when it is run.
func (p *Planes) Source(uri, service string) (discovery.Source, error) {
	l, err := ParseLocation(uri)
	if err != nil {
		return nil, err
	}
	return &source{all: p, uri: uri, l: l, names: newNames(p.p.Resolve), log: p.p.Log.With("upstream", service, "source", uri)}, nil
}

// Reconnect makes every stream anew, with the settings that there are now.
func (p *Planes) Reconnect() {
	p.open.Each(func(one *plane, _ int) { one.reconnect() })
}

// join takes part in the stream to a control plane, which the first one makes.
func (p *Planes) join(ctx context.Context, l Location) *watch {
	one := p.open.Join(l.Server, func() *plane { return newPlane(ctx, l.Server, p.p) })
	w := &watch{all: p, plane: one, cluster: l.Cluster, wake: make(chan struct{}, 1)}
	one.add(w)
	return w
}

// leave ends the stream with its last user, and waits for its goroutines.
func (p *Planes) leave(w *watch) {
	w.plane.remove(w)
	p.open.Leave(w.plane.server)
}

// State is one control plane as people see it.
type State struct {
	Server    string
	Connected bool      // there is a stream, over which something came
	Since     time.Time // of Connected
	Variant   Variant   // of the stream; "" if there is none
	Sources   int       // that go by it
	Version   string    // of the clusters that were taken last; "" if that form has none
	Refused   string    // why the last response that was refused was; "" if none was
	Error     string    // why Connected is false
}

// States are all control planes, by their address.
func (p *Planes) States() []State {
	var all []State
	p.open.Each(func(one *plane, users int) {
		s := one.describe()
		s.Sources = users
		all = append(all, s)
	})
	slices.SortFunc(all, func(a, b State) int { return cmp.Compare(a.Server, b.Server) })
	return all
}
