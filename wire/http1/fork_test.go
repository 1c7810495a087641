package http1

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

// duel sends each request to two backends at once, as a hedge that is always
// late would.
type duel struct {
	h      *harness
	second string // its backend

	mu         sync.Mutex
	won        bool
	main, fork *sidecar.Exchange
	lost       *sidecar.Fault // of the first sender of the latest exchange
}

func newDuel(t testing.TB, first, second string) *duel {
	d := &duel{h: newHarness(t, first), second: second}
	d.h.srv.handler = d
	return d
}

func (d *duel) Trying(*sidecar.Exchange, uint64) {}

func (d *duel) Wins(x *sidecar.Exchange, _ sidecar.Class) bool {
	d.mu.Lock()
	if d.won {
		d.mu.Unlock()
		return false
	}
	d.won = true
	d.mu.Unlock()
	if x == d.fork {
		d.main.Yield(x.Now())
	} else {
		d.fork.Interrupt(d.fork.Gen(), sidecar.Lost)
	}
	return true
}

func (d *duel) Do(ctx context.Context, x *sidecar.Exchange) error {
	m := x.Msg.(*message)
	if !m.Share(x) {
		d.main, d.fork = nil, nil
		return d.h.once(ctx, x)
	}
	d.won, d.main, d.fork = false, x, m.Fork()
	d.main.Hedge, d.fork.Hedge = d, d
	d.fork.RequestDone(x.Complete())
	var work sync.WaitGroup
	var forked error
	work.Go(func() { forked = d.once(ctx, d.fork) })
	x.Try("a", 1, x.Now())
	err := d.h.once(ctx, x)
	work.Wait()
	d.mu.Lock()
	d.lost = sidecar.FaultOf(err)
	d.mu.Unlock()
	x.Hedge = nil
	x.Forget(sidecar.Lost)
	won := d.fork.Replied() != 0
	m.Join(d.fork)
	if won {
		return forked
	}
	return err
}

// once is a try of the second sender, over a connection of its own.
func (d *duel) once(ctx context.Context, x *sidecar.Exchange) error {
	x.Try("b", 2, x.Now())
	c, err := (&Dialer{Dial: dialTCP}).Connect(ctx, d.second)
	if err != nil {
		return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused, Err: err}
	}
	defer c.Close()
	return c.Do(ctx, x)
}

// answering backend: it tells the head that it got, and answers once it may.
func held(t testing.TB, heads chan<- heard, may <-chan struct{}, reply string) string {
	return peer.Listen(t, func(c *peer.Conn) {
		for {
			m := listen(c, false)
			if m.ended {
				return
			}
			heads <- m
			<-may
			if !c.TrySend(reply) {
				return
			}
		}
	}).Addr()
}

// Both get the same request; the client gets the reply of the one that answers,
// whole, and its connection goes on. The loser's connection is closed.
func TestEitherSenderAnswers(t *testing.T) {
	for _, request := range []string{get("/a?b=1"), post(text(1000)), post(text(40_000)), "GET http://a/x HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: 1.2.3.4\r\nUpgrade: h2c\r\n\r\n"} {
		for _, size := range []int{10, 100_000} {
			t.Run(fmt.Sprintf("%d bytes, reply of %d", len(request), size), func(t *testing.T) {
				heads := [2]chan heard{make(chan heard, 4), make(chan heard, 4)}
				may := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
				defer close(may[0])
				defer close(may[1])
				reply := func(who string) string {
					return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Who: %s\r\n\r\n%s", size, who, strings.Repeat(who, size))
				}
				d := newDuel(t, held(t, heads[0], may[0], reply("a")), held(t, heads[1], may[1], reply("b")))
				c := d.h.client(t)
				for round := range 4 {
					c.Send(request)
					first, second := <-heads[0], <-heads[1]
					if first.head != second.head || first.body != second.body {
						t.Fatalf("the second is sent\n%q\nthe first\n%q", second.head, first.head)
					}
					winner := round % 2
					who := string("ab"[winner])
					may[winner] <- struct{}{}
					m := listen(c, false)
					if m.status != 200 || m.field("X-Who") != who || m.body != strings.Repeat(who, size) || m.field("Connection") != "" {
						t.Fatalf("got %q and %d bytes", m.head, len(m.body))
					}
					may[1-winner] <- struct{}{} // it writes to nobody, or has seen the end
				}
			})
		}
	}
}

// A loser that is woken while it waits does not wake the client's connection,
// on which the winner writes a long reply at the client's pace.
func TestLoserDoesNotCutTheWinner(t *testing.T) {
	const size = 8 << 20 // more than the system's buffers
	heads, may := make(chan heard, 2), make(chan struct{})
	defer close(may)
	long := "HTTP/1.1 200 OK\r\nContent-Length: " + fmt.Sprint(size) + "\r\n\r\n" + strings.Repeat("x", size)
	answers, mayAnswer := make(chan heard, 2), make(chan struct{})
	defer close(mayAnswer)
	d := newDuel(t, held(t, heads, may, ok200), held(t, answers, mayAnswer, long))
	c := d.h.client(t)
	for range 3 {
		c.Send(get("/"))
		<-heads // before the other answers: a loser that has sent nothing does not wait
		<-answers
		mayAnswer <- struct{}{}
		if m := listen(c, false); m.status != 200 || len(m.body) != size {
			t.Fatalf("got %q and %d bytes", m.head, len(m.body))
		}
		may <- struct{}{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.lost; f == nil || f.Reason != sidecar.HedgeLost {
		t.Errorf("the loser has %v", f)
	}
}

// The class, and whether the connection goes on, are those of the reply that
// went out.
func TestMessageTakesOverWhatTheForkGot(t *testing.T) {
	heads, may := make(chan heard, 2), make(chan struct{})
	defer close(may)
	sent := make(chan struct{})
	d := newDuel(t, held(t, heads, may, ok200), peer.Listen(t, func(c *peer.Conn) {
		listen(c, false)
		c.Wait(sent) // a loser that has sent nothing is heard by nobody
		c.Send("HTTP/1.1 503 No\r\nRetry-After: 1\r\n\r\nuntil the end")
		c.HalfClose()
	}).Addr())
	class := make(chan sidecar.Class, 1)
	d.h.srv.handler = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		err := d.Do(ctx, x)
		class <- x.Msg.Class()
		return err
	})
	c := d.h.client(t)
	c.Send(get("/"))
	<-heads
	close(sent)
	m := listen(c, false)
	if m.status != 503 || m.field("Connection") != "close" || m.body != "until the end" {
		t.Errorf("got %q %q", m.head, m.body)
	}
	if got := <-class; got != sidecar.Shed {
		t.Errorf("class %v", got)
	}
}

// Which of the two a 1xx belongs to could not be told: none is passed on.
func TestNoInformationalReplyOfTwoSenders(t *testing.T) {
	const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	d := newDuel(t, backend(t, always(early+ok200)).Addr(), backend(t, always(early+ok200)).Addr())
	c := d.h.client(t)
	for range 20 {
		c.Send(get("/"))
		if m := listen(c, false); m.status != 200 {
			t.Fatalf("got %q", m.head)
		}
	}
}

func TestWhatIsNotHeldHasNoSecondSender(t *testing.T) {
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
		"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + text(200_000),
	} {
		d := newDuel(t, backend(t, always(ok200)).Addr(), "127.0.0.1:1")
		c := d.h.client(t)
		c.Send(request)
		listen(c, false)
		if d.fork != nil {
			t.Errorf("%.60q has a second sender", request)
		}
		c.NC.Close()
	}
}
