package http1

import (
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

// failing is a connection whose writes end with the one of that number, from 1,
// and with them the connection.
type failing struct {
	plainConn
	number int
	writes atomic.Int64
}

func (c *failing) Write(p []byte) (int, error) {
	if len(p) == 0 || int(c.writes.Add(1)) < c.number {
		return c.plainConn.Write(p)
	}
	c.Close()
	return 0, syscall.ECONNRESET
}

// What bounded the sending of a body has no business in the next try, which has
// the body whole and only waits.
func TestTryAfterALostBodyWaitsAsLongAsAnyOther(t *testing.T) {
	begun := make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		if c.Number == 0 {
			c.Until("\r\n\r\n")
			close(begun)
			c.Gone()
			return
		}
		if m := listen(c, false); m.body != "abc" {
			t.Errorf("the second try got %q", m.raw)
		}
		wait(8 * brief)
		c.Send(ok200)
	}).Addr())
	h.dialled = func(number int, nc net.Conn) net.Conn {
		plain := plainConn{nc.(*net.TCPConn)}
		if number == 1 {
			return &failing{plainConn: plain, number: 2} // the head goes out, the body does not
		}
		return plain
	}
	h.tries, h.stall = 2, 5*brief
	c := h.client(t)
	c.Send(headChunked)
	<-begun
	c.Send(chunked("abc", 3))
	want(t, listen(c, false), 200, "")
}

// A reply that is kept from the client is not waited for: what is left of it is
// read for a moment only, and bounds nothing afterwards.
func TestTryAfterAKeptReplyIsNotHeldUpByIt(t *testing.T) {
	for _, row := range []struct{ name, reply string }{
		{"its body stops", "HTTP/1.1 503 No\r\nContent-Length: 1000\r\n\r\nx"},
		{"its body is long", "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(text(2*maxHeldDrain), 1000)},
	} {
		for _, h := range []*harness{{}, {stall: brief}, {attempt: 10 * brief}} {
			t.Run(fmt.Sprintf("%s, stall %v, attempt %v", row.name, h.stall, h.attempt), func(t *testing.T) {
				stall, attempt := h.stall, h.attempt
				h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
					c.Until("\r\n\r\n")
					if c.Number == 0 {
						c.TrySend(row.reply)
						c.Gone()
						return
					}
					wait(3 * brief)
					c.Send(ok200)
				}).Addr())
				h.tries, h.hold, h.stall, h.attempt = 2, sidecar.Classes(sidecar.Unavailable), stall, attempt
				c := h.client(t)
				c.Send(get("/"))
				want(t, listen(c, false), 200, "")
				if f := h.fault(0); f == nil || f.Reason != sidecar.Status5xx || f.Code != 503 {
					t.Errorf("the first try: %v", f)
				}
			})
		}
	}
}

// A backend that takes nothing of a body that is all there is given up, also
// where no timeout is set.
func TestHeldBodyThatNobodyTakesIsGivenUp(t *testing.T) {
	const size = 24 << 20 // more than the system's buffers
	told := make(chan struct{})
	h := newHarnessWith(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		<-told
	}).Addr(), size)
	h.stall = 5 * brief
	c := h.client(t)
	head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
	c.Send(head)
	flood(c.NC, nil, size)
	want(t, listen(c, false), 504, "stalled")
	close(told)
	if f := h.fault(0); f == nil || f.Has(sidecar.FromClient) {
		t.Errorf("%v", f)
	}
}

// The record of a try has the status of its reply, also of one that went out.
func TestTryTellsTheStatusOfItsReply(t *testing.T) {
	for _, status := range []int{200, 404, 500, 503} {
		reply := fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", status)
		h := newHarness(t, backend(t, always(reply)).Addr())
		codes := make(chan int, 1)
		h.seen = func(x *sidecar.Exchange, err error) {
			if err != nil {
				t.Errorf("%d: %v", status, err)
			}
			codes <- x.Tries.Last().Code
		}
		c := h.client(t)
		c.Send(get("/"))
		want(t, listen(c, false), status, "")
		if got := <-codes; got != status {
			t.Errorf("got %d, want %d", got, status)
		}
	}
}
