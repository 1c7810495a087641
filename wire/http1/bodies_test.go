package http1

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

// echo answers with the request's body in the framing that Reply asks for, and
// the body as it came in a field.
func echo(_ *peer.Conn, m heard) []string {
	switch m.field("Reply") {
	case "chunked":
		return []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(m.body, 1000)}
	case "close":
		return []string{"HTTP/1.1 200 OK\r\n\r\n" + m.body, ""}
	}
	return []string{fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(m.body), m.body)}
}

// The sizes at which a head and body, a held body or a piece just fill or just
// miss a buffer.
func edgeSizes() (sizes []int) {
	for _, edge := range []int{4096, 32768, 65536} {
		for _, head := range []int{0, 46, 50, 60, 80} {
			for d := -2; d <= 2; d++ {
				sizes = append(sizes, edge-head+d)
			}
		}
	}
	return append(sizes, 0, 1, 98304, 131072, 131073, 200_000)
}

func TestBodiesPassAtEveryBufferEdge(t *testing.T) {
	h := newHarness(t, backend(t, echo).Addr())
	c := h.client(t)
	for _, n := range edgeSizes() {
		body := text(n)
		for _, in := range []string{"length", "chunked", "behind"} {
			for _, out := range []string{"length", "chunked"} {
				head := "POST / HTTP/1.1\r\nHost: a\r\nReply: " + out + "\r\n"
				switch in {
				case "length": // head and body apart
					c.Send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n", head, n), body)
				case "behind":
					c.Send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, n, body))
				case "chunked":
					c.Send(head+"Transfer-Encoding: chunked\r\n\r\n", chunked(body, 4096))
				}
				if m := listen(c, false); m.status != 200 || m.body != body || m.field("Connection") != "" {
					t.Fatalf("%d bytes %s, reply %s: got %d bytes, %s", n, in, out, len(m.body), m.head)
				}
			}
		}
	}
	if h.dials != 1 {
		t.Errorf("%d backend connections were made, one would do", h.dials)
	}
}

// What was read together, in whatever pieces, is the same exchange.
func TestRequestsPassHoweverTheyAreCut(t *testing.T) {
	bodies := make(chan heard, 100)
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		bodies <- m
		return []string{ok200}
	}).Addr())
	c := h.client(t)
	whole := "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" +
		"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n" +
		get("/3")
	check := func(cut int) {
		t.Helper()
		for i, want := range []string{"hello", "3;x=\"y\"\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n", ""} {
			if m := listen(c, false); m.status != 200 {
				t.Fatalf("cut at %d, reply %d: %s%s", cut, i+1, m.head, m.body)
			}
			m := <-bodies
			if m.raw != want || !strings.Contains(m.head, fmt.Sprintf("/%d HTTP/1.1\r\n", i+1)) {
				t.Fatalf("cut at %d, request %d: got %q after %q", cut, i+1, m.raw, m.head)
			}
		}
	}
	for cut := 1; cut < len(whole); cut++ {
		c.Send(whole[:cut])
		c.Send(whole[cut:])
		check(cut)
	}
	c.Send(peer.Split(whole, 1)...)
	check(0)
}

func TestRepliesPassHoweverTheyAreCut(t *testing.T) {
	for _, row := range []struct{ name, in, out string }{
		{"length", "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\nVia: 1.1 sidecar\r\n\r\nhello"},
		{"chunked", "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n1\r\nz\r\n0\r\nT: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\nVia: 1.1 sidecar\r\n\r\n3;x\r\nabc\r\n1\r\nz\r\n0\r\nT: 1\r\n\r\n"},
		{"1xx before it", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\nDate: x\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\nDate: x\r\nVia: 1.1 sidecar\r\n\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cut := 1
			gate := make(chan struct{}, 1)
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				for {
					if _, ok := c.TryUntil("\r\n\r\n"); !ok {
						return
					}
					if cut == len(row.in) {
						c.Send(peer.Split(row.in, 1)...)
						continue
					}
					c.Send(row.in[:cut])
					<-gate
					c.Send(row.in[cut:])
				}
			}).Addr())
			c := h.client(t)
			for ; cut <= len(row.in); cut++ {
				c.Send(get("/"))
				gate <- struct{}{}
				c.Expect(row.out)
				select { // of the last round
				case <-gate:
				default:
				}
			}
			if h.dials != 1 {
				t.Errorf("%d backend connections", h.dials)
			}
		})
	}
}

// RFC 9112, 7.1: chunk framing is the hop's; here it is passed on as it came,
// trailers and extensions included, so that nothing is lost.
func TestTrailersPass(t *testing.T) {
	raw := make(chan string, 1)
	reply := "HTTP/1.1 200 OK\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSum: 2\r\n\r\n"
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		raw <- m.raw
		return []string{reply}
	}).Addr())
	c := h.client(t)
	sent := "5\r\nhello\r\n00\r\nSum: 1\r\nOther:\r\n\r\n"
	c.Send(postChunked(sent))
	if m := listen(c, false); m.raw != "1\r\nx\r\n0\r\nSum: 2\r\n\r\n" || m.field("Trailer") != "Sum" {
		t.Errorf("client got %q %q", m.head, m.raw)
	}
	if got := <-raw; got != sent {
		t.Errorf("backend got %q", got)
	}
}

// RFC 9112, 9.3.2: "A server ... MUST send the corresponding responses in the
// same order that the requests were received."
func TestPipelinedRepliesComeInOrder(t *testing.T) {
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		path := strings.Fields(m.head)[1]
		reply := path + " " + m.body
		return []string{fmt.Sprintf("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)}
	}).Addr())
	c := h.client(t)
	var all, want strings.Builder
	for i := range 200 {
		path, body := fmt.Sprintf("/%d", i), text(i*37%5000)
		switch i % 3 {
		case 0:
			all.WriteString(get(path))
			body = ""
		case 1:
			fmt.Fprintf(&all, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
		case 2:
			fmt.Fprintf(&all, "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s", path, chunked(body, 700))
		}
		reply := path + " " + body
		fmt.Fprintf(&want, "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: %d\r\nVia: 1.1 sidecar\r\n\r\n%s", len(reply), reply)
	}
	go c.TrySend(all.String())
	c.Expect(want.String())
}

// A pump reads a chunked body in large pieces: what lies behind its end is the
// next request, whatever buffer it was read to.
func TestRequestsBehindAStreamedBodyAreKept(t *testing.T) {
	for _, held := range []int{0, 100, 5000, 40_000, testHeld} {
		for _, n := range []int{1, 5000, 33_000, 70_000, 150_000} {
			back := backend(t, func(_ *peer.Conn, m heard) []string {
				reply := fmt.Sprintf("%s %d", strings.Fields(m.head)[1], len(m.body))
				return []string{fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)}
			})
			h := newHarnessWith(t, back.Addr(), held)
			c := h.client(t)
			// The head alone first, so that the body is streamed.
			c.Send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
			go c.TrySend(chunked(text(n), 10_000) + get("/b") + post("0123") + postChunked(chunked("xyz", 1)) + get("/c"))
			for _, want := range []string{fmt.Sprintf("/a %d", n), "/b 0", "/ 4", "/ 3", "/c 0"} {
				if m := listen(c, false); m.body != want {
					t.Fatalf("held %d, %d bytes: got %d %q, want %q", held, n, m.status, m.body, want)
				}
			}
		}
	}
}

// A streamed body can be sent again while all of it that came is held, and not
// beyond. The second try gets every byte once.
func TestStreamedBodiesAreSentAgainWhileTheyAreHeld(t *testing.T) {
	for _, row := range []struct {
		name  string
		first int // bytes sent before the first try is cut
		again bool
	}{
		{"nothing sent", 0, true},
		{"a little", 3000, true},
		{"a full buffer", 32768, true},
		{"all that may be held", testHeld - 100, true},
		{"more than is held", testHeld + 40_000, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			body := text(row.first + 50_000)
			framed := chunked(body, 8000)
			cut := make(chan struct{})
			back := peer.Listen(t, func(c *peer.Conn) {
				if c.Number == 0 {
					c.Until("\r\n\r\n")
					c.Read(row.first)
					c.Cut()
					close(cut)
					return
				}
				if m := listen(c, false); m.body != body {
					t.Errorf("the second try got %d bytes, want %d", len(m.body), len(body))
				}
				c.Send(ok200)
			})
			h := newHarness(t, back.Addr())
			h.tries = 2
			c := h.client(t)
			c.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", framed[:row.first])
			<-cut
			go c.TrySend(framed[row.first:])
			m := listen(c, false)
			if row.again {
				if m.status != 200 {
					t.Fatalf("got %s%s", m.head, m.body)
				}
			} else {
				want(t, m, 502, "peer_reset")
				if back.Conns() != 1 {
					t.Errorf("%d connections", back.Conns())
				}
			}
		})
	}
}

// The last byte of a request starts its timeout even where its try is lost at
// that byte: the next one must not wait for ever.
func TestTimeoutRunsAfterATryLostAtTheLastByte(t *testing.T) {
	back := peer.Listen(t, func(c *peer.Conn) {
		if c.Number == 0 {
			listen(c, false)
			c.Cut()
			return
		}
		c.Gone()
	})
	h := newHarness(t, back.Addr())
	h.tries, h.timeout = 2, 50*time.Millisecond
	c := h.client(t)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", chunked("abc", 1))
	m := listen(c, false)
	want(t, m, 504, "deadline")
	if f := h.fault(0); f == nil || f.Has(sidecar.FromClient) {
		t.Errorf("%v", f)
	}
}
