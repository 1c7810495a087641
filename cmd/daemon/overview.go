package daemon

import (
	"time"

	"sidecar"
	"sidecar/admin"
	"sidecar/varz"
)

// overview is what the page at / shows.
func (d *daemon) overview() admin.Overview {
	var o admin.Overview
	for _, r := range d.ups.sorted() {
		s := r.cluster.Discovery()
		if s.Err != nil {
			o.Notes = append(o.Notes, "upstream "+r.name+": discovery: "+s.Err.Error())
		}
		if s.Held != "" {
			o.Notes = append(o.Notes, "upstream "+r.name+": "+s.Held)
		}
		for _, e := range r.cluster.Rows() {
			o.Endpoints = append(o.Endpoints, admin.Endpoint{
				Upstream: r.name, Address: e.Address, State: pageState(e.State), Why: e.Why, Pending: e.Pending,
				Connections: int64(e.Pool.Size), InAperture: e.InAperture, Requests: e.Requests, Failures: e.Failures,
				P50: e.P50, P99: e.P99, Age: e.Age.Round(time.Second), Source: e.Source,
			})
		}
	}
	for _, f := range d.fronts {
		cfg := f.cfg.Load()
		s := varz.Source{Listener: cfg.Name}
		l := admin.Listener{
			Name: cfg.Name, Protocol: cfg.Protocol, Address: f.ln.Addr().String(), Upstream: cfg.Upstream,
			Connections: d.registry.Gauge(varz.ListenerConnections, s).Value(),
			Parked:      d.registry.Gauge(varz.ListenerParked, s).Value(),
			Requests:    d.registry.Counter(varz.ListenerRequests, s).Value(),
		}
		for reason := range sidecar.ReasonCount {
			s.Reason = reason.String()
			l.Failures += d.registry.Counter(varz.ListenerFailures, s).Value()
		}
		o.Listeners = append(o.Listeners, l)
	}
	return o
}

func pageState(s string) string {
	if s == "leaving" {
		return "closed"
	}
	return s
}
