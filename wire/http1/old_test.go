package http1

import (
	"strings"
	"testing"

	"sidecar/internal/peer"
)

// RFC 9112, 7.1 and appendix C: a client of HTTP/1.0 knows no chunks; the end
// of the connection is the end of its reply.
func TestHTTP10ClientGetsContentWithoutChunks(t *testing.T) {
	body := text(100_000)
	for _, pieces := range []int{1, 7, 4096, 1 << 20} {
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
			for {
				if _, ok := c.TryUntil("\r\n\r\n"); !ok {
					return
				}
				n := min(pieces, 20_000)
				c.Send(peer.Split("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+chunked(body, 3000+n), max(n, 500))...)
			}
		}).Addr())
		for range 2 {
			c := h.client(t)
			c.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
			head := c.Until("\r\n\r\n")
			if strings.Contains(head, "ransfer") || !strings.Contains(head, "Connection: close\r\n") {
				t.Errorf("got %q", head)
			}
			if got, reset := c.Rest(); got != body || reset {
				t.Errorf("got %d bytes, reset %v", len(got), reset)
			}
		}
		if h.dials != 1 {
			t.Errorf("%d backend connections", h.dials)
		}
	}
}

func TestHTTP10ClientIsKeptOnlyIfItAsks(t *testing.T) {
	h := newHarness(t, backend(t, always("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok")).Addr())
	c := h.client(t)
	for range 3 {
		c.Send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
		c.Expect("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\nConnection: keep-alive\r\nVia: 1.1 sidecar\r\n\r\nok")
	}
	c.Send("GET / HTTP/1.0\r\n\r\n")
	c.Expect("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\nConnection: close\r\nVia: 1.1 sidecar\r\n\r\nok")
	c.End()
}

// What a client sent behind its last request must not turn the close into a
// reset that takes the reply away.
func TestLastReplyOutlivesWhatFollowsItsRequest(t *testing.T) {
	h := newHarness(t, backend(t, always(ok200)).Addr())
	for range 50 {
		c := h.client(t)
		c.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + strings.Repeat(get("/more"), 300))
		if got, reset := c.Rest(); !strings.HasSuffix(got, "\r\n\r\nok") || reset {
			t.Fatalf("got %q, reset %v", got, reset)
		}
	}
}

func TestErrorPageOfHEADHasNoBody(t *testing.T) {
	h := newHarness(t, "127.0.0.1:1")
	c := h.client(t)
	for range 2 {
		c.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
		m := listen(c, true)
		want(t, m, 502, "connect_refused")
		if m.field("Connection") != "" || m.field("Content-Length") == "0" {
			t.Errorf("got %q", m.head)
		}
	}
}
