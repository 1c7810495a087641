//go:build !race

package http1

import (
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
