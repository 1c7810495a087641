package xds

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	"google.golang.org/protobuf/proto"

	"sidecar/internal/ads"
)

func TestEndpointsComeAndGo(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		p.Set("1", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.1:80"))
		r := newClient(t, s).follow(p.Address, "web")
		r.wants("10.0.0.1")
		p.Set("2", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.1:80", "10.0.0.2:80"))
		r.wants("10.0.0.1 10.0.0.2")
		p.Set("3", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.2:80"))
		r.wants("10.0.0.2")
		p.Set("4", ads.Clusters("web"), ads.Load(t, "web"))
		r.wants("")
		r.empty("tells no endpoints")
		p.Set("5", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.3:80"))
		r.wants("10.0.0.3")
		if all := p.Refused(); len(all) > 0 {
			t.Errorf("refused: %q", all)
		}
	})
}

func TestWhatIsUnhealthyOrDrainsIsNotUsed(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		load := ads.Load(t, "web", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80", "10.0.0.5:80", "10.0.0.6:80")
		for i, h := range []corev3.HealthStatus{
			corev3.HealthStatus_UNKNOWN, corev3.HealthStatus_HEALTHY, corev3.HealthStatus_UNHEALTHY,
			corev3.HealthStatus_DRAINING, corev3.HealthStatus_TIMEOUT, corev3.HealthStatus_DEGRADED,
		} {
			load.Endpoints[0].LbEndpoints[i].HealthStatus = h
		}
		p.Set("1", ads.Clusters("web"), load)
		r := newClient(t, s).follow(p.Address, "web")
		r.wants("10.0.0.1 10.0.0.2 10.0.0.6")
		load = ads.Load(t, "web", "10.0.0.1:80")
		load.Endpoints[0].LbEndpoints[0].HealthStatus = corev3.HealthStatus_DRAINING
		p.Set("2", ads.Clusters("web"), load)
		r.empty("all 1 endpoints of the cluster are unhealthy")
	})
}

func TestPrioritiesZonesAndWeights(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		load := ads.Load(t, "web", "10.0.0.1:80", "10.0.0.2:80")
		load.Endpoints[0].Locality = &corev3.Locality{Region: "eu", Zone: "a"}
		load.Endpoints[0].LbEndpoints[1].LoadBalancingWeight = ads.Weight(3)
		spare := ads.Load(t, "web", "10.0.1.1:80").Endpoints[0]
		spare.Priority, spare.Locality = 1, &corev3.Locality{Region: "us"}
		load.Endpoints = append(load.Endpoints, spare)
		p.Set("1", ads.Clusters("web"), load)
		r := newClient(t, s).follow(p.Address, "web")
		r.wants("10.0.0.1@a 10.0.0.2*3@a 10.0.1.1@us!1")
	})
}

func TestClusterWithoutEDS(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		fixed := &clusterv3.Cluster{Name: "fixed", LoadAssignment: ads.Load(t, "fixed", "10.0.0.1:80")}
		named := &clusterv3.Cluster{
			Name: "named", LoadAssignment: ads.Load(t, "named", "db.internal:80"),
			ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_LOGICAL_DNS},
		}
		p.Set("1", []*clusterv3.Cluster{fixed, named})
		c := newClient(t, s)
		c.follow(p.Address, "fixed").wants("10.0.0.1")
		c.follow(p.Address, "named").wants("db.internal")
	})
}

func TestWhatIsBadIsRefusedAndWhatWasGoodStays(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		p.Set("1", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.1:80"), ads.Load(t, "api", "10.0.1.1:80"))
		c := newClient(t, s)
		web, api := c.follow(p.Address, "web"), c.follow(p.Address, "api")
		web.wants("10.0.0.1")
		api.wants("10.0.1.1")

		bad := ads.Load(t, "web", "10.0.0.2:80")
		bad.Endpoints[0].Priority = 1000
		p.Set("2", ads.Clusters("web", "api"), bad, ads.Load(t, "api", "10.0.1.2:80"))
		p.AwaitRefused(`("web"): endpoints[0].priority 1000: expected 0 to 128`)
		web.fails("is refused, what was known before stays")
		api.wants("10.0.1.2")
		if set, _ := web.shown(); set != "10.0.0.1" {
			t.Errorf("got %q", set)
		}
		p.Set("3", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.3:80"), ads.Load(t, "api", "10.0.1.2:80"))
		web.wants("10.0.0.3")

		secret := ads.Cluster("web")
		secret.TransportSocket = &corev3.TransportSocket{Name: "envoy.transport_sockets.tls"}
		p.Set("4", []*clusterv3.Cluster{secret, ads.Cluster("api")}, ads.Load(t, "web", "10.0.0.4:80"), ads.Load(t, "api", "10.0.1.3:80"))
		p.AwaitRefused("connected to without TLS")
		api.wants("10.0.1.3")
		web.fails("connected to without TLS")
		p.Set("5", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.5:80"), ads.Load(t, "api", "10.0.1.3:80"))
		web.wants("10.0.0.5")
	})
}

func TestClusterThatGoesAndComes(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		p.Set("1", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.1:80"), ads.Load(t, "api", "10.0.1.1:80"))
		c := newClient(t, s)
		web, api := c.follow(p.Address, "web"), c.follow(p.Address, "api")
		web.wants("10.0.0.1")
		api.wants("10.0.1.1")
		p.Set("2", ads.Clusters("api"), ads.Load(t, "api", "10.0.1.2:80"))
		web.empty(`has no cluster "web" any more`)
		api.wants("10.0.1.2")
		p.Set("3", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.2:80"), ads.Load(t, "api", "10.0.1.2:80"))
		web.wants("10.0.0.2")
	})
}

func TestControlPlaneThatRestartsTakesNothingAway(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		p.Set("7", ads.Clusters("web", "gone"), ads.Load(t, "web", "10.0.0.1:80", "10.0.0.2:80"), ads.Load(t, "gone", "10.0.0.9:80"))
		c := newClient(t, s)
		r, gone := c.follow(p.Address, "web"), c.follow(p.Address, "gone")
		r.wants("10.0.0.1 10.0.0.2")
		gone.wants("10.0.0.9")
		p.Stop()
		r.fails("no stream with " + p.Address)
		if set, _ := r.shown(); set != "10.0.0.1 10.0.0.2" {
			t.Errorf("got %q", set)
		}
		later := c.follow(p.Address, "api") // asked for while nobody is there
		later.fails("no stream with " + p.Address)
		p.Restart()
		p.Set("1", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.2:80", "10.0.0.3:80"), ads.Load(t, "api", "10.0.1.1:80"))
		r.wants("10.0.0.2 10.0.0.3")
		later.wants("10.0.1.1")
		r.neverEmpty()
		if s.Variant == Delta { // which tells what went meanwhile
			gone.empty("any more")
		}
	})
}

// A control plane that has nothing for this node leaves the request unanswered:
// that is another trouble than one that cannot be reached.
func TestStreamWithoutAnAnswerIsToldAsSuch(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		c := newClient(t, s)
		r := c.follow(p.Address, "web")
		ads.Await(t, "that nothing is told", func() bool {
			all := c.all.States()
			return len(all) == 1 && !all[0].Connected && strings.Contains(all[0].Error, "there is a stream")
		})
		p.Set("1", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.1:80"))
		r.wants("10.0.0.1")
		if all := c.all.States(); !all[0].Connected || all[0].Error != "" {
			t.Errorf("got %+v", all)
		}
	})
}

func TestOneStreamServesAllAndEndsWithTheLast(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		p.Set("1", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.1:80"), ads.Load(t, "api", "10.0.1.1:80"))
		s.NodeCluster, s.Zone, s.Region, s.Version = "edge", "a", "eu", "1.2"
		c := newClient(t, s)
		web, api, again := c.follow(p.Address, "web"), c.follow(p.Address, "api"), c.follow(p.Address, "web")
		web.wants("10.0.0.1")
		api.wants("10.0.1.1")
		again.wants("10.0.0.1")
		states := c.all.States()
		if len(states) != 1 || !states[0].Connected || states[0].Sources != 3 || states[0].Variant != s.Variant {
			t.Errorf("got %+v", states)
		}
		web.stop()
		again.stop()
		p.Set("2", ads.Clusters("web", "api"), ads.Load(t, "web", "10.0.0.2:80"), ads.Load(t, "api", "10.0.1.2:80"))
		api.wants("10.0.1.2")
		if n := p.Streams(); n != 1 {
			t.Errorf("%d streams", n)
		}
		n := p.Nodes()[0]
		if n.GetId() != "test" || n.GetCluster() != "edge" || n.GetLocality().GetZone() != "a" || n.GetLocality().GetRegion() != "eu" || n.GetUserAgentVersion() != "1.2" {
			t.Errorf("got %v", n)
		}
		s.Zone = "b"
		c.set(s)
		c.all.Reconnect()
		ads.Await(t, "stream with the new settings", func() bool {
			all := p.Nodes()
			return all[len(all)-1].GetLocality().GetZone() == "b"
		})
		api.wants("10.0.1.2")
	})
}

// The snapshot server knows a time to live in the older form only.
func TestResourcesThatAreNotConfirmedRunOut(t *testing.T) {
	p := ads.New(t, ads.Params{})
	p.SetFor(300*time.Millisecond, "1", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.1:80"))
	r := newClient(t, Settings{NodeID: "test", Variant: SotW}).follow(p.Address, "web")
	r.empty("be used is over")
	if !strings.Contains(strings.Join(r.known, "|"), "10.0.0.1") {
		t.Errorf("got %q", r.known)
	}
	p.SetFor(time.Hour, "2", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.2:80"))
	r.wants("10.0.0.2")
}

func TestHeartbeatsKeepResources(t *testing.T) {
	p := ads.New(t, ads.Params{Beat: 50 * time.Millisecond})
	p.SetFor(2*time.Second, "1", ads.Clusters("web"), ads.Load(t, "web", "10.0.0.1:80"))
	r := newClient(t, Settings{NodeID: "test", Variant: SotW}).follow(p.Address, "web")
	r.wants("10.0.0.1")
	// Each beat lengthens the two seconds: what stands after four of them has
	// been kept by beats.
	began := time.Now()
	ads.Await(t, "time", func() bool { return time.Since(began) > 4*time.Second })
	r.neverEmpty()
}

// Times and sizes are printed; what is asserted is that all arrives.
func TestFiveThousandEndpointsAreToldAndOneChangeOfThem(t *testing.T) {
	const count = 5000
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		all := many(t, count)
		p.Set("1", ads.Clusters("web"), all)
		began := time.Now()
		r := newClient(t, s).follow(p.Address, "web")
		ads.Await(t, "all endpoints", func() bool { return r.size() == count })
		first := time.Since(began)
		began = time.Now()
		p.Set("2", ads.Clusters("web"), many(t, count-1))
		ads.Await(t, "one less", func() bool { return r.size() == count-1 })
		t.Logf("%d endpoints: published after %s with the connection, one less after %s; the message has %d KiB", count, first.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), proto.Size(all)>>10)
	})
	body := packed(t, many(t, count))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept, err := parse(loads, body)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if err != nil || len(kept.members.set) != count {
		t.Fatalf("%d, %v", len(kept.members.set), err)
	}
	t.Logf("%d endpoints: %d KiB stay of the message once it is taken, %d bytes each", count, (after.HeapAlloc-before.HeapAlloc)>>10, (after.HeapAlloc-before.HeapAlloc)/count)
	runtime.KeepAlive(kept)
	runtime.KeepAlive(body)
}

// many are endpoints as control planes write them, in three zones.
func many(t testing.TB, count int) *endpointv3.ClusterLoadAssignment {
	t.Helper()
	a := &endpointv3.ClusterLoadAssignment{ClusterName: "web"}
	for _, zone := range []string{"a", "b", "c"} {
		a.Endpoints = append(a.Endpoints, &endpointv3.LocalityLbEndpoints{Locality: &corev3.Locality{Region: "eu", Zone: zone}})
	}
	for i := range count {
		e := ads.Endpoint(t, fmt.Sprintf("10.%d.%d.%d:8080", i>>16, i>>8&255, i&255))
		l := a.Endpoints[i%len(a.Endpoints)]
		l.LbEndpoints = append(l.LbEndpoints, e)
	}
	return a
}

func itoa(n int) string { return strconv.Itoa(n) }
