package daemon

import (
	"fmt"
	"strings"
	"time"

	"sidecar"
	"sidecar/admin"
	"sidecar/upstream"
	"sidecar/varz"
)

// overview is what the page at / shows.
func (d *daemon) overview() admin.Overview {
	var o admin.Overview
	_, told := d.ready() // the page has it, too
	for _, r := range d.ups.sorted() {
		s := r.cluster.Discovery()
		if s.Err != nil && !strings.HasPrefix(told, r.name+": ") {
			o.Notes = append(o.Notes, "upstream "+r.name+": discovery: "+s.Err.Error())
		}
		if s.Held != "" {
			o.Notes = append(o.Notes, "upstream "+r.name+": "+s.Held)
		}
		if subset, is := r.cluster.Subset(); is && subset.Error != "" {
			o.Notes = append(o.Notes, "upstream "+r.name+": "+subset.Error)
		}
		for _, one := range r.cluster.Drops() {
			o.Notes = append(o.Notes, fmt.Sprintf("upstream %s: %g %% of the requests are wanted dropped (%s); drop_overload is %s",
				r.name, 100*one.Share, one.Category, one.Mode))
		}
		if why := s.Nothing(); why != "" {
			o.Notes = append(o.Notes, "upstream "+r.name+": no endpoints: "+why)
		}
		if note := circuitNote(r); note != "" {
			o.Notes = append(o.Notes, "upstream "+r.name+": "+note)
		}
		focus := r.cluster.Focus()
		if focus.Peers != "" {
			o.Facts = append(o.Facts, placeFact(r.name, focus))
		}
		for _, e := range r.cluster.Rows() {
			o.Endpoints = append(o.Endpoints, admin.Endpoint{
				Upstream: r.name, Address: e.Address, State: e.State, Why: e.Why, Pending: e.Pending,
				Connections: int64(e.Pool.Size), Role: roleOf(e.Labels), InAperture: e.InAperture, Requests: e.Requests, Failures: e.Failures,
				P50: e.P50, P99: e.P99, Age: e.Age.Round(time.Second), Source: e.Source,
			})
		}
	}
	o.Notes = append(o.Notes, d.zk.announced.notes()...)
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

// roleOf is what an endpoint is to its service, "" if it is one of many alike.
func roleOf(labels map[string]string) string {
	if node := labels["node"]; node != "" {
		return "node " + node
	}
	return labels["role"]
}

// placeFact is the place among the peers in words. People compare the hash with
// that of another sidecar.
func placeFact(name string, f upstream.Focus) string {
	text := "upstream " + name + ": no place among the peers"
	if f.Place != "" {
		text = fmt.Sprintf("upstream %s: place %s among the peers, vector_hash %d", name, f.Place, f.VectorHash)
	}
	text += fmt.Sprintf(", from %s; %d endpoints in use, %d not", f.Peers, f.Size, f.Idle)
	if f.Note != "" {
		text += "; " + f.Note
	}
	return text
}
