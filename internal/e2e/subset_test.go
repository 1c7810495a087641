package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"

	"sidecar/internal/ads"
)

// Two versions of a service stand in one list, and a reload moves the requests
// from one to the other: none fails.
func TestSubsetChangesByReloadUnderLoad(t *testing.T) {
	blue, green := newBackend(t), newBackend(t)
	list := filepath.Join(t.TempDir(), "endpoints.toml")
	text := fmt.Sprintf("[[endpoint]]\naddress = %q\nlabels = { color = \"blue\" }\n[[endpoint]]\naddress = %q\nlabels = { color = \"green\" }\n", blue.address(), green.address())
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := conf{address: freeAddress(t), discover: "file://" + list, upstream: `subset = { color = "blue" }`}
	p := start(t, "", c)
	l := (&load{t: t, d: drivers()[0], address: p.port, clients: 8}).begin()
	l.more(200)
	if n := green.begun.Load(); n != 0 {
		t.Errorf("%d requests came to the other version", n)
	}
	c.upstream = `subset = { color = "green" }`
	p.reload(c, "configuration reloaded")
	await(t, "requests at the other version", func() bool { return green.begun.Load() > 50 })
	at := blue.begun.Load()
	l.more(200)
	if now := blue.begun.Load(); now > at+8 { // those that had begun
		t.Errorf("%d requests still came to the first", now-at)
	}
	l.end().clean(t)
	if n := p.admin.scraped("sidecar_subset_left_out_endpoints"); n != 1 {
		t.Errorf("sidecar_subset_left_out_endpoints is %v", n)
	}
	c.upstream = `subset = { color = "grene" }`
	p.reload(c, "configuration reloaded")
	for _, path := range []string{"/upstreams", "/discovery"} {
		if _, page := p.admin.get(path); !strings.Contains(page, "none of 2 endpoints has the labels of the subset (color=grene)") {
			t.Errorf("%s does not say that the subset is empty: %s", path, page)
		}
	}
	if _, failed := timed(t, p.port, 5, 1); failed != 5 || p.admin.sum("sidecar.failures", "no_endpoints") != 5 {
		t.Errorf("%d of 5 requests to an empty subset failed", failed)
	}
}

// A control plane names the hosts of a cluster and leaves it to the sidecar to
// find their addresses.
func TestControlPlaneNamesTheHosts(t *testing.T) {
	b := newBackend(t)
	plane := ads.New(t, ads.Params{Node: "host-7"})
	name := strings.Replace(b.address(), "127.0.0.1", "localhost", 1)
	plane.Set("1", []*clusterv3.Cluster{{
		Name: "web", LoadAssignment: ads.Load(t, "web", name),
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STRICT_DNS},
	}})
	p := start(t, "", conf{discover: "xds://" + plane.Address + "/web", more: "[xds]\nnode_id = \"host-7\"\n"})
	if _, failed := timed(t, p.port, 20, 2); failed != 0 || p.admin.addresses() != b.address() {
		t.Errorf("%d of 20 requests failed at %s", failed, p.admin.addresses())
	}
}

// A control plane has all requests of a category dropped, and then none.
func TestControlPlaneHasRequestsDropped(t *testing.T) {
	b := newBackend(t)
	plane := ads.New(t, ads.Params{Node: "host-7"})
	c := conf{address: freeAddress(t), discover: "xds://" + plane.Address + "/web", more: "[xds]\nnode_id = \"host-7\"\n"}
	set := func(version string, percent uint32) {
		a := ads.Load(t, "web", b.address())
		a.Policy = &endpointv3.ClusterLoadAssignment_Policy{DropOverloads: []*endpointv3.ClusterLoadAssignment_Policy_DropOverload{
			{Category: "throttle", DropPercentage: &typev3.FractionalPercent{Numerator: percent}},
		}}
		plane.Set(version, ads.Clusters("web"), a)
	}
	set("1", 100)
	p := start(t, "", c)
	drops := func(what string, n int) {
		t.Helper()
		before := b.begun.Load()
		if _, failed := timed(t, p.port, 20, 1); failed != n || b.begun.Load()-before != int64(20-n) {
			t.Errorf("%s: %d of 20 failed, %d came to the backend; want %d", what, failed, b.begun.Load()-before, n)
		}
	}
	drops("all", 20)
	if n := p.admin.scraped("sidecar_drop_overload_refused_total", `service="web"`, `reason="throttle"`); n != 20 {
		t.Errorf("sidecar_drop_overload_refused_total is %v", n)
	}
	for _, path := range []string{"/upstreams", "/discovery"} {
		if _, page := p.admin.get(path); !strings.Contains(page, `"category": "throttle"`) {
			t.Errorf("%s does not show the category: %s", path, page)
		}
	}
	if why := p.admin.why("?reason=bulkhead_full"); len(why) == 0 {
		t.Error("/why has none of them")
	}
	c.upstream = `drop_overload = "dark"`
	p.reload(c, "configuration reloaded")
	drops("dark", 0)
	if n := p.admin.scraped("sidecar_drop_overload_dark_refused_total"); n != 20 {
		t.Errorf("sidecar_drop_overload_dark_refused_total is %v", n)
	}
	c.upstream = ""
	p.reload(c, "configuration reloaded")
	set("2", 0)
	await(t, "the end of the drops", func() bool {
		_, page := p.admin.get("/upstreams")
		return !strings.Contains(page, "throttle")
	})
	drops("none", 0)
}
