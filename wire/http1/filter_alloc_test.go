//go:build !race

package http1

import (
	"bytes"
	"net"
	"testing"

	"sidecar/sock"
	"sidecar/wire/http"
)

func TestAllocNothingForFilters(t *testing.T) {
	h := newHarness(t, quietBackend(t, "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 2\r\nDate: d\r\n\r\nok"))
	h.filter(t, http.Filter{Rewrite: &http.Rewrite{Prefix: "/a", To: "/b"}}, http.Filter{Rewrite: &http.Rewrite{Prefix: "/b", To: "/longer"}},
		http.Filter{SetRequest: []http.Field{{Name: "X-A", Value: "1"}}}, http.Filter{RemoveReply: []string{"Server"}}, http.Filter{AddReply: []http.Field{{Name: "X-B", Value: "2"}}},
		http.Filter{Split: &http.Split{Percent: 50, Upstream: "u", Sticky: "cookie:user"}},
		http.Filter{Redirect: &http.Redirect{Status: 301, Prefix: "/old", To: "/new"}})
	nc, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := sock.New(nc)
	request, buf := []byte("GET /a/x HTTP/1.1\r\nHost: a\r\nX-A: 0\r\nCookie: user=7\r\n\r\n"), make([]byte, 4096)
	want := len("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: d\r\nX-B: 2\r\nVia: 1.1 sidecar\r\n\r\nok")
	noAllocations(t, func() {
		if _, err := c.Write(request, nil); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < want; {
			k, err := c.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
	})
}

func TestAllocNothingForACacheHit(t *testing.T) {
	h := newHarness(t, quietBackend(t, "HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nVary: Accept\r\nETag: \"a\"\r\nContent-Length: 3000\r\n\r\n"+text(3000)))
	cache := h.cached()
	nc, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := sock.New(nc)
	request, buf := []byte("GET /a/x?q=1 HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\nCache-Control: max-age=100000\r\nIf-None-Match: \"b\"\r\n\r\n"), make([]byte, 8192)
	noAllocations(t, func() {
		if _, err := c.Write(request, nil); err != nil {
			t.Fatal(err)
		}
		for n, end := 0, -1; end < 0 || n < end+3004; {
			k, err := c.Read(buf[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += k
			end = bytes.Index(buf[:n], headEnd)
		}
	})
	if r := cache.State().Requests; r["hit"] < 10_000 || r["miss"] != 1 {
		t.Errorf("counted %v", r)
	}
}
