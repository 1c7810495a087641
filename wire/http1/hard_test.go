package http1

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

// A connection that was between two requests when the grace ended must not
// begin another one: the process would wait for its reply, for as long as that
// may take.
func TestNothingBeginsAfterAHardDrain(t *testing.T) {
	for _, row := range []struct{ name, request string }{
		{"request", get("/")},
		{"half a head", "GET / HTTP/1.1\r\nHost"},
		{"half a small body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"},
		{"streamed body", postChunked("5\r\nabc")},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t, backend(t, always(ok200)).Addr())
			c := h.client(t)
			c.Send(get("/"))
			if m := listen(c, false); m.status != 200 {
				t.Fatalf("got %s", m.head)
			}
			h.mu.Lock()
			h.served[0].Drain(true)
			h.mu.Unlock()
			c.Send(row.request)
			want(t, listen(c, false), 503, "shutting_down")
			c.HalfClose()
			c.End()
		})
	}
}

// Drains that come at any moment, between requests and within their heads: a
// soft one loses none, and after a hard one none begins.
func TestDrainsAtAnyMoment(t *testing.T) {
	const clients = 8
	var ended atomic.Int64 // when the hard drain was over
	h := newHarness(t, backend(t, always(ok200)).Addr())
	h.seen = func(x *sidecar.Exchange, err error) {
		if end := ended.Load(); end != 0 && x.Received > end && err == nil {
			t.Error("an exchange began after the end")
		}
	}
	drain := func(hard bool) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, cl := range h.served {
			cl.Drain(hard)
		}
	}
	var hard atomic.Bool
	var work, ready sync.WaitGroup
	ready.Add(clients)
	for i := range clients {
		work.Go(func() { askInPieces(h, rand.New(rand.NewPCG(3, uint64(i))), &hard, ready.Done) })
	}
	stop := make(chan struct{})
	for range 2 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					drain(false)
				}
			}
		})
	}
	ready.Wait()
	hard.Store(true)
	h.srv.Drain()
	drain(true)
	ended.Store(sidecar.Now())
	close(stop)
	work.Wait()
}

// askInPieces asks until its connection ends, which only a hard drain may do;
// warm is called once it has asked often.
func askInPieces(h *harness, rng *rand.Rand, hard *atomic.Bool, warm func()) {
	c := peer.Dial(h.t, h.addr)
	for n := 0; ; n++ {
		if n == 100 {
			warm()
		}
		all := get("/a") + get("/b") // a second that may come behind the first in pieces
		for _, piece := range peer.Split(all, 1+rng.IntN(len(all))) {
			if !c.TrySend(piece) {
				break
			}
		}
		for range 2 {
			m := listen(c, false)
			switch {
			case m.status == 200:
				continue
			case !hard.Load():
				h.t.Errorf("got %q, %v", m.head, m.ended)
			case !m.ended && (m.status != 503 || m.field("Connection") != "close"):
				h.t.Errorf("got %q", m.head)
			}
			if n < 100 {
				warm()
			}
			return
		}
	}
}
