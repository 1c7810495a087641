package e2e

import (
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"

	"sidecar/internal/ads"
)

// One sidecar goes by a control plane that adds, drains, weighs and orders
// endpoints, tells nonsense, forgets all of them, and dies and comes back with
// other versions; its settings are reloaded meanwhile. Nobody who sends requests
// sees any of it.
func TestControlPlaneUnderLoad(t *testing.T) {
	for _, variant := range []string{"delta", "sotw"} {
		t.Run(variant, func(t *testing.T) { controlPlaneUnderLoad(t, variant) })
	}
}

func controlPlaneUnderLoad(t *testing.T, variant string) {
	one, two, three := newBackend(t), newBackend(t), newBackend(t)
	r := newRuled(t, variant)
	if code := r.p.admin.status("/ready"); code != 503 {
		t.Errorf("ready %d before any endpoint is known", code)
	}
	r.set("1", nil, one, two)
	await(t, "ready", func() bool { return r.p.admin.status("/ready") == 200 })
	r.uses("at the start", one, two)
	l := r.begin()
	r.set("2", nil, one, two, three)
	r.uses("after one is added", one, two, three)
	l.more(100)
	r.set("3", func(a *endpointv3.ClusterLoadAssignment) {
		a.Endpoints[0].LbEndpoints[0].HealthStatus = corev3.HealthStatus_DRAINING
		a.Endpoints[0].LbEndpoints[1].LoadBalancingWeight = ads.Weight(3)
	}, one, two, three)
	r.uses("after one drains", two, three)
	l.more(100)
	// One is the better choice; the others stand by.
	r.set("4", func(a *endpointv3.ClusterLoadAssignment) {
		first := &endpointv3.LocalityLbEndpoints{Locality: &corev3.Locality{Zone: "a"}, LbEndpoints: a.Endpoints[0].LbEndpoints[:1]}
		spare := &endpointv3.LocalityLbEndpoints{Priority: 1, LbEndpoints: a.Endpoints[0].LbEndpoints[1:]}
		a.Endpoints = []*endpointv3.LocalityLbEndpoints{spare, first}
	}, one, two, three)
	r.uses("after it is back", one, two, three)
	l.more(100)

	r.nonsense(two)
	r.uses("after nonsense", one, two, three)
	r.set("6", nil, one, two)
	r.uses("after a good one", one, two)

	r.plane.Stop()
	r.shows("/discovery", "no stream with")
	l.more(100)
	r.uses("without a control plane", one, two)
	r.plane.Restart()
	r.set("1", nil, two, three)
	r.uses("after its restart", two, three)
	l.more(100)

	// All at once are gone, of the cluster and then with it: that is held.
	r.set("2", nil)
	r.shows("/discovery", "tells no endpoints of the cluster")
	l.more(100)
	r.set("3", nil, two, three)
	r.uses("after an empty answer", two, three)
	r.plane.Set("4", []*clusterv3.Cluster{})
	r.shows("/discovery", "any more")
	l.more(100)
	r.set("5", nil, two, three)
	r.uses("after a removed cluster", two, three)

	before := r.plane.Streams()
	r.conf.more += "region = \"eu\"\n"
	r.p.reload(r.conf, "configuration reloaded")
	await(t, "a stream with the new settings", func() bool {
		nodes := r.plane.Nodes()
		return r.plane.Streams() > before && nodes[len(nodes)-1].GetLocality().GetRegion() == "eu" && nodes[len(nodes)-1].GetLocality().GetZone() == "a"
	})
	r.set("6", nil, one, two, three)
	r.uses("with other settings", one, two, three)
	l.more(100)
	l.end().clean(t)
	if n := r.p.admin.scraped("sidecar_xds_refused_total"); n < 1 {
		t.Errorf("sidecar_xds_refused_total is %v", n)
	}
	r.shows("/xds", `"variant": "`+variant+`"`)
}
