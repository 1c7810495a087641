package e2e

import (
	"fmt"
	"math"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// names starts a DNS server at a free address, which knows nothing under
// "test" but what serve says.
func names(t *testing.T, records ...string) *server {
	t.Helper()
	program, err := exec.LookPath("dnsmasq")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/dnsmasq"); err != nil {
			t.Skip("needs dnsmasq: a real DNS server")
		}
	}
	s := &server{t: t, address: freeAddress(t), program: program}
	t.Cleanup(s.kill)
	s.know(records...)
	return s
}

// know starts the server again with those records.
func (s *server) know(records ...string) {
	s.t.Helper()
	s.kill()
	_, port, _ := net.SplitHostPort(s.address)
	s.args = append([]string{
		"--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces",
		"--port=" + port, "--pid-file=", "--user=", "--local=/test/",
	}, records...)
	s.start()
}

// service is the record of a backend under _http._tcp.users.test.
func service(b *backend, priority, weight int) string {
	_, port, _ := net.SplitHostPort(b.address())
	return fmt.Sprintf("--srv-host=_http._tcp.users.test,here.test,%s,%d,%d", port, priority, weight)
}

const here = "--host-record=here.test,127.0.0.1,1"

// Backends get requests by the weights of their records, those of a lower
// priority none while others are well.
func TestServicesGetTheirShare(t *testing.T) {
	heavy, light, spare := newBackend(t), newBackend(t), newBackend(t)
	dns := names(t, here, service(heavy, 0, 60), service(light, 0, 20), service(spare, 10, 100))
	p := start(t, "", conf{
		discover: "srv://_http._tcp.users.test?resolver=" + dns.address,
		more:     "[upstream.web.balance]\npolicy = \"p2c\"\n",
	})
	c := &httpClient{address: p.port}
	defer c.close()
	const n = 4000
	for i := range n {
		if r := c.do(query{id: fmt.Sprint(i)}); r.failure() != "" {
			t.Fatalf("request %d: %s", i, r.failure())
		}
	}
	share := float64(heavy.done.Load()) / n
	t.Logf("the heavy one has %.1f %% of the requests, by its weight 75", 100*share)
	// Requests come one after the other, so the draw alone decides; five times
	// its deviation of 0.7 points.
	if math.Abs(share-0.75) > 0.035 || spare.done.Load() != 0 {
		t.Errorf("%d, %d and %d requests", heavy.done.Load(), light.done.Load(), spare.done.Load())
	}
	heavy.Close()
	light.Close()
	await(t, "the spare to take over", func() bool { return c.do(query{id: "over"}).failure() == "" && spare.done.Load() > 0 })
}

// A name that comes and goes, changes and is not to be asked for costs no
// request.
func TestNamesThatChangeCostNoRequest(t *testing.T) {
	first, second := newBackend(t), newBackend(t)
	dns := names(t, here, service(first, 0, 1))
	p := start(t, "", conf{discover: "srv://_http._tcp.users.test?resolver=" + dns.address})
	l := &load{t: t, d: drivers()[0], address: p.port, clients: 8, pause: time.Millisecond}
	l.begin()
	told := func(text string) func() bool {
		return func() bool {
			_, page := p.admin.get("/discovery")
			return strings.Contains(page, text)
		}
	}
	uses := func(b *backend) func() bool {
		return func() bool { row, ok := p.admin.row(b.address()); return ok && row.State == "open" }
	}
	dns.know(here, service(first, 0, 1), service(second, 0, 1))
	await(t, "a second service", uses(second))
	dns.know()
	await(t, "the hold", told("NXDOMAIN"))
	dns.know(here, service(second, 0, 1))
	await(t, "the removal", func() bool { row, ok := p.admin.row(first.address()); return ok && row.Held == "limbo" })
	dns.kill()
	await(t, "the failure", told(`"state": "failing"`))
	dns.know(here, service(first, 0, 1), service(second, 0, 1))
	await(t, "the first again", uses(first))
	l.end().clean(t)
	if l.good == 0 {
		t.Error("no requests")
	}
}

// A name that is misspelled is an answer, so that the sidecar is ready: whoever
// looks for the reason of 503s finds it in the log and on the pages.
func TestNameThatDoesNotExistIsToldWhereOneLooks(t *testing.T) {
	dns := names(t, here)
	p := start(t, "", conf{discover: "dns://hear.test:80?resolver=" + dns.address})
	const why = "hear.test. does not exist (NXDOMAIN)"
	if !p.log.has("tells no endpoints") || !p.log.has(why) {
		t.Error("the log does not tell it")
	}
	for _, path := range []string{"/", "/upstreams", "/discovery"} {
		if _, text := p.admin.get(path); !strings.Contains(text, why) {
			t.Errorf("%s does not say %q", path, why)
		}
	}
}
