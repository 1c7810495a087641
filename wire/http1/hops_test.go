package http1

import (
	"fmt"
	"strings"
	"testing"

	"sidecar/internal/peer"
)

// RFC 9110, 7.6.2: "Each intermediary that receives a TRACE or OPTIONS request
// containing a Max-Forwards header field MUST check and update its value prior
// to forwarding the request."
func TestMaxForwardsCountsDown(t *testing.T) {
	for _, row := range []struct{ method, in, out string }{
		{"OPTIONS", "Max-Forwards: 1\r\n", "Max-Forwards: 0\r\n"},
		{"TRACE", "Max-Forwards: 1\r\n", "Max-Forwards: 0\r\n"},
		{"OPTIONS", "max-FORWARDS:\t10 \r\n", "Max-Forwards: 9\r\n"},
		{"OPTIONS", "Max-Forwards: 007\r\n", "Max-Forwards: 6\r\n"},
		{"OPTIONS", "Max-Forwards: 2147483648\r\n", "Max-Forwards: 2147483647\r\n"},
		{"OPTIONS", "Max-Forwards: 99999999999999999999999999999999\r\n", "Max-Forwards: 2147483647\r\n"},
		{"OPTIONS", "Connection: max-forwards\r\nMax-Forwards: 2\r\n", "Max-Forwards: 1\r\n"},
		{"OPTIONS", "", ""},
	} {
		head, _, m := exchangeHeads(t, nil, row.method+" / HTTP/1.1\r\nHost: a\r\n"+row.in+"X-Request-Id: r\r\n\r\n", ok200)
		want := row.method + " / HTTP/1.1\r\nHost: a\r\n" + strings.Replace(stamp, "Via: ", row.out+"Via: ", 1)
		if head != want || m.status != 200 {
			t.Errorf("%s %q: the backend got\n%q, want\n%q", row.method, row.in, head, want)
		}
	}
}

// "A recipient MAY ignore a Max-Forwards header field received with any other
// request methods."
func TestOtherMaxForwardsPassAsTheyCame(t *testing.T) {
	for _, row := range []struct{ method, field string }{
		{"GET", "Max-Forwards: 0\r\n"},
		{"PROPFIND", "Max-Forwards: 5\r\n"},
		{"options", "Max-Forwards: 0\r\n"},
		{"OPTIONS", "Max-Forwards:\r\n"},
		{"OPTIONS", "Max-Forwards: x\r\n"},
		{"OPTIONS", "Max-Forwards: -1\r\n"},
		{"OPTIONS", "Max-Forwards: +1\r\n"},
		{"OPTIONS", "Max-Forwards: 1 0\r\n"},
		{"TRACE", "Max-Forwards: 0, 0\r\n"},
		{"TRACE", "Max-Forwards: 5\r\nMax-Forwards: 0\r\n"},
	} {
		head, _, _ := exchangeHeads(t, nil, row.method+" / HTTP/1.1\r\nHost: a\r\n"+row.field+"X-Request-Id: r\r\n\r\n", ok200)
		if want := row.method + " / HTTP/1.1\r\nHost: a\r\n" + row.field + stamp; head != want {
			t.Errorf("%s %q: the backend got\n%q", row.method, row.field, head)
		}
	}
}

// A try that is repeated says the same as the one before.
func TestMaxForwardsIsCountedOncePerRequest(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		if head := c.Until("\r\n\r\n"); strings.Count(head, "Max-Forwards: 4\r\n") != 1 {
			t.Errorf("the backend got %q", head)
		}
		if c.Number == 0 {
			c.Cut()
			return
		}
		c.Send(ok200)
		c.Gone()
	}).Addr())
	h.tries = 2
	c := h.client(t)
	c.Send("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\n\r\n")
	want(t, listen(c, false), 200, "")
}

// "If the received value is zero (0), the intermediary MUST NOT forward the
// request; instead, the intermediary MUST respond as the final recipient."
func TestRequestWithNoHopLeftIsAnsweredHere(t *testing.T) {
	back := backend(t, always(ok200))
	h := newHarness(t, back.Addr())
	c := h.client(t)
	requests, failures := 0, 0
	for _, row := range []struct{ line, more string }{
		{"OPTIONS * HTTP/1.1", "Max-Forwards: 0\r\n\r\n"},
		{"OPTIONS http://b HTTP/1.1", "max-forwards:000\r\n\r\n"},
		{"OPTIONS /x HTTP/1.1", "Connection: Max-Forwards\r\nMax-Forwards: 0\r\n\r\n"},
		{"OPTIONS /x HTTP/1.1", "Max-Forwards: 0\r\nContent-Length: 50000\r\n\r\n" + text(50_000)},
		{"OPTIONS /x HTTP/1.1", "Max-Forwards: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(text(100), 9)},
		{"TRACE / HTTP/1.1", "Max-Forwards: 0\r\nCookie: secret\r\nX-Api-Key: secret\r\n\r\n"},
	} {
		c.Send(row.line + "\r\nHost: a\r\n" + row.more)
		requests++
		m := listen(c, false)
		if strings.HasPrefix(row.line, "TRACE") {
			failures++
			want(t, m, 405, "bad_request")
			if m.field("Connection") != "" || strings.Contains(m.body, "secret") || !strings.Contains(m.body, "Max-Forwards") {
				t.Errorf("got %s%s", m.head, m.body)
			}
			continue
		}
		if got := undated(m.head) + m.body; got != "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: 1.1 sidecar\r\n\r\n" {
			t.Errorf("%s: got %q", row.line, got)
		}
	}
	s := &h.srv.stats
	got := 0
	for _, f := range s.failures {
		got += int(f.Value())
	}
	if int(s.requests.Value()) != requests || got != failures {
		t.Errorf("counted %d requests and %d failures, want %d and %d", s.requests.Value(), got, requests, failures)
	}
	if back.Conns() != 0 {
		t.Error("the backend was asked")
	}
	// The connection is in step for what follows.
	c.Send(get("/"))
	want(t, listen(c, false), 200, "")
}

// Where the connection cannot go on, the reply says so, and is not lost.
func TestAnswerWithNoHopLeftMayEndItsConnection(t *testing.T) {
	for _, row := range []struct{ name, request, connection string }{
		{"the client closes", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\nMax-Forwards: 0\r\n\r\n", "close"},
		{"HTTP/1.0", "OPTIONS * HTTP/1.0\r\nMax-Forwards: 0\r\n\r\n", "close"},
		{"HTTP/1.0 that keeps", "OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\nMax-Forwards: 0\r\n\r\n", "keep-alive"},
		{"a long body", fmt.Sprintf("OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\nMax-Forwards: 0\r\n\r\n%s", text(8_000_000)), "close"},
		{"a body that is waited for", "OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nMax-Forwards: 0\r\n\r\n", "close"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, "127.0.0.1:1")
			c := h.client(t)
			c.Send(row.request)
			m := listen(c, false)
			want(t, m, 200, "")
			if m.field("Connection") != row.connection {
				t.Errorf("got %s", m.head)
			}
			if row.connection == "close" {
				c.End()
			}
		})
	}
}
