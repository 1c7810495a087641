package http1

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

const brief = 40 * time.Millisecond

const headChunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

// What a wait was for decides whose fault its end is.
func TestWaitsEndWithTheRightReason(t *testing.T) {
	silent := func(c *peer.Conn) { c.Gone() }
	deaf := func(c *peer.Conn) { // takes the head and reads no more
		c.Until("\r\n\r\n")
		told := make(chan struct{})
		c.T.Cleanup(func() { close(told) })
		<-told
	}
	for _, row := range []struct {
		name    string
		script  func(*peer.Conn)
		change  func(*harness)
		request []string
		status  int
		reason  string
		client  bool // the client's fault
	}{
		{"no reply", silent, func(h *harness) { h.timeout = brief }, []string{get("/")}, 504, "deadline", false},
		{"no reply to a try", silent, func(h *harness) { h.attempt = brief }, []string{get("/")}, 504, "attempt_timeout", false},
		{"no reply to a streamed body", silent, func(h *harness) { h.timeout = brief }, []string{headChunked, "0\r\n\r\n"}, 504, "deadline", false},
		{"half a reply head", func(c *peer.Conn) { c.Until("\r\n\r\n"); c.Send("HTTP/1.1 200 OK\r\nA"); c.Gone() },
			func(h *harness) { h.timeout = brief }, []string{get("/")}, 504, "deadline", false},
		{"1xx does not stop the clock", func(c *peer.Conn) { c.Until("\r\n\r\n"); c.Send("HTTP/1.1 102 P\r\n\r\n"); c.Gone() },
			func(h *harness) { h.timeout = brief }, []string{get("/")}, 504, "deadline", false},
		{"a small body stops coming", silent, func(h *harness) { h.set(func(s *Settings) { s.HeaderTimeout = brief }) },
			[]string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"}, 408, "stalled", true},
		{"a streamed body stops coming", silent, func(h *harness) { h.stall = brief }, []string{headChunked + "5\r\nabc"}, 408, "stalled", true},
		{"a body nobody takes", deaf, func(h *harness) { h.stall = brief },
			[]string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n", "FLOOD"}, 504, "stalled", false},
		{"the timeout runs from the last byte only", silent, func(h *harness) { h.timeout, h.stall = time.Nanosecond, brief },
			[]string{headChunked + "5\r\nabc"}, 408, "stalled", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, peer.Listen(t, row.script).Addr())
			row.change(h)
			faults := make(chan *sidecar.Fault, 1)
			h.seen = func(_ *sidecar.Exchange, err error) { faults <- sidecar.FaultOf(err) }
			c := h.client(t)
			for _, piece := range row.request {
				if piece == "FLOOD" {
					go flood(c.NC, nil, 100_000_000)
					continue
				}
				c.Send(piece)
			}
			m := listen(c, false)
			if m.status == 102 {
				m = listen(c, false)
			}
			want(t, m, row.status, row.reason)
			select {
			case f := <-faults:
				if f.Has(sidecar.FromClient) != row.client {
					t.Errorf("%v, flags %b", f, f.Flags)
				}
			default: // refused before it was an exchange
				if !row.client {
					t.Error("no exchange")
				}
			}
			if len(h.idle) != 0 {
				t.Error("a connection was kept")
			}
		})
	}
}

// flood writes n bytes or until it cannot, counting.
func flood(nc net.Conn, count *atomic.Int64, n int64) {
	var piece [64 << 10]byte
	for sent := int64(0); sent < n; {
		k, err := nc.Write(piece[:min(n-sent, int64(len(piece)))])
		sent += int64(k)
		if count != nil {
			count.Add(int64(k))
		}
		if err != nil {
			return
		}
	}
}

// The next exchange of the client is served as if nothing had been.
func TestConnectionGoesOnAfterATimeout(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		for {
			head, ok := c.TryUntil("\r\n\r\n")
			if !ok {
				return
			}
			if head[:6] == "GET /s" {
				c.Gone()
				return
			}
			c.Send(ok200)
		}
	}).Addr())
	h.timeout = brief
	c := h.client(t)
	for range 3 {
		c.Send(get("/slow"))
		want(t, listen(c, false), 504, "deadline")
		c.Send(get("/"))
		want(t, listen(c, false), 200, "")
	}
}

// The committed reply is no longer bound by the timeout, and by the stall only
// while nothing moves.
func TestSlowReplyOutlivesTheTimeout(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
		for range 10 {
			wait(brief / 2)
			c.Send("x")
		}
		c.Gone()
	}).Addr())
	h.timeout, h.stall = brief, 5*brief
	c := h.client(t)
	c.Send(get("/"))
	if m := listen(c, false); m.body != "xxxxxxxxxx" {
		t.Errorf("got %s%s", m.head, m.body)
	}
}

func TestReplyThatStandsStillIsBrokenOff(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")
		c.Gone()
	}).Addr())
	h.stall = brief
	c := h.client(t)
	c.Send(get("/"))
	c.Until("\r\n\r\nx")
	c.Rest()
	if f := h.fault(0); f.Reason != sidecar.StalledOut || f.Has(sidecar.FromClient) {
		t.Errorf("%v", f)
	}
}

// A client that takes nothing holds its backend for the stall timeout at most,
// also where the reply came in one piece with its head.
func TestClientThatDoesNotReadIsGivenUp(t *testing.T) {
	ended := make(chan error, 1000)
	reply := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n%s", text(30_000))
	h := newHarness(t, backend(t, always(reply)).Addr())
	h.stall = brief
	h.seen = func(_ *sidecar.Exchange, err error) {
		if err != nil {
			ended <- err
		}
	}
	c := h.client(t)
	go flooding(c.NC, get("/"))
	if f := sidecar.FaultOf(<-ended); f.Reason != sidecar.StalledOut || f.Stage != sidecar.StageWrite || !f.Has(sidecar.FromClient) {
		t.Errorf("%v, flags %b", f, f.Flags)
	}
}

// The end of the grace is not the client's doing.
func TestDrainThatEndsAWriteIsNotTheClientsFault(t *testing.T) {
	f := new(try).untaken(sidecar.Draining)
	if f.Reason != sidecar.ShuttingDown || f.Stage != sidecar.StageWrite || f.Has(sidecar.FromClient) {
		t.Errorf("%v, flags %b", f, f.Flags)
	}
}

func flooding(nc net.Conn, what string) {
	for {
		if _, err := nc.Write([]byte(what)); err != nil {
			return
		}
	}
}

// The backend is read no faster than the client takes it: what lies between
// them is two sockets' buffers and one of ours, not the body.
func TestSlowClientThrottlesItsBackend(t *testing.T) {
	const size = 20 << 20
	var written atomic.Int64
	blocked := make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.NC.(*net.TCPConn).SetWriteBuffer(64 << 10)
		c.Until("\r\n\r\n")
		c.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size))
		go flood(c.NC, &written, size)
		for last := int64(-1); last != written.Load(); { // until it stands still
			last = written.Load()
			wait(100 * time.Millisecond)
		}
		close(blocked)
		c.Gone()
	}).Addr())
	nc, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.(*net.TCPConn).SetReadBuffer(64 << 10)
	c := &peer.Conn{T: t, NC: nc}
	defer c.Close()
	nc.Write([]byte(get("/")))
	<-blocked
	n := written.Load()
	t.Logf("the backend could write %d KiB of %d", n>>10, size>>10)
	if n > size/2 {
		t.Errorf("the backend could write %d bytes while its client took none", n)
	}
	if out := h.bufs.Out(); out > 3 {
		t.Errorf("%d buffers are held", out)
	}
	got := 0
	buf := make([]byte, 1<<20)
	for got < size {
		k, err := nc.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got += k
	}
}
