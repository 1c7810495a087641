package thrift

import (
	"context"
	"sync/atomic"
	"testing"

	"sidecar/internal/peer"
	"sidecar/sock"
)

// A server that finds two calls in a frame answers both, and the second answer
// would be there for whoever has the connection next.
func TestACallBehindAnotherInItsFrameGoesNowhere(t *testing.T) {
	for _, row := range []struct {
		name   string
		e      Encoding
		behind string
	}{
		{"framed", framedBinary, call(framedBinary, 8, "hidden", "y")[FrameHead:]},
		{"framed compact", framedCompact, call(framedCompact, 8, "hidden", "y")[FrameHead:]},
		{"one byte", framedBinary, "\x00"},
		{"half a call", framedBinary, "\x80\x01\x00\x01\x00\x00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var heard atomic.Int64
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				heard.Add(1)
				c.Gone()
			}).Addr())
			c := h.client(t)
			frame := []byte(call(row.e, 7, "m", "x") + row.behind)
			CloseFrame(frame, 0)
			c.Send(string(frame))
			refused(c, row.e, 7, errBehind.text)
			c.End()
			if n := heard.Load(); n != 0 {
				t.Errorf("%d connections to the backend", n)
			}
		})
	}
}

// A frame whose struct ends behind it would make the server read on into the
// next caller's frame.
func TestACallThatItsFrameCutsGoesNowhere(t *testing.T) {
	h := newHarness(t, "127.0.0.1:1")
	c := h.client(t)
	whole := call(framedBinary, 7, "m", "hello")
	frame := []byte(whole[:len(whole)-3])
	CloseFrame(frame, 0)
	c.Send(string(frame))
	refused(c, framedBinary, 7, errShort.text)
	c.End()
}

// Who announces much and sends little keeps no room from others, on either side.
func TestRoomIsTakenForWhatHasCome(t *testing.T) {
	h := newHarness(t, "127.0.0.1:1")
	a := h.srv.actives.Get().(*active)
	a.cl = &Client{srv: h.srv, enc: framedBinary, known: true}
	a.in, a.w = h.bufs.Small(), FrameHead
	const size = 5*sock.LargeBuffer + 1
	for _, row := range []struct{ come, want int }{
		{FrameHead, sock.LargeBuffer},
		{sock.LargeBuffer - 1, sock.LargeBuffer},
		{sock.LargeBuffer, 2 * sock.LargeBuffer},
		{2 * sock.LargeBuffer, 4 * sock.LargeBuffer},
		{4 * sock.LargeBuffer, size},
	} {
		if a.w = row.come; !a.fit(size, testFrame) || len(a.in) != row.want {
			t.Fatalf("a buffer of %d bytes for %d that have come, want %d", len(a.in), row.come, row.want)
		}
	}
	a.srv.means.room.Give(h.bufs, a.in)

	d := &Dialer{Dial: dialTCP, Encoding: framedBinary, MaxFrame: testFrame, Buffers: h.bufs, Room: sock.NewRoom(sock.MaxRoom)}
	c, err := d.Connect(context.Background(), h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.in = h.bufs.Large()
	for _, want := range []int{1, 2, 4, 5} {
		if f := c.grow(size); f != nil || len(c.in)/sock.LargeBuffer != want {
			t.Fatalf("a buffer of %d bytes for %d that have come, %v", len(c.in), c.n, f)
		}
		c.n = len(c.in)
	}
	d.Room.Give(h.bufs, c.in)
	if n := d.Room.Used(); n != 0 {
		t.Errorf("%d bytes of room were not given back", n)
	}
}
