package xds

import (
	"strconv"
	"strings"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"

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

func TestWhatIsRefusedAgainAndAgainIsNotAnsweredInALoop(t *testing.T) {
	p := ads.New(t, ads.Params{})
	bad := ads.Load(t, "web", "10.0.0.2:80")
	bad.Endpoints[0].Priority = 1000
	p.Set("1", ads.Clusters("web"), bad)
	r := newClient(t, Settings{NodeID: "test", Variant: SotW}).follow(p.Address, "web")
	r.fails("priority 1000")
	p.AwaitRefused("priority 1000")
	began, before := time.Now(), len(p.Refused())
	ads.Await(t, "more refusals, or time", func() bool { return len(p.Refused()) >= before+3 || time.Since(began) > 4*time.Second })
	if took := time.Since(began); took < 2*minAgain {
		t.Errorf("%d refusals in %s", len(p.Refused())-before, took)
	}
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
		for _, set := range r.known {
			if set == "" {
				t.Error("an empty set was told")
			}
		}
		if s.Variant == Delta { // which tells what went meanwhile
			gone.empty("any more")
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
	began := time.Now()
	ads.Await(t, "time", func() bool { return time.Since(began) > 3*time.Second })
	for _, set := range r.known {
		if set == "" {
			t.Fatal("it ran out")
		}
	}
}

func manyEndpoints(t testing.TB, n int) *endpointv3.ClusterLoadAssignment {
	load := ads.Load(t, "web")
	for i := range n {
		e := ads.Endpoint(t, "10."+itoa(i>>16)+"."+itoa(i>>8&255)+"."+itoa(i&255)+":80")
		load.Endpoints[0].LbEndpoints = append(load.Endpoints[0].LbEndpoints, e)
	}
	return load
}

func itoa(n int) string { return strconv.Itoa(n) }
