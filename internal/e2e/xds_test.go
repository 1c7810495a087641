package e2e

import (
	"strings"
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
	plane := ads.New(t, ads.Params{Node: "host-7"})
	c := conf{
		discover: "xds://" + plane.Address + "/web", process: "zone = \"a\"",
		more: "[xds]\nnode_id = \"host-7\"\nvariant = \"" + variant + "\"\n",
	}
	p := launch(t, "", c)
	set := func(version string, change func(*endpointv3.ClusterLoadAssignment), backends ...*backend) {
		a := ads.Load(t, "web")
		for _, b := range backends {
			a.Endpoints[0].LbEndpoints = append(a.Endpoints[0].LbEndpoints, ads.Endpoint(t, b.address()))
		}
		if change != nil {
			change(a)
		}
		plane.Set(version, ads.Clusters("web"), a)
	}
	uses := func(backends ...*backend) {
		t.Helper()
		var want []string
		for _, b := range backends {
			want = append(want, b.address())
		}
		await(t, "the endpoints "+joined(want...), func() bool { return p.admin.addresses() == joined(want...) })
	}
	shows := func(path, text string) {
		t.Helper()
		await(t, text+" on "+path, func() bool {
			_, page := p.admin.get(path)
			return strings.Contains(page, text)
		})
	}
	if code := p.admin.status("/ready"); code != 503 {
		t.Errorf("ready %d before any endpoint is known", code)
	}
	set("1", nil, one, two)
	await(t, "ready", func() bool { return p.admin.status("/ready") == 200 })
	uses(one, two)
	l := (&load{t: t, d: drivers()[0], address: p.port, clients: 8}).begin()
	l.more(100)

	set("2", nil, one, two, three)
	uses(one, two, three)
	l.more(100)
	set("3", func(a *endpointv3.ClusterLoadAssignment) {
		a.Endpoints[0].LbEndpoints[0].HealthStatus = corev3.HealthStatus_DRAINING
		a.Endpoints[0].LbEndpoints[1].LoadBalancingWeight = ads.Weight(3)
	}, one, two, three)
	uses(two, three)
	l.more(100)
	// One is the better choice; the others stand by.
	set("4", func(a *endpointv3.ClusterLoadAssignment) {
		first := &endpointv3.LocalityLbEndpoints{Locality: &corev3.Locality{Zone: "a"}, LbEndpoints: a.Endpoints[0].LbEndpoints[:1]}
		spare := &endpointv3.LocalityLbEndpoints{Priority: 1, LbEndpoints: a.Endpoints[0].LbEndpoints[1:]}
		a.Endpoints = []*endpointv3.LocalityLbEndpoints{spare, first}
	}, one, two, three)
	uses(one, two, three)
	l.more(100)

	set("5", func(a *endpointv3.ClusterLoadAssignment) { a.Endpoints[0].Priority = 1000 }, two)
	plane.AwaitRefused("priority 1000")
	shows("/xds", "priority 1000")
	shows("/discovery", "what was known before stays")
	uses(one, two, three)
	set("6", nil, one, two)
	uses(one, two)

	plane.Stop()
	shows("/discovery", "no stream with")
	l.more(100)
	uses(one, two)
	plane.Restart()
	set("1", nil, two, three)
	uses(two, three)
	l.more(100)

	// All at once are gone, of the cluster and then with it: that is held.
	set("2", nil)
	shows("/discovery", "tells no endpoints of the cluster")
	l.more(100)
	set("3", nil, two, three)
	uses(two, three)
	plane.Set("4", []*clusterv3.Cluster{})
	shows("/discovery", "any more")
	l.more(100)
	set("5", nil, two, three)
	uses(two, three)

	before := plane.Streams()
	c.more += "region = \"eu\"\n"
	p.reload(c, "configuration reloaded")
	await(t, "a stream with the new settings", func() bool {
		nodes := plane.Nodes()
		return plane.Streams() > before && nodes[len(nodes)-1].GetLocality().GetRegion() == "eu" && nodes[len(nodes)-1].GetLocality().GetZone() == "a"
	})
	set("6", nil, one, two, three)
	uses(one, two, three)
	l.more(100)
	l.end().clean(t)
	if n := p.admin.scraped("sidecar_xds_refused_total"); n < 1 {
		t.Errorf("sidecar_xds_refused_total is %v", n)
	}
	shows("/xds", `"variant": "`+variant+`"`)
}
