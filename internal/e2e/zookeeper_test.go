package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"sidecar/internal/zoo"
)

// addresses are those of the endpoints of the upstream "web" that are announced
// now, in order.
func (a admin) addresses() string {
	var pages []struct {
		Endpoints []struct {
			Address string `json:"address"`
			State   string `json:"state"`
			Held    string `json:"held"`
		} `json:"endpoints"`
	}
	a.decode("/upstreams?upstream=web", &pages)
	var all []string
	for _, e := range pages[0].Endpoints {
		if e.Held == "" && e.State != "leaving" {
			all = append(all, e.Address)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func joined(addresses ...string) string {
	slices.Sort(addresses)
	return strings.Join(addresses, " ")
}

// One sidecar calls a service that two others announce, while members come and
// go and the ensemble loses its leader and then all of its servers. Nobody who
// sends requests sees any of it.
func TestServersetsUnderLoad(t *testing.T) {
	e := zoo.Start(t, 3)
	const path = "/services/web"
	one, two := newBackend(t), newBackend(t)
	p := launch(t, "", conf{
		discover: e.URI(path), upstream: "[upstream.web.breaker]\nconsecutive_failures = 5",
		more: fmt.Sprintf("[zookeeper.main]\nservers = %q\nsession_timeout = \"20s\"\n", strings.Join(e.Addresses(), ",")),
	})
	await(t, "the reason why it is not ready", func() bool {
		_, text := p.admin.get("/upstreams")
		return strings.Contains(text, "there is no node /services/web yet")
	})
	if code := p.admin.status("/ready"); code != 503 {
		t.Errorf("ready %d before any endpoint is known", code)
	}
	announcer := func(address, check string) *proc {
		return start(t, "", conf{discover: address, more: fmt.Sprintf(
			"[[announce]]\nname = \"own\"\nto = %q\naddress = %q\ncheck = \"http\"\ncheck_address = %q\ninterval = \"50ms\"\n[zookeeper.main]\nservers = %q\nsession_timeout = \"30s\"\n",
			e.URI(path), address, check, strings.Join(e.Addresses(), ","))})
	}
	var status atomic.Int32
	status.Store(200)
	health := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	t.Cleanup(health.Close)
	first := announcer(one.address(), one.address())
	second := announcer(two.address(), strings.TrimPrefix(health.URL, "http://"))
	both := joined(one.address(), two.address())
	await(t, "both", func() bool { return p.admin.addresses() == both })
	await(t, "ready", func() bool { return p.admin.status("/ready") == 200 })
	l := (&load{t: t, d: drivers()[0], address: p.port, clients: 8}).begin()
	l.more(100)
	// A service that is not well is withdrawn, and announced again.
	status.Store(503)
	await(t, "one withdrawn", func() bool { return p.admin.addresses() == one.address() })
	status.Store(200)
	await(t, "both again", func() bool { return p.admin.addresses() == both })
	leader := e.Leader()
	e.Kill(leader)
	l.more(100)
	await(t, "another leader", func() bool { return e.Leader() != leader })
	e.Up(leader)
	if got := p.admin.addresses(); got != both {
		t.Errorf("with another leader: %s", got)
	}
	for i := range e.Addresses() {
		e.Kill(i)
	}
	await(t, "that it is told", func() bool {
		_, text := p.admin.get("/upstreams")
		return strings.Contains(text, "no session with")
	})
	l.more(100)
	if got := p.admin.addresses(); got != both {
		t.Errorf("without any server: %s", got)
	}
	for i := range e.Addresses() {
		e.Up(i)
	}
	for _, q := range []*proc{p, first, second} {
		await(t, "a session", func() bool {
			_, text := q.admin.get("/zookeeper")
			return strings.Contains(text, `"connected": true`)
		})
	}
	// A drain withdraws at once, and not when the session has run out.
	second.signal(syscall.SIGTERM)
	await(t, "one left", func() bool { return p.admin.addresses() == one.address() })
	l.more(100)
	l.end().clean(t)
	announcementsShown(t, first, one.address())
}

func announcementsShown(t *testing.T, p *proc, address string) {
	t.Helper()
	var list []struct {
		Name, Address string
		Announced     bool
	}
	p.admin.decode("/announce", &list)
	if len(list) != 1 || list[0].Name != "own" || list[0].Address != address || !list[0].Announced {
		t.Errorf("got %+v", list)
	}
	if _, text := p.admin.get("/metrics"); !strings.Contains(text, `sidecar_announced{service="own"} 1`) {
		t.Error("the metric does not say that it is announced")
	}
}

// A reload adds, changes and takes away announcements.
func TestAnnouncementsAreReloaded(t *testing.T) {
	e := zoo.Start(t, 1)
	c := e.Client()
	b := newBackend(t)
	more := func(port int) string {
		return fmt.Sprintf("[[announce]]\nname = \"own\"\nto = %q\naddress = \"10.0.0.5:%d\"\ncheck_address = %q\ninterval = \"20ms\"\n", e.URI("/s"), port, b.address())
	}
	members := func() string {
		names, _, _ := c.Children("/s")
		var all []string
		for _, name := range names {
			data, _, _ := c.Get("/s/" + name)
			_, port, _ := strings.Cut(string(data), `"port":`)
			port, _, _ = strings.Cut(port, "}")
			all = append(all, port)
		}
		return joined(all...)
	}
	p := start(t, "", conf{discover: b.address()})
	p.reload(conf{discover: b.address(), more: more(1)}, "configuration reloaded")
	await(t, "a member", func() bool { return members() == "1" })
	p.reload(conf{discover: b.address(), more: more(2)}, "configuration reloaded")
	await(t, "the changed member", func() bool { return members() == "2" })
	p.reload(conf{discover: b.address()}, "configuration reloaded")
	await(t, "no member", func() bool { return members() == "" })
	await(t, "no metric of it", func() bool { return p.admin.scraped("sidecar_announced") < 0 })
}

// An upstream that a reload adds connects, and one that it takes away leaves.
func TestServersetsComeAndGoWithAReload(t *testing.T) {
	e := zoo.Start(t, 1)
	c := e.Client()
	b := newBackend(t)
	host, port, _ := net.SplitHostPort(b.address())
	e.Make(c, "/s/member_0000000001", fmt.Sprintf(`{"serviceEndpoint":{"host":%q,"port":%s},"additionalEndpoints":{},"status":"ALIVE"}`, host, port))
	was := conf{discover: b.address()}
	now := was
	now.listener = "[[listener.route]]\nmatch = { path_prefix = \"/z\" }\nupstream = \"z\""
	now.more = fmt.Sprintf("[upstream.z]\ndiscover = %q\n", e.URI("/s"))
	p := start(t, "", was)
	p.reload(now, "configuration reloaded")
	client := drivers()[0].dial(p.port)
	defer client.close()
	if r := client.do(query{id: "1", path: "/z"}); r.failure() != "" {
		t.Errorf("got %+v", r)
	}
	p.reload(was, "configuration reloaded")
	await(t, "the connection's end", func() bool {
		_, text := p.admin.get("/zookeeper")
		return strings.TrimSpace(text) == "[]"
	})
	if p.log.has("connection lost") {
		t.Error("an orderly end is told as a loss")
	}
}

// Sidecars that announce themselves are each other's peers: the path that they
// announce at tells each its place.
func TestAnnouncedSidecarsArePeers(t *testing.T) {
	e := zoo.Start(t, 1)
	b := newBackend(t)
	sidecar := func(own string) *proc {
		return start(t, "", conf{
			discover: b.address(),
			upstream: fmt.Sprintf("[upstream.web.balance]\npeers = { discover = %q, self = %q }\n", e.URI("/sidecars"), own),
			more:     fmt.Sprintf("[[announce]]\nname = \"own\"\nto = %q\naddress = %q\ncheck = \"none\"\ninterval = \"20ms\"\n", e.URI("/sidecars"), own),
		})
	}
	one, two := sidecar("10.0.0.1:80"), sidecar("10.0.0.2:80")
	for place, p := range map[string]*proc{`"0/2"`: one, `"1/2"`: two} {
		await(t, "the place "+place, func() bool {
			_, text := p.admin.get("/upstreams")
			return strings.Contains(text, place)
		})
	}
}
