package thrift

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

func (h *harness) anyOrder() {
	h.set(func(s *Settings) { s.AnyOrder = true })
}

// scattered answers calls of the method "wait" when told, others at once.
func scattered(t *testing.T, e Encoding, told <-chan struct{}) string {
	return peer.Listen(t, func(c *peer.Conn) {
		for c.Idle() {
			m, ok := hear(c, e)
			if !ok {
				return
			}
			if m.name == "wait" {
				c.Wait(told)
			}
			c.TrySend(reply(e, m.Seq, m.name, textOf(e, m)))
		}
	}).Addr()
}

func TestRepliesLeaveAsTheyCome(t *testing.T) {
	e, told := framedBinary, make(chan struct{})
	h := newHarness(t, scattered(t, e, told))
	h.anyOrder()
	c := h.client(t)
	c.Send(call(e, 1, "wait", "slow"), call(e, 2, "m", "quick"), call(e, 3, "m", text(100_000)))
	got := map[int32]string{}
	for range 2 {
		m, ok := hear(c, e)
		if !ok {
			t.Fatal("no reply")
		}
		got[m.Seq] = textOf(e, m)
	}
	if got[2] != "quick" || got[3] != text(100_000) {
		t.Errorf("got %.100q", got)
	}
	close(told)
	wants(c, e, 1, "slow")
}

// A client that has said all still gets all, and what is refused comes behind it.
func TestWhatIsUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	e, told := framedBinary, make(chan struct{})
	h := newHarness(t, scattered(t, e, told))
	h.anyOrder()
	c := h.client(t)
	c.Send(call(e, 1, "wait", "slow"))
	c.HalfClose()
	close(told)
	wants(c, e, 1, "slow")
	c.End()
	c = h.client(t)
	c.Send(call(e, 1, "wait", "slow"), "\xff\xff\xff\xff")
	wants(c, e, 1, "slow")
	refused(c, e, 0, "bad_request")
	c.HalfClose()
	c.End()
}

// What a client that is gone has asked for is ended, all of it.
func TestAClientThatIsGoneEndsAllItsExchanges(t *testing.T) {
	e := framedBinary
	seen := make(chan error, 5)
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) { c.Gone() }).Addr())
	h.seen = func(_ *sidecar.Exchange, err error) { seen <- err }
	h.anyOrder()
	c := h.client(t)
	for i := range int32(5) {
		c.Send(call(e, i, "m", "x"))
	}
	for h.count() < 5 {
		runtime.Gosched()
	}
	c.Cut()
	for range 5 {
		if f := sidecar.FaultOf(<-seen); f.Reason != sidecar.ClientLeft {
			t.Errorf("got %v", f)
		}
	}
}

// count is how many connections to the backend were made.
func (h *harness) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dials
}

// The end of the grace ends what is under way, with a word for each.
func TestTheEndOfTheGraceEndsACrowd(t *testing.T) {
	e := framedBinary
	h := newHarness(t, peer.Listen(t, func(c *peer.Conn) { c.Gone() }).Addr())
	h.anyOrder()
	c := h.client(t)
	for i := range int32(5) {
		c.Send(call(e, i, "m", "x"))
	}
	for h.count() < 5 {
		runtime.Gosched()
	}
	h.srv.Drain()
	h.drain(true)
	for range 5 {
		if m, ok := hear(c, e); !ok || m.Type != ExceptionType {
			t.Errorf("got %q", m.all)
		}
	}
	c.End()
}

// A client that takes nothing is given up, with all that it has under way.
func TestACrowdWhoseClientTakesNothingIsGivenUp(t *testing.T) {
	e := framedBinary
	h := newHarness(t, backend(t, e).Addr())
	h.stall = 100 * time.Millisecond
	h.anyOrder()
	c := h.client(t)
	for i := range int32(500) {
		if !c.TrySend(call(e, i, "m", text(300_000))) {
			break
		}
	}
	c.Gone()
}

// However replies overtake each other, each is its call's.
func TestStressACrowdMixesNothingUp(t *testing.T) {
	e := framedBinary
	h := newHarness(t, backend(t, e).Addr())
	h.tries = 3
	h.anyOrder()
	var work sync.WaitGroup
	for n := range 4 {
		work.Go(func() {
			c := h.client(t)
			const calls = 400
			want := func(i int32) string { return fmt.Sprintf("%d/%d %s", n, i, text(int(i)*7919%9_000)) }
			go func() {
				for i := range int32(calls) {
					if !c.TrySend(call(e, i, "m", want(i))) {
						return
					}
				}
			}()
			seen := map[int32]bool{}
			for range calls {
				m, ok := hear(c, e)
				if !ok || m.Type != ReplyType || seen[m.Seq] || textOf(e, m) != want(m.Seq) {
					t.Errorf("client %d: got type %d, sequence %d, %.100q", n, m.Type, m.Seq, m.body)
					return
				}
				seen[m.Seq] = true
			}
		})
	}
	work.Wait()
}
