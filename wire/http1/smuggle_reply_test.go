package http1

import (
	"fmt"
	"strings"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

// Replies that may be read in two ways, or are none. RFC 9112, 6.3: "If this is
// a response message received by a proxy, the proxy MUST close the connection
// to the server, discard the received response, and send a 502 (Bad Gateway)
// response to the client."
func badReplies() []struct{ name, bytes string } {
	const ok = "HTTP/1.1 200 OK\r\n"
	field := func(f string) string { return ok + f + "\r\n\r\nhello" }
	chunk := func(c string) string { return ok + "Transfer-Encoding: chunked\r\n\r\n" + c }
	return []struct{ name, bytes string }{
		{"two different CL", field("Content-Length: 5\r\nContent-Length: 6")},
		{"two equal CL", field("Content-Length: 5\r\nContent-Length: 5")},
		{"CL list", field("Content-Length: 5, 5")},
		{"CL +5", field("Content-Length: +5")},
		{"CL -1", field("Content-Length: -1")},
		{"CL hex", field("Content-Length: 0x5")},
		{"CL empty", field("Content-Length: ")},
		{"CL overflow", field("Content-Length: 18446744073709551621")},
		{"CL with TE", field("Content-Length: 5\r\nTransfer-Encoding: chunked")},
		{"TE with CL", field("Transfer-Encoding: chunked\r\nContent-Length: 5")},
		{"TE twice", field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")},
		{"TE gzip, chunked", field("Transfer-Encoding: gzip, chunked")},
		{"TE identity", field("Transfer-Encoding: identity")},
		{"TE space before colon", field("Transfer-Encoding : chunked")},
		{"TE vertical tab", field("Transfer-Encoding:\x0bchunked")},
		{"TE in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"Connection names the length", field("Connection: content-length\r\nContent-Length: 5")},
		{"folded field", field("X: a\r\n b")},
		{"field before a folded one is TE", field("Transfer-Encoding:\r\n chunked")},
		{"no colon", field("Content-Length 5")},
		{"no name", field(": 5")},
		{"NUL", field("X: a\x00")},
		{"bare CR", field("X: a\rContent-Length: 5")},
		{"bare LF", ok + "X: a\nContent-Length: 5\r\n\r\nhello"},
		{"bare LF ends the head", ok + "Content-Length: 5\n\nhello"},
		{"bare LF ends the status line", "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello"},
		{"leading empty line", "\r\n" + field("Content-Length: 5")},
		{"HTTP/2", "HTTP/2 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"HTTP/0.9", "hello\r\n\r\n"},
		{"lower case", "http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"status 099", "HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"status 600", "HTTP/1.1 600 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"status with sign", "HTTP/1.1 +20 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"two spaces", "HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"control byte in the phrase", "HTTP/1.1 200 O\x08K\r\nContent-Length: 5\r\n\r\nhello"},
		{"204 with a length", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello"},
		{"204 chunked", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"1xx with a length", "HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\nhello" + ok200},
		{"1xx for ever", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", maxInformal+1) + ok200},
		{"101 that was not asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"},
		{"head too large", ok + "X: " + strings.Repeat("x", maxReplyHead) + "\r\n\r\n"},
		{"too many fields", ok + strings.Repeat("X: y\r\n", maxFields+1) + "\r\n"},
		{"chunk size missing", chunk("\r\nhello\r\n0\r\n\r\n")},
		{"chunk size 0x5", chunk("0x5\r\nhello\r\n0\r\n\r\n")},
		{"chunk size +5", chunk("+5\r\nhello\r\n0\r\n\r\n")},
		{"chunk size too large", chunk("fffffffffffffffff\r\nhello\r\n0\r\n\r\n")},
		{"chunk line ended by LF", chunk("5\nhello\r\n0\r\n\r\n")},
		{"chunk extension with LF", chunk("5;a\nb\r\nhello\r\n0\r\n\r\n")},
		{"chunk data too long", chunk("5\r\nhello!\r\n0\r\n\r\n")},
		{"trailer with a length", chunk("0\r\nContent-Length: 5\r\n\r\n")},
		{"trailer folded", chunk("0\r\nX: y\r\n z\r\n\r\n")},
	}
}

func TestAmbiguousRepliesAreReplaced(t *testing.T) {
	rows := badReplies()
	if len(rows) < 30 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			closed := make(chan struct{})
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				c.TrySend(row.bytes)
				c.Gone()
				close(closed)
			}).Addr())
			c := h.client(t)
			c.Send(get("/"))
			m := listen(c, false)
			for m.status < 200 && !m.ended {
				m = listen(c, false)
			}
			want(t, m, 502, "bad_reply")
			if strings.Contains(m.body, "hello") || m.field("Connection") != "" {
				t.Errorf("got %s%s", m.head, m.body)
			}
			<-closed
			if f := h.fault(0); len(h.idle) != 0 || f.Has(sidecar.Unsent) || f.Has(sidecar.FromClient) {
				t.Errorf("kept %d, fault %v %b", len(h.idle), f, f.Flags)
			}
		})
	}
}

// Where a reply ends, its connection may go on, and only there.
func TestBackendConnectionIsKeptAtAMessageBoundaryOnly(t *testing.T) {
	const small = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"
	held := sidecar.Classes(sidecar.Unavailable)
	for _, row := range []struct {
		name    string
		request string
		reply   string
		hold    sidecar.ClassSet
		kept    bool
	}{
		{"length", get("/"), ok200, 0, true},
		{"chunked", get("/"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, true},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 0, true},
		{"HEAD with a body all the same", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", ok200, 0, false},
		{"304 with a body all the same", get("/"), "HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\nok", 0, false},
		{"204 with a body all the same", get("/"), "HTTP/1.1 204 N\r\n\r\nok", 0, false},
		{"bytes behind a length", get("/"), ok200 + "x", 0, false},
		{"bytes behind the last chunk", get("/"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", 0, false},
		{"another reply", get("/"), ok200 + ok200, 0, false},
		{"Connection: close", get("/"), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 0, false},
		{"HTTP/1.0", get("/"), "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0, false},
		{"HTTP/1.0 that keeps", get("/"), "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 0, true},
		{"held", get("/"), small, held, true},
		{"held and chunked", get("/"), "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(text(20_000), 999), held, true},
		{"held and long", get("/"), fmt.Sprintf("HTTP/1.1 503 No\r\nContent-Length: 60000\r\n\r\n%s", text(60_000)), held, true},
		{"held and too long", get("/"), fmt.Sprintf("HTTP/1.1 503 No\r\nContent-Length: 200000\r\n\r\n%s", text(200_000)), held, false},
		{"held, too long and chunked", get("/"), "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(text(200_000), 9999), held, false},
		{"held with bytes behind it", get("/"), small + "x", held, false},
		{"held until the end", get("/"), "HTTP/1.1 503 No\r\n\r\nno", held, false},
		{"held and bad", get("/"), "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno!", held, false},
		{"held and closing", get("/"), "HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", held, false},
		{"held and HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n", held, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			kept := make(chan int, 1)
			back := peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				if c.Number > 0 {
					c.Send(ok200)
					c.Gone()
					return
				}
				c.TrySend(row.reply)
				if row.hold == 0 {
					c.Gone()
					return
				}
				if _, ok := c.TryUntil("\r\n\r\n"); ok { // the second try came here
					c.Send(ok200)
				}
				c.Gone()
			})
			h := newHarness(t, back.Addr())
			if h.hold = row.hold; row.hold != 0 {
				h.tries = 2
			}
			h.seen = func(*sidecar.Exchange, error) {
				h.mu.Lock()
				kept <- len(h.idle)
				h.mu.Unlock()
			}
			c := h.client(t)
			c.Send(row.request)
			listen(c, strings.HasPrefix(row.request, "HEAD"))
			want := 0
			if row.kept {
				want = 1
			}
			if row.hold == 0 {
				if got := <-kept; got != want {
					t.Errorf("kept %d, want %d", got, want)
				}
				return
			}
			<-kept
			if got := back.Conns() == 1; got != row.kept {
				t.Errorf("%d connections were made", back.Conns())
			}
			if f := h.fault(0); row.name != "held and bad" && (!f.Has(sidecar.FromPeer) || f.Class != sidecar.Unavailable || f.Code != 503) {
				t.Errorf("%v", f)
			}
		})
	}
}
