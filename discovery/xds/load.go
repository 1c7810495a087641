package xds

import (
	"errors"
	"fmt"
	"math"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"

	"sidecar/discovery"
)

// maxEndpoints is how many endpoints a cluster may have, as any list.
const maxEndpoints = 100_000

// members are the endpoints of a cluster.
type members struct {
	set       []discovery.Endpoint
	announced int // with those that are not to be used
	retired   []string
	drops     []discovery.Drop
	names     []string // addresses of the set that are names and are to be resolved, each once
	family    string   // of the addresses that they are resolved to, see Params.Resolve
}

// empty says why nothing is in the set, for people.
func (m members) empty() string {
	switch {
	case len(m.set) > 0:
		return ""
	case m.announced == 0:
		return "the control plane tells no endpoints of the cluster"
	}
	return fmt.Sprintf("all %d endpoints of the cluster are unhealthy, draining or without load", m.announced)
}

// parseLoad makes endpoints of an assignment, or says why it cannot be used: one
// bad endpoint refuses all of it, as the protocol has it, or sidecars would
// each use a different part of what their operator wrote.
func parseLoad(a *endpointv3.ClusterLoadAssignment) (members, error) {
	var m members
	var err error
	if m.drops, err = parseDrops(a.GetPolicy().GetDropOverloads()); err != nil {
		return members{}, err
	}
	for _, l := range a.GetEndpoints() {
		if m.announced += len(l.GetLbEndpoints()); m.announced > maxEndpoints {
			return members{}, fmt.Errorf("more than the limit of %d endpoints", maxEndpoints)
		}
	}
	shares, err := newShares(a.GetEndpoints())
	if err != nil {
		return members{}, err
	}
	m.set = make([]discovery.Endpoint, 0, m.announced)
	var idle []idler
	for i, l := range a.GetEndpoints() {
		if m.set, idle, err = appendLocality(m.set, idle, l, shares[i]); err != nil {
			return members{}, fmt.Errorf("endpoints[%d].%w", i, err)
		}
	}
	m.retired = retired(m.set, idle)
	return m, nil
}

// idler is an endpoint that is not to be used.
type idler struct {
	address  string
	priority int
	meant    bool // on purpose
}

// retired are those that need not be held when they go: what is not to be used
// on purpose, and what is unwell where others stand by for that. The unwell
// without any such are held as if they were lost, when they are most: whoever
// looks after their health may be wrong, and the few that are left would break.
func retired(set []discovery.Endpoint, idle []idler) (all []string) {
	last := 0
	for i := range set {
		last = max(last, set[i].Priority)
	}
	for _, e := range idle {
		if e.meant || e.priority < last {
			all = append(all, e.address)
		}
	}
	return all
}

// appendLocality appends the usable endpoints of a locality, whose weights are
// multiplied by share, and the others.
func appendLocality(set []discovery.Endpoint, idle []idler, l *endpointv3.LocalityLbEndpoints, share float64) ([]discovery.Endpoint, []idler, error) {
	switch {
	case l.GetPriority() > discovery.MaxPriority:
		return nil, nil, fmt.Errorf("priority %d: expected 0 to %d", l.GetPriority(), discovery.MaxPriority)
	case l.GetLbConfig() != nil:
		return nil, nil, errors.New("lb_config: expected lb_endpoints")
	}
	place := newPlace(l.GetLocality())
	for i, e := range l.GetLbEndpoints() {
		if e.GetEndpointName() != "" {
			return nil, nil, fmt.Errorf("lb_endpoints[%d].endpoint_name: expected endpoint", i)
		}
		at, err := address(e.GetEndpoint().GetAddress())
		if err != nil {
			return nil, nil, fmt.Errorf("lb_endpoints[%d]: %w", i, err)
		}
		if h := e.GetHealthStatus(); share == 0 || !usable(h) {
			idle = append(idle, idler{at, int(l.GetPriority()), share == 0 || h == corev3.HealthStatus_DRAINING})
			continue
		}
		one := discovery.Endpoint{
			Address: at, Weight: weightOf(e) * share, Zone: place.zone, Priority: int(l.GetPriority()), Name: limited(e.GetEndpoint().GetHostname()),
		}
		place.describe(&one, e.GetMetadata())
		set = append(set, one)
	}
	return set, idle, nil
}

// usable tells whether an endpoint of that health gets requests. One that is
// only degraded does: it is the best there is in its place, and its own
// failures tell the rest.
func usable(h corev3.HealthStatus) bool {
	switch h {
	case corev3.HealthStatus_UNHEALTHY, corev3.HealthStatus_DRAINING, corev3.HealthStatus_TIMEOUT:
		return false
	}
	return true
}

// weightOf is 1 where nothing is said.
func weightOf(e *endpointv3.LbEndpoint) float64 {
	if w := e.GetLoadBalancingWeight().GetValue(); w > 0 {
		return float64(w)
	}
	return 1
}

// newShares gives for each locality what the weights of its endpoints are
// multiplied by, 0 for no load.
//
// A locality's weight is the part of its priority's load that the locality gets
// as a whole, however many endpoints it has. So its endpoints' weights are
// multiplied by that over their own sum; related to the same of the whole
// priority, that a weight of 1 stays about a normal one, and exactly itself
// where localities weigh what their endpoints do. Endpoints that are not to be
// used count in the sum: if one drains, the others' weights do not change, and a
// locality of which little is left does not get all of its load.
//
// Where no locality of a priority has a weight, nobody meant to balance by them.
// Where some have one, none is no load, as in Envoy and in gRPC.
func newShares(all []*endpointv3.LocalityLbEndpoints) ([]float64, error) {
	type sums struct{ localities, endpoints float64 }
	own := make([]float64, len(all))
	by := map[uint32]sums{}
	for i, l := range all {
		for _, e := range l.GetLbEndpoints() {
			own[i] += weightOf(e)
		}
		w := l.GetLoadBalancingWeight().GetValue()
		if own[i] == 0 || w == 0 {
			continue
		}
		s := by[l.GetPriority()]
		s.localities += float64(w)
		s.endpoints += own[i]
		if s.localities > math.MaxUint32 {
			return nil, fmt.Errorf("the weights of the localities of priority %d come to more than 4294967295", l.GetPriority())
		}
		by[l.GetPriority()] = s
	}
	shares := make([]float64, len(all))
	for i, l := range all {
		s, w := by[l.GetPriority()], float64(l.GetLoadBalancingWeight().GetValue())
		switch {
		case s.localities == 0:
			shares[i] = 1
		case own[i] > 0:
			shares[i] = w / own[i] * s.endpoints / s.localities
		}
	}
	return shares, nil
}
