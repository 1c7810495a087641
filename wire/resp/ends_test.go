package resp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/varz"
)

// A client that sends a long pipeline whole before it reads anything, as
// libraries do, waits for us as we would for it.
func TestALongPipelineIsServedBeforeItsClientReads(t *testing.T) {
	for _, plain := range []bool{false, true} {
		h := newHarness(t)
		h.plain.Store(plain)
		value := strings.Repeat("v", 3000)
		h.say = func(_ string, args []string) string { return string(AppendBulk(nil, args[1]+value)) }
		c := h.client()
		const n = 6_000 // 18 MB, more than any socket's buffers
		var in strings.Builder
		for i := range n {
			in.WriteString(req("GET", fmt.Sprint("key", i)))
		}
		c.Send(in.String())
		for i := range n {
			c.Expect(string(AppendBulk(nil, fmt.Sprint("key", i)+value)))
		}
		c.Send(req("GET", "last"))
		c.Expect(string(AppendBulk(nil, "last"+value)))
	}
}

func TestALargeReplyReachesASlowClient(t *testing.T) {
	for _, size := range []int{12 << 20, maxUntaken + 1} { // what is kept for it, and more than that
		h := newHarness(t)
		value := strings.Repeat("v", size)
		h.say = func(string, []string) string { return string(AppendBulk(nil, value)) }
		c := h.client()
		c.Send(req("GET", "a") + req("PING"))
		c.Expect(string(AppendBulk(nil, value)) + "+PONG\r\n")
		c.Send(req("GET", "b"))
		c.Expect(string(AppendBulk(nil, value)))
	}
}

// A client that takes nothing of its replies is given up.
func TestAClientThatTakesNothingIsGivenUp(t *testing.T) {
	h := newHarness(t)
	h.set(func(s *Settings) { s.StallTimeout = 50 * time.Millisecond })
	value := strings.Repeat("v", 1<<20)
	h.say = func(string, []string) string { return string(AppendBulk(nil, value)) }
	c := h.client()
	c.TrySend(strings.Repeat(req("GET", "a"), 20)) // 20 MiB of replies, more than any socket's buffers
	<-h.ended
}

func TestASilenceInACommandEndsTheConnection(t *testing.T) {
	h := newHarness(t)
	h.set(func(s *Settings) { s.HeaderTimeout = 30 * time.Millisecond })
	c := h.client()
	c.Send(req("GET", "a") + "*2\r\n$3\r\nGE")
	c.Expect("$5\r\nGET a\r\n-ERR sidecar: stalled the command stopped coming\r\n")
	c.End()
	if n := h.value(varz.ListenerFailures, varz.Source{Listener: "l", Reason: "stalled"}); n != 1 {
		t.Errorf("%d counted", n)
	}
}

func TestACommandOverTheLimitIsRefused(t *testing.T) {
	h := newHarness(t)
	h.set(func(s *Settings) { s.MaxRequest = 10_000 })
	c := h.client()
	c.Send(req("SET", "a", strings.Repeat("v", 9000)) + req("SET", "a", strings.Repeat("v", 11_000)))
	c.Until("\r\n")
	c.Until("\r\n")
	c.Expect("-ERR sidecar: too_large Protocol error: request is longer than the limit\r\n")
	c.End()
}

// A client that sends, shuts its side down and waits gets its replies.
func TestAHalfCloseGetsItsReplies(t *testing.T) {
	h, _ := sharded(t, shards(t, 3))
	c := h.client()
	c.Send(req("SET", "a", "1") + req("SET", "b", "2") + req("MGET", "a", "b"))
	c.HalfClose()
	c.Expect("+OK\r\n+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n")
	c.End()
}

// A client that is gone ends all exchanges of its burst.
func TestAClientThatIsGoneEndsItsExchanges(t *testing.T) {
	for _, n := range []int{1, 3} {
		h, _ := sharded(t, shards(t, n))
		begun, ended := make(chan bool, 8), make(chan sidecar.Reason, 8)
		h.fail = func(x *sidecar.Exchange) error {
			begun <- true
			var p pause
			p.ready()
			if x.Block(&p) {
				<-p.told
			}
			f := x.Unblock().Fault(sidecar.StageRead)
			ended <- f.Reason
			return f
		}
		c := h.client()
		c.Send(req("SET", "a", "1") + req("SET", "b", "2") + req("SET", "c", "3") + req("SET", "d", "4"))
		for range n {
			<-begun
		}
		c.Cut()
		for range n {
			if r := <-ended; r != sidecar.ClientLeft {
				t.Errorf("%d servers: %v", n, r)
			}
		}
	}
}

// Once the process drains a connection ends behind its replies, and what has come
// already is answered first.
func TestADrainEndsConnectionsBehindTheirReplies(t *testing.T) {
	h := newHarness(t)
	asked, answer := make(chan struct{}), make(chan struct{})
	h.say = func(_ string, args []string) string {
		if args[1] == "slow" {
			close(asked)
			<-answer
		}
		return "+" + args[1] + "\r\n"
	}
	idle, c := h.client(), h.client()
	idle.Send(req("GET", "a"))
	idle.Expect("+a\r\n")
	c.Send(req("GET", "slow"))
	<-asked
	c.Send(req("GET", "next"))
	h.srv.Drain()
	h.drain(false)
	close(answer)
	c.Expect("+slow\r\n+next\r\n")
	c.End()
	idle.End()
}

func TestTheEndOfTheGraceEndsWhatIsUnderWay(t *testing.T) {
	for _, n := range []int{1, 3} {
		h, _ := sharded(t, shards(t, n))
		begun := make(chan bool, 8)
		h.fail = func(x *sidecar.Exchange) error {
			begun <- true
			var p pause
			p.ready()
			if x.Block(&p) {
				<-p.told
			}
			return x.Unblock().Fault(sidecar.StageRead)
		}
		c := h.client()
		c.Send(req("SET", "a", "1") + req("SET", "b", "2") + req("SET", "c", "3") + req("SET", "d", "4"))
		for range n {
			<-begun
		}
		h.srv.Drain()
		h.drain(true)
		c.Expect(strings.Repeat("-ERR sidecar: shutting_down the sidecar is ending (attempts: 1)\r\n", 4))
		c.End()
	}
}

func TestAnIdleConnectionIsParked(t *testing.T) {
	h := newHarness(t)
	h.set(func(s *Settings) { s.ParkAfter = 10 * time.Millisecond })
	c := h.client()
	for range 3 {
		c.Send(req("GET", "a"))
		c.Expect("$5\r\nGET a\r\n")
		<-h.parked
	}
}
