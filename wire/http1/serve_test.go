package http1

import (
	"context"
	"net"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
	"sidecar/wire/http"
)

func TestHeadThatStopsComingIsRefused(t *testing.T) {
	for _, part := range []string{"G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"} {
		h := newHarness(t, "127.0.0.1:1")
		h.set(func(s *Settings) { s.HeaderTimeout = brief })
		c := h.client(t)
		c.Send(part)
		want(t, listen(c, false), 408, "stalled")
		c.End()
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	h := newHarness(t, backend(t, always(ok200)).Addr())
	h.set(func(s *Settings) { s.IdleTimeout = brief })
	c := h.client(t)
	c.Send(get("/"))
	listen(c, false)
	c.End()
}

// A connection that is given up to be parked holds no buffer, and goes on
// where it was.
func TestIdleConnectionIsGivenUpToBeParked(t *testing.T) {
	h := newHarness(t, backend(t, always(ok200)).Addr())
	h.set(func(s *Settings) { s.ParkAfter = brief })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := peer.Dial(t, ln.Addr().String())
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	cl := h.srv.NewClient(sock.New(nc))
	for range 3 {
		c.Send(get("/"))
		if !cl.Serve(context.Background()) {
			t.Fatal("the connection was closed")
		}
		if n := h.bufs.Out(); n != 0 {
			t.Errorf("%d buffers are held", n)
		}
		want(t, listen(c, false), 200, "")
	}
	c.Close()
	if cl.Serve(context.Background()) {
		t.Error("a closed connection was given up to be parked")
	}
}

// Drained, an idle connection ends soon, one in an exchange with its reply.
func TestDrainEndsConnectionsWithTheirReplies(t *testing.T) {
	asked, told := make(chan struct{}), make(chan struct{})
	h := newHarness(t, backend(t, func(c *peer.Conn, _ heard) []string {
		close(asked)
		c.Wait(told)
		return []string{ok200}
	}).Addr())
	idle, busy := h.client(t), h.client(t)
	busy.Send(get("/"))
	<-asked
	h.drain(false)
	close(told)
	if m := listen(busy, false); m.status != 200 || m.field("Connection") != "close" {
		t.Errorf("got %s", m.head)
	}
	busy.End()
	idle.End()
}

// A request that comes in the last second of an idle connection is answered.
func TestDrainedConnectionStillTakesARequest(t *testing.T) {
	h := newHarness(t, backend(t, always(ok200)).Addr())
	c := h.client(t)
	c.Send(get("/"))
	listen(c, false)
	h.drain(false)
	c.Send(get("/"))
	if m := listen(c, false); m.status != 200 || m.field("Connection") != "close" {
		t.Errorf("got %s", m.head)
	}
	c.End()
}

func TestHardDrainEndsWhatIsUnderWay(t *testing.T) {
	asked := make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		head := c.Until("\r\n\r\n")
		if head[:9] == "GET /chat" {
			c.Send(switched)
		}
		asked <- struct{}{}
		c.Gone()
	}).Addr())
	c, tunnel := h.client(t), h.client(t)
	c.Send(get("/"))
	<-asked
	tunnel.Send(upgrade)
	tunnel.Expect(switchedThrough)
	<-asked
	h.drain(true)
	m := listen(c, false)
	want(t, m, 503, "shutting_down")
	if m.field("Connection") != "close" {
		t.Errorf("got %s", m.head)
	}
	tunnel.Gone()
}

// drain does what a listener does.
func (h *harness) drain(hard bool) {
	h.srv.Drain()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cl := range h.served {
		cl.Drain(hard)
	}
}

func TestRefusedConnectionIsToldWhy(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := peer.Dial(t, ln.Addr().String())
	c.Send(get("/"))
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := sock.New(nc)
	awaitReadable(t, s)
	newHarness(t, "127.0.0.1:1").srv.Refuse(s, sidecar.TooManyConnections)
	s.Close()
	want(t, listen(c, false), 503, "max_connections")
	c.End()
}

func TestRequestsAreRoutedByWhatTheyName(t *testing.T) {
	type sel = sidecar.Selector
	for _, row := range []struct {
		request string
		sel     sel
		want    string
		none    bool
	}{
		{get("/a/b?c"), sel{Attr: sidecar.AttrOperation}, "GET /a/b", false},
		{get("/a"), sel{Attr: sidecar.AttrOpName}, "GET", false},
		{get("/a?b"), sel{Attr: http.AttrPath}, "/a", false},
		{get("/"), sel{Attr: http.AttrHost}, "a", false},
		{"GET http://b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n", sel{Attr: http.AttrHost}, "b:1", false},
		{"GET http://b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n", sel{Attr: http.AttrPath}, "/x", false},
		{"GET http://b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n", sel{Attr: sidecar.AttrOperation}, "GET /x", false},
		{"GET http://b:1?y HTTP/1.1\r\nHost: a\r\n\r\n", sel{Attr: sidecar.AttrOperation}, "GET /", false},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", sel{Attr: http.AttrPath}, "*", false},
		{"GET / HTTP/1.0\r\n\r\n", sel{Attr: http.AttrHost}, "", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nX-Key:  1 \r\nx-key: 2\r\n\r\n", sel{Attr: http.AttrHeader, Name: "x-key"}, "1", false},
		{get("/"), sel{Attr: http.AttrHeader, Name: "x-key"}, "", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n", sel{Attr: http.AttrRequestID}, "r", false},
	} {
		m := &message{in: []byte(row.request)}
		m.req.reset()
		if done, bad := m.req.parse(m.in); !done {
			t.Fatalf("%q: %v", row.request, bad)
		}
		got, ok := m.Attr(row.sel)
		if string(got) != row.want || ok == row.none {
			t.Errorf("%q by %v: got %q %v, want %q", row.request, row.sel, got, ok, row.want)
		}
	}
}
