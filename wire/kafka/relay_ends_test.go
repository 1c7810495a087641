package kafka

import (
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

// brief is a limit that a test waits for.
const brief = 150 * time.Millisecond

// deaf is a broker that must not be asked.
func deaf(t *testing.T) string {
	return peer.Listen(t, func(c *peer.Conn) { t.Error("a broker was dialled") }).Addr()
}

func (s *stage) refusal() *sidecar.Fault {
	s.t.Helper()
	select {
	case f := <-s.turned:
		return f
	case <-time.After(20 * time.Second):
		s.t.Fatal("nobody was turned away")
		return nil
	}
}

// Nothing is dialled for who speaks something else, or says nothing.
func TestStrangersAreTurnedAway(t *testing.T) {
	for _, row := range []struct{ name, says, why string }{
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "TLS"},
		{"HTTP", "GET / HTTP/1.1\r\n", "HTTP"},
		{"Redis", "*1\r\n$4\r\nPING\r\n", "Redis"},
		{"a huge length", "\x40\x00\x00\x00\x00\x00", "max_request"},
		{"an API between brokers", ask(4, 0, 1, ""), "LeaderAndIsr"},
		{"an API of tomorrow", ask(400, 0, 1, ""), "nobody has reviewed"},
		{"one that is hidden", ask(20, 0, 1, ""), "DeleteTopics is hidden"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStage(t, deaf(t))
			s.set(func(set *Settings) { set.Hidden = []int16{20} })
			c := s.client()
			c.Send(row.says)
			f := s.refusal()
			if f.Reason != sidecar.BadRequest || !f.Has(sidecar.FromClient) || !strings.Contains(f.Error(), row.why) {
				t.Errorf("refused with %v", f)
			}
			c.Gone()
		})
	}
}

func TestSilentClients(t *testing.T) {
	t.Run("from the beginning", func(t *testing.T) {
		s := newStage(t, deaf(t))
		s.set(func(set *Settings) { set.IdleTimeout = brief })
		s.client().End()
	})
	t.Run("are parked", func(t *testing.T) {
		s := newStage(t, deaf(t))
		s.set(func(set *Settings) { set.ParkAfter = brief })
		c := s.client()
		<-s.parked
		<-s.parked
		c.Close()
	})
	t.Run("within the first head", func(t *testing.T) {
		s := newStage(t, deaf(t))
		s.set(func(set *Settings) { set.HeaderTimeout = brief })
		c := s.client()
		c.Send(beat(1, "")[:6])
		if f := s.refusal(); f.Reason != sidecar.StalledOut {
			t.Errorf("refused with %v", f)
		}
		c.Gone()
	})
	t.Run("in a session", func(t *testing.T) {
		b := peer.Listen(t, func(c *peer.Conn) {
			c.Expect(beat(1, ""))
			c.Send(tell(1, ""))
			c.Gone()
		})
		s := newStage(t, b.Addr())
		s.set(func(set *Settings) { set.IdleTimeout = brief })
		c := s.client()
		c.Send(beat(1, ""))
		c.Expect(tell(1, ""))
		c.End()
		if f := s.ended(); f != nil {
			t.Errorf("it ended with %v", f)
		}
	})
}

// A broker may take its time with an answer; within one it may not, and a client
// may not within a request.
func TestStallsEndSessions(t *testing.T) {
	paths(t, func(t *testing.T, newStage func(string) *stage) {
		for _, row := range []struct {
			name           string
			client, broker func(c *peer.Conn)
			stage          sidecar.Stage
			fromClient     bool
		}{
			{"broker within a small answer", func(c *peer.Conn) { c.Send(beat(1, "")) }, func(c *peer.Conn) {
				c.Expect(beat(1, ""))
				c.Send(tell(1, "abc")[:9])
				c.Gone()
			}, sidecar.StageRead, false},
			{"broker within a large answer", func(c *peer.Conn) { c.Send(beat(1, "")) }, func(c *peer.Conn) {
				c.Expect(beat(1, ""))
				c.Send(tell(1, filler(300_000))[:120_000])
				c.Gone()
			}, sidecar.StageRead, false},
			{"client within a small request", func(c *peer.Conn) { c.Send(beat(1, "") + beat(2, "abc")[:15]) }, func(c *peer.Conn) {
				c.Expect(beat(1, ""))
				c.Send(tell(1, ""))
				c.Gone()
			}, sidecar.StageRead, true},
			{"client within a large request", func(c *peer.Conn) { c.Send(beat(1, filler(300_000))[:120_000]) }, func(c *peer.Conn) {
				c.Gone()
			}, sidecar.StageRead, true},
			{"broker takes nothing", func(c *peer.Conn) { c.TrySend(beat(1, filler(50_000_000))) }, func(c *peer.Conn) {
				<-c.T.Context().Done()
			}, sidecar.StageWrite, false},
			{"client takes nothing", func(c *peer.Conn) { c.Send(beat(1, "")) }, func(c *peer.Conn) {
				c.Expect(beat(1, ""))
				c.TrySend(tell(1, filler(50_000_000)))
			}, sidecar.StageRead, true},
		} {
			t.Run(row.name, func(t *testing.T) {
				b := peer.Listen(t, row.broker)
				s := newStage(b.Addr())
				s.t = t // it is the path's
				s.set(func(set *Settings) { set.StallTimeout = brief })
				c := s.client()
				done := make(chan struct{})
				go func() {
					defer close(done)
					row.client(c)
				}()
				f := s.ended()
				if f == nil || f.Reason != sidecar.StalledOut || f.Stage != row.stage || f.Has(sidecar.FromClient) != row.fromClient {
					t.Errorf("it ended with %v", f)
				}
				<-done
			})
		}
	})
}

// The alarm of a session may come more often than the limit; it moves nothing.
func TestStallsAreFoundWhateverElseIsLookedFor(t *testing.T) {
	b := peer.Listen(t, func(c *peer.Conn) { c.Gone() })
	s := newStage(t, b.Addr())
	s.set(func(set *Settings) { set.StallTimeout, set.IdleTimeout = 4*brief, 2*brief })
	c := s.client()
	c.Send(beat(1, filler(300_000))[:120_000])
	if f := s.ended(); f == nil || f.Reason != sidecar.StalledOut || !f.Has(sidecar.FromClient) {
		t.Errorf("it ended with %v", f)
	}
}

// A poll of a consumer, or a join that waits for others, takes longer than any limit.
func TestAnswersMayTakeLongerThanAnyLimit(t *testing.T) {
	slow := make(chan struct{})
	b := peer.Listen(t, func(c *peer.Conn) {
		c.Expect(ask(keyJoin, 0, 1, ""))
		c.Wait(slow)
		c.Send(tell(1, ""))
		c.End()
	})
	s := newStage(t, b.Addr())
	s.set(func(set *Settings) { set.StallTimeout, set.IdleTimeout = brief, brief })
	c := s.client()
	c.Send(ask(keyJoin, 0, 1, ""))
	select {
	case err := <-s.over:
		t.Errorf("it ended with %v", err)
	case <-time.After(5 * brief):
	}
	close(slow)
	c.Expect(tell(1, ""))
	c.Close()
}

// A client that has ended is waited with for its answers, but not for ever: it may
// be gone, which nobody sees as long as there is nothing to write to it.
func TestAnswersToAClientThatHasEndedAreNotAwaitedForEver(t *testing.T) {
	b := peer.Listen(t, func(c *peer.Conn) {
		c.Expect(ask(keyJoin, 0, 1, ""))
		c.Gone()
	})
	s := newStage(t, b.Addr())
	s.set(func(set *Settings) { set.IdleTimeout = brief })
	c := s.client()
	c.Send(ask(keyJoin, 0, 1, ""))
	c.HalfClose()
	if f := s.ended(); f == nil || f.Reason != sidecar.ClientLeft || f.Err != errParted {
		t.Errorf("it ended with %v", f)
	}
}

// A request to ApiVersions that is newer than all we know is answered in its place,
// and the broker does not hear of it.
func TestNewerApiVersionsIsAnsweredInItsPlace(t *testing.T) {
	paths(t, func(t *testing.T, newStage func(string) *stage) {
		b := peer.Listen(t, func(c *peer.Conn) {
			c.Expect(beat(1, "") + beat(2, ""))
			c.Send(tell(1, "") + tell(2, "zwei"))
			c.Expect(beat(4, ""))
			c.Send(tell(4, ""))
			c.End()
		})
		s := newStage(b.Addr())
		c := s.client()
		c.Send(beat(1, "") + beat(2, "") + ask(KeyAPIVersions, 77, 3, "whatever") + beat(4, ""))
		c.Expect(tell(1, "") + tell(2, "zwei") + string(AnswerVersions(nil, 3, -1)) + tell(4, ""))
		c.HalfClose()
		c.End()
		if f := s.ended(); f != nil {
			t.Errorf("it ended with %v", f)
		}
	})
}

// What may not be asked ends the session; what was asked before is not sent either
// way, or its answer is lost.
func TestForbiddenRequestsEndTheSession(t *testing.T) {
	for _, row := range []struct{ name, says string }{
		{"hidden", ask(20, 0, 2, "")},
		{"between brokers", ask(4, 0, 2, "")},
		{"no request", "\x00\x00\x00\x01\x00"},
		{"a login without frames", ask(KeySASLHandshake, 0, 2, "\x00\x05PLAIN")},
		{"no acks in it", ask(KeyProduce, 3, 2, "")},
		{"tokens that are no requests would follow", ask(KeySASLHandshake, 0, 2, "\x00\x05PLAIN")},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := peer.Listen(t, func(c *peer.Conn) {
				c.Expect(beat(1, ""))
				c.Send(tell(1, ""))
				c.Gone()
			})
			s := newStage(t, b.Addr())
			s.set(func(set *Settings) { set.Hidden = []int16{20} })
			c := s.client()
			c.Send(beat(1, ""))
			c.Expect(tell(1, ""))
			c.Send(row.says)
			if _, reset := c.Rest(); !reset {
				t.Error("the client saw an orderly end")
			}
			if f := s.ended(); f == nil || f.Reason != sidecar.BadRequest || !f.Has(sidecar.FromClient) {
				t.Errorf("it ended with %v", f)
			}
		})
	}
}

// Behind maxFlight requests without an answer the client is not read; nothing fails
// for it.
func TestRequestsWaitWhereTooManyAreUnderWay(t *testing.T) {
	const n = 5 * maxFlight
	var asks, tells strings.Builder
	for i := range int32(n) {
		asks.WriteString(beat(i, ""))
		tells.WriteString(tell(i, ""))
	}
	first := asks.String()[:maxFlight*len(beat(0, ""))]
	b := peer.Listen(t, func(c *peer.Conn) {
		c.Expect(first)
		if ahead, _ := c.Ahead(false); ahead != "" {
			t.Errorf("more came: %q", ahead)
		}
		c.Send(tells.String()[:maxFlight*len(tell(0, ""))])
		for i := int32(maxFlight); i < n; i++ {
			c.Expect(beat(i, ""))
			c.Send(tell(i, ""))
		}
		c.End()
	})
	s := newStage(t, b.Addr())
	c := s.client()
	c.Send(asks.String())
	c.Expect(tells.String())
	c.HalfClose()
	c.End()
}

// A client that goes while its broker is dialled is not waited for.
func TestClientGoneBeforeThereIsABroker(t *testing.T) {
	s := newStage(t, deaf(t))
	var gone sidecar.Cause
	s.before = func(x *sidecar.Exchange) {
		wait := make(bell, 1)
		if x.Block(wait) {
			<-wait
		}
		gone = x.Unblock()
		x.Endpoint = "127.0.0.1:1" // nobody
	}
	c := s.client()
	c.Send(beat(1, ""))
	c.Cut()
	if f := s.ended(); f == nil || gone != sidecar.ClientGone {
		t.Errorf("woken by %v, ended with %v", gone, f)
	}
}

// No broker: the client is reset, which clients take for "try again", and told
// nothing invented.
func TestClientIsResetWhereThereIsNoBroker(t *testing.T) {
	s := newStage(t, "127.0.0.1:1")
	c := s.client()
	c.Send(beat(1, ""))
	if got, reset := c.Rest(); got != "" || !reset {
		t.Errorf("got %q, reset %v", got, reset)
	}
	s.Learn(7, []byte("127.0.0.1"), 1)
	s.mu.Lock()
	at := s.places[7].Addr().String()
	delete(s.brokers, 7)
	s.mu.Unlock()
	c = peer.Dial(t, at)
	c.Send(beat(1, ""))
	if got, reset := c.Rest(); got != "" || !reset {
		t.Errorf("got %q, reset %v", got, reset)
	}
	if f := s.refusal(); f.Reason != sidecar.NoEndpoints || !strings.Contains(f.Error(), "no node 7") {
		t.Errorf("refused with %v", f)
	}
}
