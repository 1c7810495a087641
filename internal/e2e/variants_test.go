package e2e

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestUnixListener(t *testing.T) {
	eachDriver(t, func(t *testing.T, d driver) {
		path := "unix:" + filepath.Join(t.TempDir(), "s")
		p := start(t, "", conf{protocol: d.protocol, address: path, discover: d.backend(t).address})
		l := (&load{t: t, d: d, address: path, clients: 8}).begin()
		l.more(500)
		got := l.end()
		got.clean(t)
		t.Logf("%s over a Unix socket: %d requests, errors: %s", d.protocol, got.sent, got.errors())
		if n := p.admin.sum("sidecar.listener.accepted", ""); n != 8 {
			t.Errorf("%v connections for 8 clients", n)
		}
	})
}

// A client of HTTP/1.0 gets a body that ends with the connection, or with its
// length if it asked to keep the connection.
func TestClientOfHTTP10(t *testing.T) {
	n := nginx(t, "gzip off;")
	p := start(t, "", conf{discover: n.address})
	c := &httpClient{address: p.port}
	if err := c.dial(); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(c.conn, "GET / HTTP/1.0\r\n\r\n")
	all, err := io.ReadAll(c.in)
	text := string(all)
	if err != nil || !strings.HasPrefix(text, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(text, "0123456789abcdef") ||
		strings.Contains(text, "chunked") || !strings.Contains(text, "Connection: close") {
		t.Errorf("%v, got %q", err, text)
	}
	kept := &httpClient{address: p.port}
	defer kept.close()
	for range 3 {
		r := kept.raw("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		if r.failure() != "" || r.last || len(r.body) != 1024 || !kept.open() {
			t.Errorf("got %+v, want 1024 bytes and the connection kept", r)
		}
	}
}

// A server that closes idle connections does so just when the next request
// comes. No client sees that, and the limit is learned, so that connections
// are given up before.
func TestServersIdleLimitIsLearnedAndCostsNoError(t *testing.T) {
	n := nginx(t, "keepalive_timeout 2s;")
	p := start(t, "", conf{discover: n.address, upstream: "[upstream.web.pool]\nlow_watermark = 100"})
	const clients, rounds = 40, 5
	var work sync.WaitGroup
	var mu sync.Mutex
	failures, writes := map[string]int{}, map[string]int{}
	began := time.Now()
	for i := range clients {
		work.Go(func() {
			c := &httpClient{address: p.port}
			defer c.close()
			// About the limit: from 80 ms before to 80 ms after.
			pause := 2*time.Second + time.Duration(i-clients/2)*4*time.Millisecond
			for k := range rounds {
				time.Sleep(time.Until(began.Add(time.Duration(k) * pause)))
				write := i%4 == 3
				if kind := c.do(query{id: fmt.Sprint(i, "-", k), write: write}).failure(); kind != "" {
					mu.Lock()
					if write {
						writes[kind]++
					} else {
						failures[kind]++
					}
					mu.Unlock()
				}
			}
		})
	}
	work.Wait()
	// While connections of all ages come and go an older one may be alive when
	// a younger is found closed, which teaches nothing. Now they all end.
	r, _ := p.admin.row(n.address)
	await(t, "an idle limit to be learned", func() bool {
		r, _ = p.admin.row(n.address)
		return r.Pool.ServerIdle != 0
	})
	t.Logf("keepalive_timeout 2s, a request about every 2s on %d connections: %d requests, errors of reads %v, of writes %v; "+
		"%.0f connections found closed, learned limit %v", clients, clients*rounds, failures, writes,
		p.admin.sum("sidecar.pool.stale_connections", ""), millis(r.Pool.ServerIdle).Round(time.Millisecond))
	if len(failures) > 0 {
		t.Errorf("errors: %v", failures)
	}
	for kind := range writes {
		if kind != "peer_closed" && kind != "peer_reset" {
			t.Errorf("a write failed with %s", kind)
		}
	}
	if limit := millis(r.Pool.ServerIdle); limit < time.Second || limit > 4*time.Second {
		t.Errorf("learned an idle limit of %v from one of 2s", limit)
	}
}

func millis(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
