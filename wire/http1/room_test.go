package http1

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"sidecar/internal/peer"
	"sidecar/sock"
)

// Over the bound a body goes to the backend as it comes; under it, whole.
func TestBodyThatHasNoRoomIsStreamed(t *testing.T) {
	const size = 50_000
	heads := make(chan string, 2)
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		for head, ok := c.TryUntil("\r\n\r\n"); ok; head, ok = c.TryUntil("\r\n\r\n") {
			heads <- strings.Fields(head)[1]
			c.Expect(text(size))
			c.Send(ok200)
		}
	}).Addr())
	h.srv.room = sock.NewRoom(size + 10_000) // for one
	start := func(path string) *peer.Conn {
		c := h.client(t)
		c.Send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", path, size, text(size)[:10]))
		return c
	}
	finish := func(c *peer.Conn) {
		c.Send(text(size)[10:])
		want(t, listen(c, false), 200, "")
	}
	first := start("/first")
	for h.srv.room.Used() == 0 {
		runtime.Gosched()
	}
	second := start("/second")
	if path := <-heads; path != "/second" { // and none of its body is there
		t.Errorf("%s came first", path)
	}
	finish(second)
	finish(first)
	if path := <-heads; path != "/first" {
		t.Errorf("%s came last", path)
	}
}

// It passes whole, as what is behind it does, but is not sent again.
func TestBodiesPassWithoutRoom(t *testing.T) {
	h := newHarness(t, backend(t, echo).Addr())
	h.srv.room = sock.NewRoom(0)
	c := h.client(t)
	for _, n := range []int{100, 20_000, 32_768, 40_000, 65_000, 200_000} {
		for _, framed := range []string{
			fmt.Sprintf("Content-Length: %d\r\n\r\n%s", n, text(n)),
			"Transfer-Encoding: chunked\r\n\r\n" + chunked(text(n), 5000),
		} {
			all := "POST / HTTP/1.1\r\nHost: a\r\n" + framed + get("/")
			go c.TrySend(all)
			for _, want := range []string{text(n), ""} {
				if m := listen(c, false); m.status != 200 || m.body != want {
					t.Fatalf("%d bytes: got %d bytes, %s", n, len(m.body), m.head)
				}
			}
		}
	}
	if n := h.srv.room.Used(); n != 0 {
		t.Errorf("%d bytes were taken where there are none", n)
	}
}

func TestBodyThatHadNoRoomIsNotSentAgain(t *testing.T) {
	back := peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Read(45_000)
		c.Cut()
	})
	h := newHarness(t, back.Addr())
	h.srv.room, h.tries = sock.NewRoom(0), 2
	c := h.client(t)
	c.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
	c.Send(text(50_000))
	want(t, listen(c, false), 502, "peer_reset")
	if n := back.Conns(); n != 1 {
		t.Errorf("%d connections to the backend", n)
	}
}

// One large request costs a busy connection no memory for good.
func TestRoomIsGivenBackWhileItsConnectionGoesOn(t *testing.T) {
	h := newHarness(t, backend(t, echo).Addr())
	c := h.client(t)
	for _, large := range []string{post(text(60_000)), get("/") + "X: " + text(40_000) + "\r\n\r\n"} {
		c.Send(strings.Replace(large, "\r\n\r\nX:", "\r\nX:", 1))
		want(t, listen(c, false), 200, "")
		if h.srv.room.Used() == 0 {
			t.Error("nothing was counted")
		}
		for range 2 {
			c.Send(get("/"))
			want(t, listen(c, false), 200, "")
		}
		if n := h.srv.room.Used(); n != 0 {
			t.Errorf("%d bytes are kept for a connection that needs none", n)
		}
	}
}
