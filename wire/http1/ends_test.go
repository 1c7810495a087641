package http1

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/wire/watch"
)

// RFC 9110, 15.2: "A proxy MUST forward 1xx responses"; and "a server MUST NOT
// send a 1xx response to an HTTP/1.0 client".
func TestInformalRepliesGoToClientsOfHTTP11Only(t *testing.T) {
	reply := "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nConnection: x\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok"
	h := newHarness(t, backend(t, always(reply)).Addr())
	c := h.client(t)
	final := "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\nVia: 1.1 sidecar\r\n\r\nok"
	c.Send(get("/"))
	c.Expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + final)
	c.Send(get("/"))
	c.Expect("HTTP/1.1 100 Continue\r\n\r\n")
	old := h.client(t)
	old.Send("GET / HTTP/1.0\r\n\r\n")
	if got, _ := old.Rest(); !strings.HasPrefix(got, "HTTP/1.1 200 OK") {
		t.Errorf("a client of HTTP/1.0 got %q", got)
	}
}

// RFC 9110, 10.1.1: the client waits for 100 (Continue), which only the
// backend can give.
func TestExpectedContinueComesFromTheBackend(t *testing.T) {
	for _, size := range []int{3, 200_000} {
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
			for {
				head, ok := c.TryUntil("\r\n\r\n")
				if !ok {
					return
				}
				if !strings.Contains(head, "Expect: 100-Continue\r\n") {
					t.Errorf("got %q", head)
				}
				c.Send("HTTP/1.1 100 Continue\r\n\r\n")
				c.Expect(text(size))
				c.Send(ok200)
			}
		}).Addr())
		c := h.client(t)
		for range 3 {
			c.Send(fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: %d\r\n\r\n", size))
			c.Expect("HTTP/1.1 100 Continue\r\n\r\n")
			c.Send(text(size))
			if m := listen(c, false); m.status != 200 || m.field("Connection") != "" {
				t.Fatalf("got %s", m.head)
			}
		}
		if h.dials != 1 {
			t.Errorf("%d backend connections", h.dials)
		}
	}
}

func TestRefusedExpectationEndsTheConnection(t *testing.T) {
	h := newHarness(t, backend(t, nil).Addr())
	h.backend = peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
		c.End()
	}).Addr()
	c := h.client(t)
	c.Send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	m := listen(c, false)
	if m.status != 417 || m.body != "no" || m.field("Connection") != "close" {
		t.Errorf("got %s%s", m.head, m.body)
	}
	c.End()
}

// A reply that comes while the body is still being sent reaches the client,
// however much of it the client has yet to send: the connection is not reset
// under the reply (RFC 9112, 9.6).
func TestEarlyReplyReachesAClientThatIsStillSending(t *testing.T) {
	for _, row := range []struct{ name, head string }{
		{"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n"},
		{"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7a1200\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			// It takes no more of the body until its reply is out: else the
			// whole of it may be sent before the reply is looked at, which
			// then is not early.
			answered := make(chan struct{})
			back := peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				c.Send("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!")
				c.Wait(answered)
				c.Gone()
			})
			h := newHarness(t, back.Addr())
			c := h.client(t)
			body := text(8_000_000)
			c.Send(row.head)
			c.Send(body) // all of it, before it looks
			m := listen(c, false)
			close(answered)
			if m.status != 403 || m.body != "no!" || m.field("Connection") != "close" {
				t.Errorf("got %s%s", m.head, m.body)
			}
			c.End()
			if len(h.idle) != 0 {
				t.Error("the backend's connection was kept in the middle of a request")
			}
		})
	}
}

// An early reply of any length goes out while the request's body stands still.
func TestLongEarlyReplyDoesNotWaitForTheBody(t *testing.T) {
	body := text(3_000_000)
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Expect("abc")
		c.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(body)), body)
		c.Gone()
	}).Addr())
	c := h.client(t)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc")
	if m := listen(c, false); m.body != body || m.field("Connection") != "close" {
		t.Errorf("got %d bytes, %s", len(m.body), m.head)
	}
	c.End()
}

// A reply that is there before a reused connection was asked is another's.
func TestReplyBeforeItsRequestIsNotTaken(t *testing.T) {
	for _, request := range []string{get("/"), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"} {
		spoken := make(chan struct{})
		back := peer.Listen(t, func(c *peer.Conn) {
			if c.Number == 0 {
				c.Until("\r\n\r\n")
				c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
				c.Send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
				close(spoken)
				c.Gone()
				return
			}
			c.Until("\r\n\r\n")
			c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")
			c.Gone()
		})
		h := newHarness(t, back.Addr())
		c := h.client(t)
		c.Send(get("/"))
		if m := listen(c, false); m.body != "1" {
			t.Fatalf("got %q", m.body)
		}
		<-spoken
		c.Send(request)
		if m := listen(c, false); m.body != "2" {
			t.Errorf("got %q", m.body)
		}
		if f := h.fault(0); f != nil && !f.Has(sidecar.Stale|sidecar.Unsent) {
			t.Errorf("%v", f)
		}
	}
}

func TestReplyOnAFreshConnectionBeforeItsRequestIsBad(t *testing.T) {
	for _, request := range []string{get("/"), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"} {
		h := newHarness(t, backend(t, nil).Addr())
		spoken := make(chan struct{})
		h.backend = peer.Listen(t, func(c *peer.Conn) {
			c.Send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
			close(spoken)
			c.Gone()
		}).Addr()
		// A connection that is made, and not yet used, when the exchange comes.
		d := Dialer{Dial: dialTCP}
		conn, err := d.Connect(t.Context(), h.backend)
		if err != nil {
			t.Fatal(err)
		}
		<-spoken
		awaitReadable(t, conn.c)
		h.idle = append(h.idle, conn)
		c := h.client(t)
		c.Send(request)
		want(t, listen(c, false), 502, "bad_reply")
		if f := h.fault(0); !f.Has(sidecar.Unsent) || f.Has(sidecar.Stale) {
			t.Errorf("%v %b", f, f.Flags)
		}
	}
}

// RFC 9112, 6.3: "the message body length is determined by the number of
// octets received prior to the server closing the connection"; the client can
// be told its end only so, too.
func TestRepliesUntilTheEndAreStreamedAndEndTheConnection(t *testing.T) {
	body := text(500_000)
	for _, version := range []string{"1.0", "1.1"} {
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
			c.Until("\r\n\r\n")
			c.Send("HTTP/"+version+" 200 OK\r\nX: 1\r\n\r\n", body)
		}).Addr())
		c := h.client(t)
		c.Send(get("/"))
		m := listen(c, false)
		if m.body != body || m.field("Connection") != "close" {
			t.Errorf("got %d bytes, %s", len(m.body), m.head)
		}
		if len(h.idle) != 0 {
			t.Error("the connection was kept")
		}
	}
}

// Where the end is the connection's, a reset is all that tells a cut from it.
func TestResetInsideAnEndlessReplyResetsTheClient(t *testing.T) {
	for _, row := range []struct{ name, request, reply string }{
		{"until the end", get("/"), "HTTP/1.1 200 OK\r\n\r\n"},
		{"dechunked", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := make(chan struct{})
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				c.Send(row.reply + "part")
				c.Wait(got)
				c.Cut()
			}).Addr())
			c := h.client(t)
			c.Send(row.request)
			c.Until("part")
			close(got)
			if rest, reset := c.Rest(); !reset || rest != "" {
				t.Errorf("got %q, reset %v", rest, reset)
			}
		})
	}
}

// A framed reply that breaks off shows by its framing.
func TestBrokenOffReplyIsNotCompleted(t *testing.T) {
	for _, row := range []struct{ name, reply string }{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart"},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"},
		{"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart"},
	} {
		for _, end := range []string{"FIN", "reset", "garbage"} {
			got := make(chan struct{})
			back := peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				c.Send(row.reply)
				c.Wait(got)
				switch end {
				case "reset":
					c.Cut()
				case "garbage":
					if row.name != "length" {
						c.TrySend("zz\r\n")
						c.Gone()
					}
				}
			})
			h := newHarness(t, back.Addr())
			h.tries = 3
			c := h.client(t)
			c.Send(get("/"))
			c.Until("part")
			close(got)
			if rest, _ := c.Rest(); strings.Contains(rest, "0\r\n\r\n") || strings.Contains(rest, "HTTP/") {
				t.Errorf("%s, %s: client got %q", row.name, end, rest)
			}
			if back.Conns() != 1 || len(h.idle) != 0 {
				t.Errorf("%s, %s: %d connections", row.name, end, back.Conns())
			}
		}
	}
}

// A reply that breaks off takes none of those before it along, although there
// are requests that nobody reads any more.
func TestBrokenOffReplyLeavesEarlierOnes(t *testing.T) {
	const size = 120_000
	whole := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, text(size))
	second, more := make(chan struct{}), make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Send(whole)
		c.Until("\r\n\r\n")
		close(second)
		c.Wait(more)
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart")
		c.Close()
	}).Addr())
	over := make(chan error, 2)
	h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
	c := h.client(t)
	c.NC.(*net.TCPConn).SetReadBuffer(32 << 10) // most of the first reply stays on its way
	c.Send(get("/1"), get("/2"))
	<-second
	c.Send(get("/3")) // which nobody reads
	close(more)
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	if f := sidecar.FaultOf(<-over); f == nil || f.Has(sidecar.FromClient) {
		t.Fatalf("%v", f)
	}
	wait(brief) // a reset would be there by now
	got, reset := c.Rest()
	if !strings.Contains(got, text(size)) || strings.Count(got, "\r\n\r\n") != 2 || !strings.HasSuffix(got, "\r\n\r\npart") || reset {
		t.Errorf("%d bytes came, reset %v", len(got), reset)
	}
}

// A client that sends, shuts down and waits gets its answer.
func TestClientThatHasShutDownGetsItsReply(t *testing.T) {
	for _, request := range []string{get("/"), post("abc"), postChunked(chunked("abc", 2)), get("/") + get("/")} {
		told := make(chan struct{})
		back := backend(t, func(c *peer.Conn, _ heard) []string {
			c.Wait(told)
			return []string{ok200}
		})
		h := newHarness(t, back.Addr())
		c := h.client(t)
		c.Send(request)
		c.HalfClose()
		// Longer than it takes until the client is watched.
		wait(4 * watch.After)
		close(told)
		if got, reset := c.Rest(); strings.Count(got, "\r\n\r\nok") != strings.Count(request, "HTTP/1.1") || reset {
			t.Errorf("%q: got %q, reset %v", request, got, reset)
		}
	}
}

// A reset of a client that waits ends its exchange and frees the backend; a
// FIN does so where the listener says so.
func TestClientThatIsGoneEndsItsExchange(t *testing.T) {
	for _, row := range []struct {
		name   string
		cancel bool
		leave  func(*peer.Conn)
	}{
		{"reset", false, (*peer.Conn).Cut},
		{"FIN", true, (*peer.Conn).HalfClose},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked, gone := make(chan struct{}), make(chan struct{})
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				close(asked)
				c.Gone()
				close(gone)
			}).Addr())
			h.set(func(s *Settings) { s.CancelOnFIN = row.cancel })
			over := make(chan error, 1)
			h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
			c := h.client(t)
			c.Send(get("/"))
			<-asked
			row.leave(c)
			<-gone
			if f := sidecar.FaultOf(<-over); f.Reason != sidecar.ClientLeft || !f.Has(sidecar.FromClient) {
				t.Errorf("%v", f)
			}
		})
	}
}

// wait lets real time pass where the kernel and the wheel have to act.
func wait(d time.Duration) { <-time.After(d) }
