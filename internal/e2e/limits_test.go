package e2e

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// refusal is a request that gets an error reply of the sidecar's.
type refusal struct {
	name   string
	conf   conf // discover is the backend of Go if empty
	busy   int  // requests that hang at the backend meanwhile
	wait   int  // and those that wait for a connection
	send   string
	status int
	reason string
	tries  int // that the reply names
}

const plain = "GET / HTTP/1.1\r\nHost: e2e\r\n\r\n"

// Each limit and each failure is told in the same words to the client, in
// /varz, in /metrics and in /why.
func TestRefusalsAreToldEverywhere(t *testing.T) {
	nobody := freeAddress(t)
	for _, c := range []refusal{
		{name: "max_in_flight", conf: conf{listener: "max_in_flight = 2"}, busy: 2, send: plain, status: 503, reason: "too_many_requests"},
		{name: "pool", conf: conf{upstream: "[upstream.web.pool]\nhigh_watermark = 1\nmax_waiters = 1"}, busy: 1, wait: 1, send: plain,
			status: 503, reason: "pool_exhausted", tries: 1},
		{name: "slow head", conf: conf{listener: `header_timeout = "200ms"`}, send: "GET / HTTP/1.1\r\nHo", status: 408, reason: "stalled"},
		{name: "slow body", conf: conf{listener: `header_timeout = "200ms"`}, send: "POST / HTTP/1.1\r\nHost: e2e\r\nContent-Length: 9\r\n\r\nhalf",
			status: 408, reason: "stalled"},
		{name: "giant head", conf: conf{listener: `max_header_bytes = "4KiB"`}, send: "GET / HTTP/1.1\r\nHost: e2e\r\nX-Large: " + strings.Repeat("x", 8<<10) + "\r\n\r\n",
			status: 431, reason: "too_large"},
		{name: "bad request", send: "GET / HTTP/1.1\r\nHost: e2e\r\nContent-Length: 1, 2\r\n\r\n", status: 400, reason: "bad_request"},
		{name: "no route", conf: conf{routed: true, listener: "[[listener.route]]\nmatch = { path_prefix = \"/v2/\" }\nupstream = \"web\""}, send: plain, status: 404, reason: "no_route"},
		{name: "all endpoints down", conf: conf{discover: nobody + "," + freeAddress(t)}, send: plain, status: 502, reason: "connect_refused", tries: 2},
		{name: "no endpoints", conf: conf{discover: "file://" + t.TempDir() + "/none.toml"}, send: plain, status: 503, reason: "no_endpoints"},
		{name: "deadline", conf: conf{upstream: `timeout = "200ms"`}, send: "GET /hang HTTP/1.1\r\nHost: e2e\r\n\r\n", status: 504, reason: "deadline", tries: 1},
		{name: "attempt timeout", conf: conf{upstream: `attempt_timeout = "200ms"`}, send: "POST /hang HTTP/1.1\r\nHost: e2e\r\nContent-Length: 0\r\n\r\n",
			status: 504, reason: "attempt_timeout", tries: 1},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t) })
	}
}

func (c refusal) test(t *testing.T) {
	b := newBackend(t)
	if c.conf.discover == "" {
		c.conf.discover = b.address()
	}
	var work sync.WaitGroup
	t.Cleanup(work.Wait)               // after the sidecar's end, with which requests that hang end
	c.conf.process = `grace = "100ms"` // which is soon
	p := launch(t, "", c.conf)
	if !strings.HasPrefix(c.conf.discover, "file:") {
		await(t, "ready", func() bool { return p.admin.status("/ready") == 200 })
	}
	for i := range c.busy + c.wait {
		work.Go(func() {
			h := &httpClient{address: p.port}
			h.do(query{id: "busy-" + strconv.Itoa(i), path: "/hang"})
			h.close()
		})
	}
	await(t, "requests under way", func() bool {
		return int(b.begun.Load()) == c.busy && p.admin.sum("sidecar.listener.in_flight", "") == float64(c.busy+c.wait)
	})
	h := &httpClient{address: p.port}
	defer h.close()
	r := h.raw(c.send)
	if r.err != nil || r.status != c.status || r.reason != c.reason || r.attempts != c.tries || !strings.Contains(r.body, c.reason) {
		t.Errorf("got %+v, want %d %s with %d attempts", r, c.status, c.reason, c.tries)
	}
	if n := p.admin.sum("sidecar.listener.failures", c.reason); n != 1 {
		t.Errorf("/varz counts %v of %s, want 1", n, c.reason)
	}
	if n := p.admin.scraped("sidecar_listener_failures_total", `listener="web"`, `reason="`+c.reason+`"`); n != 1 {
		t.Errorf("/metrics counts %v of %s, want 1", n, c.reason)
	}
	if n := len(p.admin.why("reason=" + c.reason)); n != 1 {
		t.Errorf("/why has %d entries of %s, want 1", n, c.reason)
	}
}

func TestConnectionsBeyondTheLimitAreToldSo(t *testing.T) {
	b := newBackend(t)
	p := start(t, "", conf{discover: b.address(), listener: "max_connections = 2"})
	var first [2]*httpClient
	for i := range first {
		first[i] = &httpClient{address: p.port}
		if r := first[i].do(query{id: strconv.Itoa(i)}); r.failure() != "" {
			t.Fatalf("connection %d: %+v", i, r)
		}
		defer first[i].close()
	}
	for range 20 { // the reply must not be lost to a reset
		over := &httpClient{address: p.port}
		if r := over.do(query{id: "over"}); r.err != nil || r.status != 503 || r.reason != "max_connections" || !r.last {
			t.Fatalf("got %+v, want 503 max_connections and the end", r)
		}
		over.close()
	}
	if n := p.admin.sum("sidecar.listener.refused", "max_connections"); n != 20 {
		t.Errorf("/varz counts %v refused connections, want 20", n)
	}
	if n := p.admin.scraped("sidecar_listener_refused_connections_total", `reason="max_connections"`); n != 20 {
		t.Errorf("/metrics counts %v refused connections, want 20", n)
	}
	first[0].close()
	await(t, "a place for another", func() bool {
		c := &httpClient{address: p.port}
		defer c.close()
		return c.do(query{id: "next"}).failure() == ""
	})
}

func TestIdleConnectionsEndAtTheirLimit(t *testing.T) {
	b := newBackend(t)
	for name, limit := range map[string]string{"served": "300ms", "parked": "1500ms"} {
		t.Run(name, func(t *testing.T) {
			p := start(t, "", conf{discover: b.address(), listener: `idle_timeout = "` + limit + `"`})
			c := &httpClient{address: p.port}
			defer c.close()
			if r := c.do(query{id: "a"}); r.failure() != "" {
				t.Fatalf("%+v", r)
			}
			began := time.Now()
			c.conn.SetReadDeadline(began.Add(patience))
			if n, err := c.conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%d bytes and %v, want the end", n, err)
			}
			t.Logf("idle_timeout %s: closed after %v", limit, time.Since(began).Round(time.Millisecond))
		})
	}
}

// A head that comes byte by byte does not put off its limit.
func TestSlowHeadsEndAtTheirLimit(t *testing.T) {
	b := newBackend(t)
	p := start(t, "", conf{discover: b.address(), listener: `header_timeout = "400ms"`})
	c := &httpClient{address: p.port}
	if err := c.dial(); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	go dribble(c.conn, "GET / HTTP/1.1\r\nHost: e2e\r\nX-Slow: "+strings.Repeat("x", 1000))
	began := time.Now()
	r := c.reply()
	if r.status != 408 || r.reason != "stalled" {
		t.Errorf("got %+v, want 408 stalled", r)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("refused after %v", took)
	}
}

func dribble(c net.Conn, text string) {
	for i := range len(text) {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
