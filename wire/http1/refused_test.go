package http1

import (
	"strings"
	"testing"

	"sidecar"
)

// A held body that trickles is given up in the end, and one that is slow is not.
func TestHeldBodyHasATimeInAll(t *testing.T) {
	back := backend(t, always(ok200))
	h := newHarness(t, back.Addr())
	h.set(func(s *Settings) { s.HeaderTimeout = 4 * brief })
	c := h.client(t)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
	go func() {
		for c.TrySend("x") {
			wait(brief / 4)
		}
	}()
	m := listen(c, false)
	want(t, m, 408, "stalled")
	if m.field("Connection") != "close" || !strings.Contains(m.body, "body") {
		t.Errorf("got %s%s", m.head, m.body)
	}
	if back.Conns() != 0 {
		t.Error("a backend was held meanwhile")
	}
	h.set(func(s *Settings) { s.HeaderTimeout = 15 * brief })
	slow := h.client(t)
	slow.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\n")
	for range 18 { // longer in all than a silence may be
		wait(brief)
		slow.Send("x")
	}
	want(t, listen(slow, false), 200, "")
}

// What is refused before it is an exchange is told once, with what is known of
// it.
func TestRefusedRequestsAreTold(t *testing.T) {
	for _, row := range []struct {
		name, request string
		code          int
		reason        sidecar.Reason
		operation     string
	}{
		{"bad head", "GET / HTTP/1.1\r\n\r\n", 400, sidecar.BadRequest, ""},
		{"call of framed Thrift", "\x00\x00\x00\x10\x80\x01\x00\x01", 400, sidecar.BadRequest, ""},
		{"call of unframed Thrift", "\x80\x01\x00\x01", 400, sidecar.BadRequest, ""},
		{"TLS", "\x16\x03\x01", 400, sidecar.BadRequest, ""},
		{"large head", "GET / HTTP/1.1\r\nX: " + text(70_000), 431, sidecar.TooLarge, ""},
		{"half a head", "GET /", 408, sidecar.StalledOut, ""},
		{"half a small body", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx", 408, sidecar.StalledOut, "POST /a"},
		{"half a held body", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nx", 408, sidecar.StalledOut, "POST /a"},
		{"bad body", postChunked("x\r\n"), 400, sidecar.BadRequest, "POST /"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, "127.0.0.1:1")
			if row.code == 408 {
				h.set(func(s *Settings) { s.HeaderTimeout = brief })
			}
			type told struct {
				fault     *sidecar.Fault
				operation string
				client    string
				received  int64
			}
			all := make(chan told, 2)
			h.srv.refused = func(x *sidecar.Exchange, client string, f *sidecar.Fault) {
				got := told{fault: f, client: client, received: x.Received}
				if x.Msg != nil {
					op, _ := x.Msg.Attr(sidecar.Selector{Attr: sidecar.AttrOperation})
					got.operation = string(op)
				}
				all <- got
			}
			c := h.client(t)
			c.Send(row.request)
			want(t, listen(c, false), row.code, row.reason.String())
			got := <-all
			if f := got.fault; f.Reason != row.reason || f.Code != row.code || f.Err == nil {
				t.Errorf("told %v, want %v (%d)", f, row.reason, row.code)
			}
			if got.operation != row.operation || got.client != "127.0.0.1" || got.received == 0 {
				t.Errorf("told %+v, want %q", got, row.operation)
			}
			c.Close()
			if len(all) != 0 {
				t.Error("told twice")
			}
		})
	}
}

// What is told of a refused head is its own: not when the wait for it began, and
// nothing of the request before it.
func TestRefusedHeadIsToldWithItsOwnTime(t *testing.T) {
	for _, row := range []struct {
		name, bytes string
		pipelined   bool
	}{
		{"after a wait", "GET\r\n\r\n", false},
		{"after a wait, too large", "GET / HTTP/1.1\r\nHost: a\r\nX: " + text(400) + "\r\n\r\n", false},
		{"behind another", "GET\r\n\r\n", true},
		{"in two pieces", "GET / HTTP/1.1\r\n|bad\r\n\r\n", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			served := make(chan struct{})
			h := newHarness(t, backend(t, always(ok200)).Addr())
			h.set(func(s *Settings) { s.MaxHeader = 300 })
			type told struct {
				received int64
				tries    int
				dest     string
			}
			all := make(chan told, 1)
			h.srv.refused = func(x *sidecar.Exchange, _ string, _ *sidecar.Fault) { all <- told{x.Received, x.Tries.Len(), x.Dest} }
			var replied int64
			h.seen = func(x *sidecar.Exchange, _ error) {
				x.Dest = "before"
				replied = x.Now()
				close(served)
			}
			c := h.client(t)
			if row.pipelined {
				c.Send(get("/") + row.bytes)
			} else {
				c.Send(get("/"))
			}
			want(t, listen(c, false), 200, "")
			<-served
			since := replied
			if !row.pipelined {
				wait(brief)
				since = sidecar.Now()
				for piece := range strings.SplitSeq(row.bytes, "|") {
					c.Send(piece)
				}
			}
			got := <-all
			if got.received < since || got.tries != 0 || got.dest != "" {
				t.Errorf("told %+v, received %d ns too early", got, since-got.received)
			}
			listen(c, false)
		})
	}
}
