package http1

import (
	"strings"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

const (
	upgrade  = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
	switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: y\r\n\r\n"
	// what the client gets of it
	switchedThrough = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\nConnection: Upgrade\r\nVia: 1.1 sidecar\r\n\r\n"
)

// RFC 9110, 7.8: "the first ... protocol switch".. from the 101 on, bytes pass
// both ways, whoever speaks first and however early.
func TestUpgradeIsATunnel(t *testing.T) {
	for _, row := range []struct{ name, request, early string }{
		{"plain", upgrade, ""},
		{"bytes behind the request", upgrade, "early"},
		{"more than a buffer behind it", upgrade, text(100_000)},
		{"a body and bytes behind it", strings.Replace(upgrade, "\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc", 1), "early"},
		{"a streamed body and bytes behind it", strings.Replace(upgrade, "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", 1), "\r\n0\r\n\r\nearly"},
	} {
		t.Run(row.name, func(t *testing.T) {
			ended := make(chan sidecar.Kind, 1)
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				m := listen(c, false)
				if m.field("Connection") != "Upgrade" || m.field("Upgrade") != "websocket" || m.field("Sec-WebSocket-Key") != "x" {
					t.Errorf("got %q", m.head)
				}
				c.Send(switched + "hello")
				c.Expect(strings.TrimPrefix(row.early, "\r\n0\r\n\r\n"))
				big := text(300_000)
				c.Send(big)
				c.Expect(big)
				c.End() // the client's half
				c.Send("bye")
			}).Addr())
			h.seen = func(x *sidecar.Exchange, err error) {
				if err != nil {
					t.Errorf("tunnel failed: %v", err)
				}
				ended <- x.Kind
			}
			c := h.client(t)
			c.Send(row.request)
			c.Send(row.early)
			c.Expect(switchedThrough + "hello")
			big := text(300_000)
			c.Expect(big)
			c.Send(big)
			c.HalfClose()
			c.Expect("bye")
			c.End()
			if k := <-ended; k != sidecar.Session {
				t.Errorf("kind %v", k)
			}
			if len(h.idle) != 0 {
				t.Error("a tunnel's connection was kept")
			}
		})
	}
}

func TestTunnelHalfClosesFromTheBackend(t *testing.T) {
	over := make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		defer close(over)
		c.Until("\r\n\r\n")
		c.Send(switched, "last")
		c.HalfClose()
		c.Expect("reply to the last")
		c.End()
	}).Addr())
	c := h.client(t)
	c.Send(upgrade)
	c.Expect(switchedThrough + "last")
	c.End()
	c.Send("reply to the last")
	c.Close()
	<-over // the test's end would cut it
}

// What lies behind a request for an upgrade that was not granted is the next
// request.
func TestRefusedUpgradeGoesOnInHTTP(t *testing.T) {
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		path := strings.Fields(m.head)[1]
		return []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + (path + "     ")[:5]}
	}).Addr())
	c := h.client(t)
	c.Send(upgrade + get("/2") + get("/3")[:20])
	for _, want := range []string{"/chat", "/2   "} {
		if m := listen(c, false); m.body != want {
			t.Fatalf("got %q, want %q", m.body, want)
		}
	}
	c.Send(get("/3")[20:])
	if m := listen(c, false); m.body != "/3   " {
		t.Errorf("got %q", m.body)
	}
}

func TestResetOfATunnelIsPassedOn(t *testing.T) {
	t.Run("backend", func(t *testing.T) {
		got := make(chan struct{})
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
			c.Until("\r\n\r\n")
			c.Send(switched)
			c.Wait(got)
			c.Cut()
		}).Addr())
		c := h.client(t)
		c.Send(upgrade)
		c.Expect(switchedThrough)
		close(got)
		if _, reset := c.Rest(); !reset {
			t.Error("the client saw an orderly end")
		}
	})
	t.Run("client", func(t *testing.T) {
		saw := make(chan bool, 1)
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
			c.Until("\r\n\r\n")
			c.Send(switched)
			_, reset := c.Rest()
			saw <- reset
		}).Addr())
		c := h.client(t)
		c.Send(upgrade)
		c.Expect(switchedThrough)
		c.Cut()
		if !<-saw {
			t.Error("the backend saw an orderly end")
		}
	})
}

// Idle, drained hard or with a backend that is gone, a tunnel ends.
func TestTunnelEnds(t *testing.T) {
	for _, name := range []string{"idle", "backend gone while the client sends"} {
		t.Run(name, func(t *testing.T) {
			up := make(chan struct{})
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				c.Send(switched)
				c.Wait(up)
				if name == "idle" {
					c.Gone()
				}
			}).Addr())
			if name == "idle" {
				h.set(func(s *Settings) { s.IdleTimeout = brief })
			}
			c := h.client(t)
			c.Send(upgrade)
			c.Expect(switchedThrough)
			close(up)
			if name != "idle" {
				c.Gone()
				for c.TrySend("x") {
				}
				return
			}
			c.Gone()
		})
	}
}

// One that is half closed already is no other: what ended it is told.
func TestHalfClosedTunnelThatIsDrainedTellsWhy(t *testing.T) {
	saw, told, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Send(switched)
		c.End()
		close(saw)
		c.Wait(told) // it has its half open
	}).Addr())
	h.seen = func(_ *sidecar.Exchange, err error) { ended <- err }
	c := h.client(t)
	c.Send(upgrade)
	c.Expect(switchedThrough)
	c.HalfClose()
	<-saw
	h.drain(true)
	if f := sidecar.FaultOf(<-ended); f == nil || f.Reason != sidecar.ShuttingDown {
		t.Errorf("it ended with %v", f)
	}
	close(told)
	c.Gone()
}

// RFC 9110, 7.8: "A server MUST ignore an Upgrade header field that is received
// in an HTTP/1.0 request."
func TestHTTP10ClientGetsNoUpgrade(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		if head := c.Until("\r\n\r\n"); strings.Contains(head, "pgrade") {
			t.Errorf("got %q", head)
		}
		c.Send(switched)
		c.Gone()
	}).Addr())
	c := h.client(t)
	c.Send("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	want(t, listen(c, false), 502, "bad_reply")
}
