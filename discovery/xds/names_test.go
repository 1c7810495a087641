package xds

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"

	"sidecar/discovery"
	"sidecar/internal/ads"
)

// zone is what names have for addresses, as a test says. A name of which it
// knows nothing is not answered.
type zone struct {
	mu      sync.Mutex
	says    map[string]discovery.Update // by "name:port family"
	running map[string]chan struct{}    // of the names that are followed now
}

func (z *zone) resolve(address, family string) (discovery.Source, error) {
	return &zoneName{z, address + " " + family}, nil
}

// zoneName is the source of one name.
type zoneName struct {
	zone *zone
	key  string
}

func (n *zoneName) String() string { return n.key }

func (n *zoneName) Run(ctx context.Context, publish func(discovery.Update)) error {
	wake := make(chan struct{}, 1)
	n.zone.mu.Lock()
	if n.zone.running == nil {
		n.zone.running = map[string]chan struct{}{}
	}
	n.zone.running[n.key] = wake
	n.zone.mu.Unlock()
	defer func() {
		n.zone.mu.Lock()
		delete(n.zone.running, n.key)
		n.zone.mu.Unlock()
	}()
	for {
		n.zone.mu.Lock()
		u, known := n.zone.says[n.key]
		n.zone.mu.Unlock()
		if known {
			publish(u)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
	}
}

// has makes an answer of a name.
func (z *zone) has(key string, addresses ...string) {
	u := discovery.Update{}
	for _, a := range addresses {
		u.Endpoints = append(u.Endpoints, discovery.Endpoint{Address: a, Weight: 1, TLSName: strings.Split(key, ":")[0]})
	}
	if len(addresses) == 0 {
		u.Empty = key + " does not exist"
	}
	z.say(key, u)
}

func (z *zone) say(key string, u discovery.Update) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.says == nil {
		z.says = map[string]discovery.Update{}
	}
	z.says[key] = u
	if wake := z.running[key]; wake != nil {
		kick(wake)
	}
}

func (z *zone) followed() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return len(z.running)
}

// strictCluster is a STRICT_DNS cluster of these.
func strictCluster(t *testing.T, text string) *clusterv3.Cluster {
	return &clusterv3.Cluster{
		Name: "web", LoadAssignment: load(t, `{"endpoints":[`+text+`]}`),
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STRICT_DNS},
	}
}

func TestNamesOfAClusterAreResolvedForAsLongAsTheyAreUsed(t *testing.T) {
	both(t, func(t *testing.T, s Settings) {
		p := ads.New(t, ads.Params{})
		c := newClient(t, s)
		c.zone.has("a:80 auto", "10.0.0.1:80", "10.0.0.2:80")
		p.Set("1", []*clusterv3.Cluster{strictCluster(t, `{"locality":{"zone":"x"},"lb_endpoints":[`+at("a", `,"load_balancing_weight":3`)+`,`+at("10.0.0.9", "")+`]},
			{"priority":1,"lb_endpoints":[`+at("b", "")+`]}`)})
		r := c.follow(p.Address, "web")
		ads.Await(t, "two names are asked for", func() bool { return c.zone.followed() == 2 })
		if r.told() != 0 {
			t.Error("a part of the set was told before all names were known")
		}
		c.zone.has("b:80 auto", "10.0.1.1:80")
		r.wants("10.0.0.1*3@x 10.0.0.2*3@x 10.0.0.9@x 10.0.1.1!1")
		c.zone.has("a:80 auto", "10.0.0.3:80")
		r.wants("10.0.0.3*3@x 10.0.0.9@x 10.0.1.1!1")

		c.zone.say("b:80 auto", discovery.Update{Err: errors.New("dns: b: server fails")})
		r.fails("server fails")
		if set, _ := r.shown(); set != "10.0.0.3*3@x 10.0.0.9@x 10.0.1.1!1" {
			t.Errorf("after an error %s is known", set)
		}
		c.zone.has("b:80 auto")
		r.wants("10.0.0.3*3@x 10.0.0.9@x")

		p.Set("2", []*clusterv3.Cluster{strictCluster(t, `{"lb_endpoints":[`+at("b", "")+`]}`)})
		r.empty("b:80 auto does not exist")
		ads.Await(t, "one name is asked for", func() bool { return c.zone.followed() == 1 })
		p.Set("3", []*clusterv3.Cluster{{Name: "web", LoadAssignment: ads.Load(t, "web", "10.0.0.7:80")}})
		r.wants("10.0.0.7")
		ads.Await(t, "no name is asked for", func() bool { return c.zone.followed() == 0 })
		r.stop()
		if n := len(p.Refused()); n != 0 {
			t.Errorf("%d responses were refused", n)
		}
	})
}

func TestTheFamilyOfNamesIsThatOfTheCluster(t *testing.T) {
	p := ads.New(t, ads.Params{})
	c := newClient(t, Settings{NodeID: "test"})
	c.zone.has("a:80 6", "[::1]:80")
	one := strictCluster(t, `{"lb_endpoints":[`+at("a", "")+`]}`)
	one.DnsLookupFamily = clusterv3.Cluster_V6_ONLY
	p.Set("1", []*clusterv3.Cluster{one})
	c.follow(p.Address, "web").wants("[::1]")
}

func TestAClusterOfNamesThatCannotBeResolvedSaysSo(t *testing.T) {
	p := ads.New(t, ads.Params{})
	c := newClient(t, Settings{NodeID: "test"})
	c.all.p.Resolve = nil
	p.Set("1", []*clusterv3.Cluster{strictCluster(t, `{"lb_endpoints":[`+at("a", "")+`]}`)})
	c.follow(p.Address, "web").fails("names are not resolved here")
}

func TestAddressesOfNamesAreBounded(t *testing.T) {
	n := newNames(nil)
	var many discovery.Update
	for range 1000 {
		many.Endpoints = append(many.Endpoints, discovery.Endpoint{Address: "10.0.0.1:80"})
	}
	n.all["a:80 auto"] = &name{good: &many}
	v := verdict{changes: 1, names: []string{"a:80"}, family: "auto"}
	for range maxEndpoints / 1000 {
		v.set = append(v.set, discovery.Endpoint{Address: "a:80"})
	}
	if got := n.resolved(v); len(got.set) != maxEndpoints || got.trouble != nil {
		t.Errorf("%d endpoints, %v", len(got.set), got.trouble)
	}
	v.set = append(v.set, v.set[0])
	if got := n.resolved(v); got.changes != 0 || got.trouble == nil {
		t.Errorf("beyond the limit: %d endpoints, %v", len(got.set), got.trouble)
	}
}
