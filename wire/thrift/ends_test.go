package thrift

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
)

// Go's library sends oneway calls as CALL.
func TestACallWhoseMethodAnswersNothingIsNotWaitedFor(t *testing.T) {
	e := framedBinary
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		for c.Idle() {
			if m, ok := hear(c, e); ok && m.name != "Log:tell" {
				c.TrySend(reply(e, m.Seq, m.name, "well"))
			}
		}
	}).Addr())
	h.layer = Oneways([]string{"Log:tell"})
	c := h.client(t)
	c.Send(call(e, 1, "Log:tell", "x") + call(e, 2, "m", "x"))
	wants(c, e, 2, "well")
}

// A client that resets its connection ends its exchange, and is told of as gone.
func TestAClientThatIsGoneEndsItsExchange(t *testing.T) {
	e := framedBinary
	for _, cancel := range []bool{false, true} {
		seen := make(chan error, 1)
		h := newHarness(t, peer.Listen(t, func(c *peer.Conn) { c.Gone() }).Addr())
		h.seen = func(_ *sidecar.Exchange, err error) { seen <- err }
		h.set(func(s *Settings) { s.CancelOnFIN = cancel })
		c := h.client(t)
		c.Send(call(e, 1, "m", "x"))
		if cancel {
			c.HalfClose()
		} else {
			c.Cut()
		}
		if f := sidecar.FaultOf(<-seen); f.Reason != sidecar.ClientLeft || !f.Has(sidecar.FromClient) {
			t.Errorf("cancel %v: got %v", cancel, f)
		}
	}
}

// A client that takes nothing of a long reply is given up after stall_timeout;
// its backend is not to blame.
func TestAClientThatTakesNothingIsGivenUp(t *testing.T) {
	e := framedBinary
	for _, n := range []int{900_000} {
		for _, front := range []Encoding{e, framedCompact} { // in pieces, and whole
			const calls = 50 // as many as no socket's buffers take
			seen := make(chan error, calls)
			h := newHarness(t, backend(t, e).Addr())
			h.stall = time.Second
			h.seen = func(_ *sidecar.Exchange, err error) {
				if err != nil {
					seen <- err
				}
			}
			c := h.client(t)
			go func() {
				for i := range int32(calls) {
					if !c.TrySend(call(front, i, "m", text(n))) {
						return
					}
				}
			}()
			for {
				f := sidecar.FaultOf(<-seen)
				if f.Reason != sidecar.StalledOut {
					t.Fatalf("got %v", f)
				}
				if f.Has(sidecar.FromClient) {
					break // else a busy machine has held the backend up
				}
			}
			c.Gone()
		}
	}
}

// Once the process drains a connection ends behind its reply, and what has come
// already is answered first.
func TestADrainEndsConnectionsBehindTheirReplies(t *testing.T) {
	e := framedBinary
	asked, answer := make(chan struct{}), make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		for c.Idle() {
			m, ok := hear(c, e)
			if !ok {
				return
			}
			if m.Seq == 1 {
				close(asked)
				c.Wait(answer)
			}
			c.TrySend(reply(e, m.Seq, m.name, "well"))
		}
	}).Addr())
	idle := h.client(t)
	idle.Send(call(e, 9, "m", "x"))
	wants(idle, e, 9, "well")
	c := h.client(t)
	c.Send(call(e, 1, "m", "x") + call(e, 2, "m", "x"))
	<-asked
	h.srv.Drain()
	h.drain(false)
	close(answer)
	wants(c, e, 1, "well")
	wants(c, e, 2, "well")
	c.End()
	idle.End()
}

// At the end of the grace what is under way ends with an exception.
func TestTheEndOfTheGraceEndsWhatIsUnderWay(t *testing.T) {
	e := framedBinary
	asked := make(chan struct{})
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		hear(c, e)
		close(asked)
		c.Gone()
	}).Addr())
	c := h.client(t)
	c.Send(call(e, 1, "m", "x"))
	<-asked
	h.srv.Drain()
	h.drain(true)
	refused(c, e, 1, "sidecar: shutting_down")
	c.End()
}

func (h *harness) drain(hard bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cl := range h.served {
		cl.Drain(hard)
	}
}

// An idle connection is given up to be parked, and goes on as it was.
func TestAnIdleConnectionIsParked(t *testing.T) {
	e := framedCompact
	h := newHarness(t, backend(t, e).Addr())
	h.speaks = e
	h.set(func(s *Settings) { s.ParkAfter = 20 * time.Millisecond })
	c := h.client(t)
	for seq := range int32(3) {
		c.Send(call(e, seq, "m", "x"))
		wants(c, e, seq, "x")
		for h.parked.Load() <= int64(seq) {
			runtime.Gosched()
		}
	}
}

func TestARefusedConnectionIsTold(t *testing.T) {
	e := framedBinary
	told := make(chan heard, 1)
	back := peer.Listen(t, func(c *peer.Conn) {
		c.Send(call(e, 4, "m", "x"))
		m, _ := hear(c, e)
		told <- m
	})
	h := newHarness(t, back.Addr())
	d := &Dialer{Dial: dialTCP, Buffers: h.bufs, Room: h.srv.means.room}
	c, err := d.Connect(context.Background(), back.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	awaitReadable(t, c.c)
	h.srv.Refuse(c.c, sidecar.TooManyConnections)
	if m := <-told; !strings.Contains(m.body, "sidecar: max_connections") || m.Seq != 4 {
		t.Errorf("got %q", m.all)
	}
}

// A call that the process has no room for is refused by its name.
func TestACallWithoutRoomIsRefused(t *testing.T) {
	e := framedBinary
	h := newHarness(t, backend(t, e).Addr())
	h.srv.means.room = sock.NewRoom(100_000)
	c := h.client(t)
	c.Send(call(e, 1, "m", text(50_000)))
	wants(c, e, 1, text(50_000))
	go c.TrySend(call(e, 2, "m", text(200_000)))
	refused(c, e, 2, "sidecar: too_large")
}

// The fork of a call is a call with what it needs, and what it ended with is the
// call's.
func TestACallIsSentByTwo(t *testing.T) {
	e := framedBinary
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
		for c.Idle() {
			m, ok := hear(c, e)
			if !ok {
				return
			}
			if c.Number == 0 {
				c.Gone() // the first sender hears nothing
				return
			}
			c.TrySend(reply(e, m.Seq, m.name, "second"))
		}
	}).Addr())
	h.hedge = true
	c := h.client(t)
	for seq := range int32(3) {
		c.Send(call(e, seq, "m", text(3000)))
		wants(c, e, seq, "second")
	}
}

// No byte of one client comes to another, whatever is cut and whoever leaves.
func TestStressNothingIsMixedUp(t *testing.T) {
	var work sync.WaitGroup
	for _, e := range []Encoding{framedBinary, {Unframed, Compact}, {Header, Binary}} {
		h := newHarness(t, apacheServer(t, e))
		h.speaks, h.tries = e, 3
		for n := range 6 {
			work.Go(func() {
				front := plainEncodings[n%2]
				for round := range 5 {
					c := h.client(t)
					for i := range int32(30) {
						want := fmt.Sprintf("%d/%d/%d %s", n, round, i, text((n*7919+int(i)*1237)%60_000))
						c.Send(peer.Split(call(front, i, "m", want), 20_000)...)
						if n == 5 && i == 20 {
							c.Cut()
							break
						}
						wants(c, front, i, want)
					}
				}
			})
		}
	}
	work.Wait()
}
