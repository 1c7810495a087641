package mux

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

func TestLargeMessagesAndFragments(t *testing.T) {
	onBothPaths(t, func(t *testing.T, h *harness) {
		c := ask(t, h)
		for _, size := range []int{3 << 10, 5 << 10, 33 << 10, 100_000, 3 << 20} {
			payload := strings.Repeat("0123456789", size/10)
			c.Send(dispatch(2, payload))
			c.Expect(echoed(2, payload))
		}
		c.Send(string(appendInit(nil, tinit, 1, 1000)))
		c.Expect(string(appendInit(nil, rinit, 1, 0)))
		payload := strings.Repeat("ab", 50_000)
		call := Call{Payload: []byte(payload)}
		c.Send(string(appendFrames(nil, tdispatch, 2, 40_000, call.appendDispatchHead(nil, nil), call.Payload)))
		var p parts
		for {
			f := hear(c)
			if len(f.body) > 1000 {
				t.Fatalf("fragment of %d bytes", len(f.body))
			}
			if whole, bad := p.add(&f, 1<<20); bad != nil {
				t.Fatal(bad)
			} else if whole {
				if string(f.body) != "\x00\x00\x00"+payload {
					t.Error("put together it is something else")
				}
				break
			}
		}
	}, nil)
}

func TestRequestsTooLargeAreOneRequestsFault(t *testing.T) {
	h := newHarness(t, nil)
	h.set(func(s *Settings) { s.MaxFrame = 50_000 })
	c := ask(t, h)
	refused := func(tag uint32) {
		t.Helper()
		if f := hear(c); f.kind != rerr || f.tag != tag || !strings.Contains(string(f.body), "too_large") {
			t.Fatalf("got %+v %q", f, f.body)
		}
	}
	c.Send(dispatch(2, strings.Repeat("x", 200_000)), dispatch(3, "y"))
	refused(2)
	c.Expect(echoed(3, "y"))
	call := Call{Payload: []byte(strings.Repeat("x", 200_000))}
	c.Send(string(appendFrames(nil, tdispatch, 2, 9000, call.appendDispatchHead(nil, nil), call.Payload)), dispatch(3, "y"))
	refused(2)
	c.Expect(echoed(3, "y"))
}

func TestRequestsWithoutRoomAreRefused(t *testing.T) {
	h := newHarness(t, nil)
	taken := h.room.Take(h.bufs, 64<<20)
	c := ask(t, h)
	c.Send(dispatch(2, strings.Repeat("x", 200_000)), dispatch(3, "y"))
	if f := hear(c); f.kind != rerr || f.tag != 2 || !strings.Contains(string(f.body), errNoRoom.text) {
		t.Fatalf("got %+v %q", f, f.body)
	}
	c.Expect(echoed(3, "y"))
	h.room.Give(h.bufs, taken)
}

func TestMessageThatStopsEndsTheSession(t *testing.T) {
	h := newHarness(t, nil)
	h.set(func(s *Settings) { s.MessageTimeout = 30 * time.Millisecond })
	for _, sent := range []string{"\x00", dispatch(2, "hello")[:12], dispatch(2, strings.Repeat("x", 100_000))[:50_000]} {
		c := ask(t, h)
		c.Send(sent)
		if f := hear(c); f.kind != rerr || !strings.Contains(string(f.body), errStalled.text) {
			t.Fatalf("got %+v", f)
		}
		c.End()
	}
}

func TestDrainAsksAndWaitsForReplies(t *testing.T) {
	onBothPaths(t, func(t *testing.T, h *harness) {
		let := make(chan struct{})
		h.do = func(x *sidecar.Exchange, c *Call) error {
			if string(c.Payload) == "slow" {
				<-let
			}
			return reply(x, c, &Reply{Payload: c.Payload})
		}
		c := ask(t, h)
		c.Send(dispatch(2, "slow"), message(tping, 1, ""))
		c.Expect(message(rping, 1, ""))
		h.drain(false)
		c.Expect(message(tdrain, 1, ""))
		c.Send(dispatch(3, "on its way"))
		c.Expect(echoed(3, "on its way"))
		c.Send(message(rdrain, 1, ""), dispatch(4, "after all"))
		if r := hearReply(c, 4); r.Status != Nack {
			t.Errorf("got %+v", r)
		}
		close(let)
		c.Expect(echoed(2, "slow"))
		c.End()
	}, nil)
}

func TestDrainOfAClientThatKnowsNone(t *testing.T) {
	h := newHarness(t, nil)
	c := ask(t, h)
	c.Send(dispatch(2, "x"))
	c.Expect(echoed(2, "x"))
	h.drain(false)
	c.Expect(message(tdrain, 1, ""))
	c.End() // a second later
	late := ask(t, h)
	late.Expect(message(tdrain, 1, ""))
	late.Send(dispatch(2, "x"))
	late.Expect(echoed(2, "x"))
}

func TestEndOfTheGraceEndsRequests(t *testing.T) {
	h := newHarness(t, func(x *sidecar.Exchange, _ *Call) error { return stay(x) })
	c := ask(t, h)
	c.Send(dispatch(2, "x"), message(tping, 1, ""))
	c.Expect(message(rping, 1, ""))
	h.drain(true)
	r := hearReply(c, 2)
	if r.Status != Nack || string(r.Payload) != "sidecar: shutting_down" {
		t.Errorf("got %+v", r)
	}
	c.End()
}

func TestEndOfTheClient(t *testing.T) {
	ended := make(chan sidecar.Reason, 1)
	let := make(chan struct{}, 1)
	h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
		if string(c.Payload) == "let" {
			<-let
			return reply(x, c, &Reply{Payload: c.Payload})
		}
		err := stay(x)
		ended <- sidecar.FaultOf(err).Reason
		return err
	})
	running := func(payload string) *peer.Conn {
		p := ask(t, h)
		p.Send(dispatch(2, payload), message(tping, 1, ""))
		p.Expect(message(rping, 1, ""))
		return p
	}
	t.Run("a FIN leaves requests", func(t *testing.T) {
		c := running("let")
		c.HalfClose()
		let <- struct{}{}
		c.Expect(echoed(2, "let"))
		c.End()
	})
	t.Run("a reset ends them", func(t *testing.T) {
		running("stay").Cut()
		if got := <-ended; got != sidecar.ClientLeft {
			t.Errorf("ended by %v", got)
		}
	})
	t.Run("a reset after a FIN, too", func(t *testing.T) {
		c := running("stay")
		c.HalfClose()
		c.Cut()
		if got := <-ended; got != sidecar.ClientLeft {
			t.Errorf("ended by %v", got)
		}
	})
	t.Run("a FIN ends them if so configured", func(t *testing.T) {
		h.set(func(s *Settings) { s.CancelOnFIN = true })
		running("stay").HalfClose()
		if got := <-ended; got != sidecar.ClientLeft {
			t.Errorf("ended by %v", got)
		}
	})
}

func TestIdleSessionIsParkedAndKeepsItsTerms(t *testing.T) {
	h := newHarness(t, nil)
	h.set(func(s *Settings) { s.ParkAfter = 20 * time.Millisecond })
	c := ask(t, h)
	c.Send(string(appendInit(nil, tinit, 1, 16)))
	c.Expect(string(appendInit(nil, rinit, 1, 0)))
	for range 3 {
		c.Send(dispatch(2, "0123456789abcdef"))
		c.Expect(message(rdispatch, 2|moreBit, "\x00\x00\x000123456789abc") + message(rdispatch, 2, "def"))
		<-h.parked
		if n := h.bufs.Out(); n != 0 {
			t.Fatalf("%d buffers are held while parked", n)
		}
	}
}

func TestIdleSessionEnds(t *testing.T) {
	h := newHarness(t, nil)
	h.set(func(s *Settings) { s.IdleTimeout = 20 * time.Millisecond })
	c := ask(t, h)
	c.Send(dispatch(2, "x"))
	c.Expect(echoed(2, "x"))
	c.End()
}

func TestSlowClientIsWaitedForAndThenCut(t *testing.T) {
	onBothPaths(t, func(t *testing.T, h *harness) {
		h.srv.most = 8 << 20
		large := []byte(strings.Repeat("0123456789abcdef", 1<<16)) // 1 MiB
		h.do = func(x *sidecar.Exchange, c *Call) error { return reply(x, c, &Reply{Payload: large}) }
		c := ask(t, h)
		for tag := range uint32(4) {
			c.Send(dispatch(2+tag, ""))
		}
		for range 4 {
			if f := hear(c); string(f.body[3:]) != string(large) {
				t.Fatal("a slow reader got something else")
			}
		}
		all := ""
		for tag := range uint32(100) { // in one read: between two it would be found not to take anything
			all += dispatch(2+tag, "")
		}
		ask(t, h).Send(all)
		for h.srv.p.Stats.cut.Value() == 0 {
			runtime.Gosched()
		}
	}, nil)
}

func TestPingsThatNobodyTakesTheAnswersOfAreBounded(t *testing.T) {
	h := newHarness(t, nil)
	c := ask(t, h)
	flood := strings.Repeat(message(tping, 1, ""), 1<<16) // 512 KiB
	sent := make(chan int)
	go func() {
		n := 0
		for c.NC.SetWriteDeadline(time.Now().Add(300*time.Millisecond)) == nil {
			k, err := c.NC.Write([]byte(flood))
			n += k
			if err != nil {
				break
			}
		}
		sent <- n
	}()
	if n := <-sent; n > 64<<20 {
		t.Errorf("%d bytes of pings were taken", n)
	}
	h.mu.Lock()
	cl := h.served[0]
	h.mu.Unlock()
	cl.mu.Lock()
	s := cl.act
	cl.mu.Unlock()
	s.mu.Lock()
	size := s.out.size()
	s.mu.Unlock()
	if size > readAgain+64<<10 {
		t.Errorf("%d bytes wait for a client that takes nothing", size)
	}
}

// Finagle reads lengths as signed. What it cannot read must not reach a session
// that others share.
func TestLengthsThatOthersReadAsNegativeAreRefused(t *testing.T) {
	h := newHarness(t, nil)
	c := ask(t, h)
	long := strings.Repeat("x", 1<<15)
	for _, body := range []string{
		"\x00\x01\x00\x01k\x80\x00" + long + "\x00\x00\x00\x00", // a context
		"\x00\x00\x80\x00" + long + "\x00\x00",                  // the destination
		"\x00\x00\x00\x00\x00\x01\x80\x00" + long + "\x00\x01/", // a delegation
	} {
		c.Send(message(tdispatch, 2, body))
		if f := hear(c); f.kind != rerr || f.tag != 2 {
			t.Errorf("got %+v", f)
		}
	}
	c.Send(dispatch(3, "y"))
	c.Expect(echoed(3, "y"))
}
