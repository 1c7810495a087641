package kafka

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

// paths runs a test over the four kinds of connections: through system calls, and
// through net.Conn as with TLS.
func paths(t *testing.T, test func(t *testing.T, newStage func(seed string) *stage)) {
	for _, path := range []struct{ client, broker bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		t.Run(fmt.Sprintf("client %v broker %v", path.client, path.broker), func(t *testing.T) {
			test(t, func(seed string) *stage {
				s := newStage(t, seed)
				s.clientPlain.Store(path.client)
				s.brokerPlain.Store(path.broker)
				return s
			})
		})
	}
}

// filler is n bytes of which no piece is like another, up to 8 MB.
func filler(n int) string {
	b := make([]byte, 0, n+8)
	for i := uint32(0); len(b) < n; i++ {
		b = binary.BigEndian.AppendUint32(b, i)
	}
	return string(b[:n])
}

func TestFramesPassBothWays(t *testing.T) {
	paths(t, func(t *testing.T, newStage func(string) *stage) {
		big := filler(300_000)
		huge := filler(3_000_000)
		b := peer.Listen(t, func(c *peer.Conn) {
			c.Expect(beat(1, "one"))
			c.Send(tell(1, "eins"))
			c.Expect(beat(2, "two") + beat(3, big) + beat(4, "four"))
			c.Send(tell(2, "zwei") + tell(3, big) + tell(4, "vier"))
			c.Expect(beat(5, huge))
			c.Send(tell(5, huge))
			c.Expect(beat(6, filler(40_000)))
			c.Send(tell(6, filler(40_000)))
			c.End()
		})
		s := newStage(b.Addr())
		c := s.client()
		c.Send(beat(1, "one"))
		c.Expect(tell(1, "eins"))
		c.Send(beat(2, "two") + beat(3, big) + beat(4, "four"))
		c.Expect(tell(2, "zwei") + tell(3, big) + tell(4, "vier"))
		go c.TrySend(beat(5, huge))
		c.Expect(tell(5, huge))
		c.Send(beat(6, filler(40_000)))
		c.Expect(tell(6, filler(40_000)))
		c.HalfClose()
		c.End()
		if f := s.ended(); f != nil {
			t.Errorf("it ended with %v", f)
		}
	})
}

// Frames are frames in whatever pieces they come.
func TestFramesPassInPieces(t *testing.T) {
	paths(t, func(t *testing.T, newStage func(string) *stage) {
		var asks, tells strings.Builder
		for i := range int32(40) {
			asks.WriteString(beat(i, filler(int(i)*7)))
			tells.WriteString(tell(i, filler(int(i)*11)))
		}
		b := peer.Listen(t, func(c *peer.Conn) {
			c.Expect(asks.String())
			c.Send(peer.Split(tells.String(), 7)...)
			c.End()
		})
		s := newStage(b.Addr())
		c := s.client()
		c.Send(peer.Split(asks.String(), 5)...)
		c.Expect(tells.String())
		c.HalfClose()
		c.End()
		if f := s.ended(); f != nil {
			t.Errorf("it ended with %v", f)
		}
	})
}

// Nobody answers a producer that wants no acknowledgement (acks=0).
func TestNoAnswerIsAwaitedToProducersThatWantNone(t *testing.T) {
	produce := func(correlation int32, acks string) string {
		return ask(KeyProduce, 3, correlation, "\xff\xff"+acks+"\x00\x00\x00\x00\x00\x00\x00\x00")
	}
	b := peer.Listen(t, func(c *peer.Conn) {
		c.Expect(produce(1, "\x00\x00") + produce(2, "\x00\x01") + produce(3, "\x00\x00") + beat(4, ""))
		c.Send(tell(2, "") + tell(4, ""))
		c.End()
	})
	s := newStage(t, b.Addr())
	c := s.client()
	c.Send(produce(1, "\x00\x00") + produce(2, "\x00\x01") + produce(3, "\x00\x00") + beat(4, ""))
	c.Expect(tell(2, "") + tell(4, ""))
	c.HalfClose()
	c.End()
}

// A client that ends and waits gets what it is owed; with half_close = "cancel" it
// does not.
func TestHalfClosedClientGetsItsAnswers(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		t.Run(fmt.Sprintf("cancel %v", cancel), func(t *testing.T) {
			asked, closed := make(chan struct{}), make(chan struct{})
			b := peer.Listen(t, func(c *peer.Conn) {
				c.Expect(beat(1, "") + beat(2, ""))
				close(asked)
				c.Wait(closed)
				if cancel {
					c.Gone()
					return
				}
				c.Send(tell(1, ""))
				c.Send(tell(2, ""))
				c.End()
			})
			s := newStage(t, b.Addr())
			s.set(func(set *Settings) { set.CancelOnFIN = cancel })
			c := s.client()
			c.Send(beat(1, "") + beat(2, ""))
			c.Wait(asked)
			c.HalfClose()
			close(closed)
			if !cancel {
				c.Expect(tell(1, "") + tell(2, ""))
			}
			c.Gone()
			if f := s.ended(); f != nil {
				t.Errorf("it ended with %v", f)
			}
		})
	}
}

// What becomes of the client when the broker ends, or says what it should not.
func TestClientIsResetWhereItsAnswersWillNotCome(t *testing.T) {
	for _, row := range []struct {
		name   string
		broker func(c *peer.Conn)
		got    string
		reset  bool
		reason sidecar.Reason
	}{
		{"ends with nothing owed", func(c *peer.Conn) { c.Send(tell(1, "") + tell(2, "")) }, tell(1, "") + tell(2, ""), false, sidecar.NoReason},
		{"ends with an answer owed", func(c *peer.Conn) { c.Send(tell(1, "")) }, tell(1, ""), true, sidecar.PeerClosed},
		{"ends within an answer", func(c *peer.Conn) { c.Send(tell(1, "") + tell(2, "xyz")[:9]) }, tell(1, ""), true, sidecar.PeerClosed},
		{"ends within a large answer", func(c *peer.Conn) { c.Send(tell(1, filler(200_000))[:100_000]) }, tell(1, filler(200_000)), true, sidecar.PeerClosed},
		{"resets", func(c *peer.Conn) { c.Cut() }, "", true, sidecar.PeerReset},
		{"answers another request", func(c *peer.Conn) { c.Send(tell(2, "")) }, "", true, sidecar.BadReply},
		{"answers in another order", func(c *peer.Conn) { c.Send(tell(1, "") + tell(3, "")) }, tell(1, ""), true, sidecar.BadReply},
		{"answers once more", func(c *peer.Conn) { c.Send(tell(1, "") + tell(2, "") + tell(3, "")) }, tell(1, "") + tell(2, ""), true, sidecar.BadReply},
		{"says a length that none has", func(c *peer.Conn) { c.Send("\xff\xff\xff\xff\x00\x00\x00\x01") }, "", true, sidecar.BadReply},
		{"says too short a length", func(c *peer.Conn) { c.Send("\x00\x00\x00\x03\x00\x00\x00\x01") }, "", true, sidecar.BadReply},
		{"speaks TLS", func(c *peer.Conn) { c.Send("\x15\x03\x01\x00\x02\x02\x28") }, "", true, sidecar.BadReply},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := peer.Listen(t, func(c *peer.Conn) {
				c.Expect(beat(1, "") + beat(2, ""))
				row.broker(c)
			})
			s := newStage(t, b.Addr())
			c := s.client()
			c.Send(beat(1, "") + beat(2, ""))
			got, reset := c.Rest()
			if !strings.HasPrefix(row.got, got) || !row.reset && got != row.got || reset != row.reset {
				t.Errorf("got %.80q, reset %v", got, reset)
			}
			f := s.ended()
			if f == nil && row.reason != sidecar.NoReason || f != nil && f.Reason != row.reason {
				t.Errorf("it ended with %v", f)
			}
		})
	}
}

// What a large answer was held in, and rewritten to, is nobody's once it has gone.
func TestLargeMetadataIsRewrittenAndLetGo(t *testing.T) {
	frame := bigMetadata(12)
	question := ask(KeyMetadata, 12, 77, "\x00")
	b := peer.Listen(t, func(c *peer.Conn) {
		for range 2 {
			c.Expect(question)
			c.Send(string(frame))
		}
		c.Expect(beat(1, ""))
		c.Send(tell(1, ""))
		c.Gone()
	})
	s := newStage(t, b.Addr())
	c := s.client()
	want, changed, problem := Rewrite(nil, KeyMetadata, 12, frame, s)
	if !changed || problem != nil {
		t.Fatalf("changed %v, %v", changed, problem)
	}
	for range 2 {
		c.Send(question)
		c.Expect(string(want))
	}
	c.Send(beat(1, "")) // whose answer comes when the helper is done with the other
	c.Expect(tell(1, ""))
	if n := s.room.Used(); n != 0 {
		t.Errorf("the session keeps %d bytes", n)
	}
	c.Close()
	if f := s.ended(); f != nil {
		t.Errorf("it ended with %v", f)
	}
}

// A drain ends a session as soon as nothing is owed, at the end of the grace
// whatever is.
func TestDrainEndsSessions(t *testing.T) {
	for _, row := range []struct {
		name       string
		owed, hard bool
		reason     sidecar.Reason
	}{
		{"soft, idle", false, false, sidecar.NoReason},
		{"soft, answers owed", true, false, sidecar.NoReason},
		{"hard, idle", false, true, sidecar.ShuttingDown},
		{"hard, answers owed", true, true, sidecar.ShuttingDown},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked, drained := make(chan struct{}), make(chan struct{})
			b := peer.Listen(t, func(c *peer.Conn) {
				c.Expect(beat(1, ""))
				c.Send(tell(1, ""))
				if row.owed {
					c.Expect(beat(2, ""))
				}
				close(asked)
				c.Wait(drained)
				if row.owed && !row.hard {
					c.Send(tell(2, ""))
				}
				c.Gone()
			})
			s := newStage(t, b.Addr())
			c := s.client()
			c.Send(beat(1, ""))
			c.Expect(tell(1, ""))
			if row.owed {
				c.Send(beat(2, ""))
			}
			c.Wait(asked)
			s.drain(row.hard)
			close(drained)
			if row.owed && !row.hard {
				c.Expect(tell(2, ""))
			}
			_, reset := c.Rest()
			if f := s.ended(); reset != row.hard || (f == nil) != (row.reason == sidecar.NoReason) || f != nil && f.Reason != row.reason {
				t.Errorf("it ended with %v, reset %v", f, reset)
			}
		})
	}
}
