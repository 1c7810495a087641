package http1

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
)

const long = 700_000 // several pipes full, and no multiple of anything

// giver answers with a long body of which it sends as much as give says, in
// pieces that end anywhere, and then does what end says.
func giver(give int, end func(c *peer.Conn)) func(c *peer.Conn) {
	return func(c *peer.Conn) {
		for {
			if _, ok := c.TryUntil("\r\n\r\n"); !ok {
				return
			}
			whole := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", long) + text(long)
			head := len(whole) - long
			for _, p := range peer.Split(whole[:head+give], 99_991) {
				if !c.TrySend(p) {
					return
				}
			}
			if end != nil {
				end(c)
				return
			}
		}
	}
}

func TestLongBodiesAreSplicedBothWays(t *testing.T) {
	h := newHarness(t, backend(t, echo).Addr())
	c := h.client(t)
	body := text(long)
	for range 3 {
		c.Send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", long), body, get("/next"))
		if m := listen(c, false); m.status != 200 || m.body != body {
			t.Fatalf("got %d bytes: %s", len(m.body), m.head)
		}
		if m := listen(c, false); m.status != 200 || m.body != "" {
			t.Fatalf("what came behind the body was lost or added to: %s", m.head)
		}
	}
	if h.dials != 1 || h.pipes.Open() == 0 {
		t.Errorf("%d backend connections, %d pipes", h.dials, h.pipes.Open())
	}
}

func TestLongBodyWithoutAPipeIsCopied(t *testing.T) {
	h := newHarness(t, backend(t, echo).Addr())
	h.pipes.Close() // none is given any more
	c := h.client(t)
	body := text(long)
	c.Send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", long), body)
	if m := listen(c, false); m.status != 200 || m.body != body {
		t.Errorf("got %d bytes: %s", len(m.body), m.head)
	}
}

func TestSplicedReplyThatStopsShortEndsTheClientsConnection(t *testing.T) {
	for name, end := range map[string]func(c *peer.Conn){
		"closed": func(c *peer.Conn) { c.Close() },
		"reset":  func(c *peer.Conn) { c.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, peer.Listen(t, giver(long-100_000, end)).Addr())
			over := make(chan error, 1)
			h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
			c := h.client(t)
			c.Send(get("/"))
			c.Until("\r\n\r\n")
			if got, _ := c.Rest(); len(got) >= long || !strings.HasPrefix(text(long), got) {
				t.Errorf("%d bytes of %d came, or others", len(got), long)
			}
			f := sidecar.FaultOf(<-over)
			if f == nil || f.Reason != sidecar.PeerClosed && f.Reason != sidecar.PeerReset {
				t.Errorf("told as %v", f)
			}
		})
	}
}

func TestSplicedReplyThatStandsStillIsEndedByTheStall(t *testing.T) {
	gate := make(chan struct{})
	h := newHarness(t, peer.Listen(t, giver(long-100_000, func(*peer.Conn) { <-gate })).Addr())
	defer close(gate)
	h.stall = time.Second // for who is to be blamed: a busy machine may hold the other one up
	over := make(chan error, 1)
	h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
	c := h.client(t)
	c.Send(get("/"))
	c.Until("\r\n\r\n")
	c.Rest()
	if f := sidecar.FaultOf(<-over); f == nil || f.Reason != sidecar.StalledOut || f.Has(sidecar.FromClient) {
		t.Errorf("told as %v", f)
	}
}

// The endpoint has done its part, and its breaker must not hear of it.
func TestClientThatDoesNotReadASplicedReplyIsGivenUp(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 100*long))
		flood(c.NC, nil, 100*long)
	}).Addr())
	h.stall = time.Second
	over := make(chan error, 1)
	h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
	c := h.client(t)
	c.NC.(*net.TCPConn).SetReadBuffer(128 << 10)
	c.Send(get("/"))
	if f := sidecar.FaultOf(<-over); f == nil || f.Reason != sidecar.StalledOut || f.Stage != sidecar.StageWrite || !f.Has(sidecar.FromClient) {
		t.Errorf("told as %v", f)
	}
}

// What has gone by reference cannot be sent again.
func TestCutSplicedUploadIsNotTriedAgain(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Read(300_000)
		c.Cut()
	}).Addr())
	h.tries = 2
	c := h.client(t)
	c.Send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 10*long))
	go flood(c.NC, nil, 10*long)
	if m := listen(c, false); m.status != 502 {
		t.Errorf("got %s%s", m.head, m.body)
	}
	if h.dials != 1 {
		t.Errorf("%d backend connections", h.dials)
	}
}

func TestBytesOfSplicedBodiesAreCounted(t *testing.T) {
	const reply = "HTTP/1.1 200 OK\r\nContent-Length: 700000\r\n\r\n"
	var heads []int // the requests', as the backend gets them
	h := newHarness(t, backend(t, func(_ *peer.Conn, m heard) []string {
		heads = append(heads, len(m.head))
		return []string{reply, text(long)}
	}).Addr())
	stats := &h.srv.stats
	tries := make(chan sidecar.Try, 2)
	var in, out uint64 // when the second exchange ends, those of the first are in
	h.seen = func(x *sidecar.Exchange, _ error) {
		in, out = stats.In.Value(), stats.Out.Value()
		tries <- *x.Tries.Last()
	}
	c := h.client(t)
	request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", long)
	c.Send(request, text(long))
	first := listen(c, false)
	try := <-tries
	if want := int64(heads[0] + long); try.Out != want {
		t.Errorf("%d bytes to the backend, want %d", try.Out, want)
	}
	if want := int64(len(reply) + long); try.In != want {
		t.Errorf("%d bytes from the backend, want %d", try.In, want)
	}
	c.Send(get("/"))
	listen(c, false)
	<-tries
	if want := uint64(len(request) + long); in != want {
		t.Errorf("%d bytes from the client, want %d", in, want)
	}
	if want := uint64(len(first.head) + long); out != want {
		t.Errorf("%d bytes to the client, want %d", out, want)
	}
}

func TestClientThatLeavesASplicedReplyLeavesNothingBehind(t *testing.T) {
	h := newHarness(t, peer.Listen(t, giver(long, nil)).Addr())
	over := make(chan error, 1)
	h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
	for range 20 {
		c := h.client(t)
		c.Send(get("/"))
		c.Until("\r\n\r\n")
		c.Cut()
		// A small reply buffer may have taken it all before the reset came.
		if f := sidecar.FaultOf(<-over); f != nil && !f.Has(sidecar.FromClient) {
			t.Errorf("told as %v", f)
		}
	}
}

func TestUploadThatIsCutInItsSplicedPartIsTheClientsFault(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) { c.Rest() }).Addr())
	over := make(chan error, 1)
	h.seen = func(_ *sidecar.Exchange, err error) { over <- err }
	for _, reset := range []bool{false, true} {
		c := h.client(t)
		c.Send(fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", long), text(long-200_000))
		if reset {
			c.Cut()
		} else {
			c.Close()
		}
		if f := sidecar.FaultOf(<-over); f == nil || !f.Has(sidecar.FromClient) {
			t.Errorf("told as %v", f)
		}
	}
}

// The backend answers while the body is on its way and reads no more of it.
func TestEarlyReplyEndsASplicedUpload(t *testing.T) {
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		c.Until("\r\n\r\n")
		c.Read(300_000)
		c.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
		c.Rest()
	}).Addr())
	c := h.client(t)
	c.Send(fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 10*long), text(400_000))
	if m := listen(c, false); m.status != 413 || m.body != "no" || m.field("Connection") != "close" {
		t.Errorf("got %s%s", m.head, m.body)
	}
}

func TestShortRestsAreNotSpliced(t *testing.T) {
	h := newHarness(t, backend(t, echo).Addr())
	c := h.client(t)
	body := text(sock.MinSplice - 1)
	c.Send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(body)), body)
	if m := listen(c, false); m.body != body || h.pipes.Open() != 0 {
		t.Errorf("%d bytes, %d pipes", len(m.body), h.pipes.Open())
	}
}
