package dns

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	mdns "github.com/miekg/dns"

	"sidecar/discovery"
)

const (
	// maxTargets is how many targets of a service are resolved.
	maxTargets = 1000
	// maxFound is how many endpoints a service may have: each target may have
	// thousands of addresses, and be named with a thousand ports.
	maxFound = 10000
	// lightest is the weight of a target of weight 0 beside others: "a very
	// small chance of being selected" (RFC 2782).
	lightest = 0.01
)

// resolveServices finds the endpoints of an SRV name. A target whose addresses
// cannot be found out fails it all: without it the set would be a part.
func (s *Source) resolveServices(ctx context.Context) (result, error) {
	a, err := s.lookup.services(ctx, s.target.name)
	if err != nil || a.none != "" {
		return result{none: a.none, wait: again(a.ttl, true)}, err
	}
	records := slices.DeleteFunc(a.services, func(r *mdns.SRV) bool { return r.Target == "." || r.Port == 0 })
	if len(records) == 0 {
		return result{none: s.target.name + " is decidedly not available: its target is \".\"", wait: again(a.ttl, true)}, nil
	}
	if len(records) > maxTargets {
		return result{}, fmt.Errorf("dns: %s has %d targets: expected at most %d", s.target.name, len(records), maxTargets)
	}
	out := result{}
	ttl := a.ttl
	found := map[string]answer{} // by target: several records may name one
	for _, r := range records {
		h, known := found[r.Target]
		if !known {
			if h, err = s.lookup.host(ctx, r.Target, s.target.family); err != nil {
				return result{}, err
			}
			found[r.Target] = h
			ttl = min(ttl, again(h.ttl, h.none != ""))
		}
		if len(out.endpoints)+len(h.addresses) > maxFound {
			return result{}, fmt.Errorf("dns: %s has more than %d endpoints", s.target.name, maxFound)
		}
		out.endpoints = append(out.endpoints, endpointsOf(r, h, records)...)
	}
	if len(out.endpoints) == 0 {
		out.none = "no target of " + s.target.name + " has an address"
	}
	out.wait = again(ttl, out.none != "")
	return out, nil
}

// endpointsOf are the endpoints of one record, which share its weight.
func endpointsOf(r *mdns.SRV, h answer, all []*mdns.SRV) []discovery.Endpoint {
	var list []discovery.Endpoint
	for _, ip := range h.addresses {
		list = append(list, discovery.Endpoint{
			Address:  net.JoinHostPort(ip.String(), strconv.Itoa(int(r.Port))),
			Weight:   weightOf(r, all) / float64(len(h.addresses)),
			Priority: rank(r, all),
			TLSName:  strings.ToLower(strings.TrimSuffix(r.Target, ".")),
		})
	}
	return list
}

// weightOf is the weight of r among those of its priority, 1 if all are 0.
func weightOf(r *mdns.SRV, all []*mdns.SRV) float64 {
	if r.Weight > 0 {
		return float64(r.Weight)
	}
	if slices.ContainsFunc(all, func(o *mdns.SRV) bool { return o.Priority == r.Priority && o.Weight > 0 }) {
		return lightest
	}
	return 1
}

// rank is the number of r's priority among those that there are: its own may be
// up to 65535.
func rank(r *mdns.SRV, all []*mdns.SRV) int {
	lower := map[uint16]bool{}
	for _, o := range all {
		if o.Priority < r.Priority {
			lower[o.Priority] = true
		}
	}
	return min(len(lower), discovery.MaxPriority)
}

// result is what one round of questions came to.
type result struct {
	endpoints []discovery.Endpoint
	none      string // why there are none
	wait      time.Duration
}
