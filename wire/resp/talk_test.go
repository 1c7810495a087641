package resp

import (
	"net"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
)

const (
	ok     = "+OK\r\n"
	queued = "+QUEUED\r\n"
)

// A transaction that comes at once costs one round trip, one exchange, and leaves
// the session with it.
func TestTransactionInOneBurst(t *testing.T) {
	s := newStage(t)
	c := s.dial(RESP2)
	for range 3 {
		c.Send(req("SET", "n", "0") + req("MULTI") + req("INCR", "n") + req("GET", "n") + req("EXEC") + req("GET", "n"))
		c.Expect(ok + ok + queued + queued + "*2\r\n:1\r\n$1\r\n1\r\n" + "$1\r\n1\r\n")
	}
	if n := s.talks.Load(); n != 3 {
		t.Errorf("%d sessions", n)
	}
	if n := s.cuts.Load(); n != 0 {
		t.Errorf("%d connections were closed", n)
	}
}

func TestTransactionCommandByCommand(t *testing.T) {
	s := newStage(t)
	for _, v := range []Version{RESP2, RESP3} {
		c := s.dial(v)
		null := map[Version]string{RESP2: "*-1\r\n", RESP3: "_\r\n"}[v]
		talk := func(reply string, words ...string) {
			t.Helper()
			c.Send(req(words...))
			c.Expect(reply)
		}
		talk(ok, "MULTI")
		talk(queued, "SET", "a", "1")
		talk(queued, "INCR", "a")
		talk("*2\r\n+OK\r\n:2\r\n", "EXEC")
		talk(ok, "WATCH", "a")
		talk("$1\r\n2\r\n", "GET", "a")
		talk(ok, "MULTI")
		talk(queued, "SET", "a", "3")
		s.other.do("SET", "a", "9")
		talk(null, "EXEC")
		talk("$1\r\n9\r\n", "GET", "a")
		talk(ok, "WATCH", "a")
		talk(ok, "UNWATCH")
		talk(ok, "MULTI")
		talk(ok, "DISCARD")
		talk(ok, "MULTI")
		talk("*0\r\n", "EXEC")
		talk("-ERR EXEC without MULTI\r\n", "EXEC")
		talk(ok, "MULTI")
		talk("-ERR MULTI calls can not be nested\r\n", "MULTI")
		talk("-ERR unknown command 'NOSUCH', with args beginning with: \r\n", "NOSUCH")
		talk(queued, "SET", "a", "10")
		talk("-"+textExecAbort+"\r\n", "EXEC")
		talk(ok, "MULTI")
		talk(queued, "SET", "a", "11")
		talk("-ERR wrong number of arguments for 'get' command\r\n", "GET")
		talk("-"+textExecAbort+"\r\n", "EXEC")
		talk("$1\r\n9\r\n", "GET", "a")
		talk(ok, "MULTI")
		talk(queued, "SET", "a", "1")
		talk("+RESET\r\n", "RESET")
	}
}

// What CLIENT REPLY SKIP keeps back is the reply to the next command and no
// other: or each would be read as that to another one.
func TestASkippedReplyIsThatOfTheSessionsFirstCommand(t *testing.T) {
	s := newStage(t)
	skip := req("CLIENT", "REPLY", "SKIP")
	for _, c := range []struct{ in, want string }{
		{req("BLPOP", "none", "0.01") + req("GET", "none") + req("PING"), "$-1\r\n+PONG\r\n"},
		{req("MULTI") + req("GET", "none") + req("EXEC") + req("PING"), queued + "*1\r\n$-1\r\n+PONG\r\n"},
		{req("MULTI") + req("EXEC") + req("PING"), "*0\r\n+PONG\r\n"},
		{req("WATCH", "k") + req("PING") + req("GET", "none") + req("UNWATCH") + req("PING"), "+PONG\r\n$-1\r\n" + ok + "+PONG\r\n"},
		{req("SUBSCRIBE", "c") + req("UNSUBSCRIBE", "c") + req("PING"), "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n+PONG\r\n"},
	} {
		cl := s.dial(RESP2)
		cl.Send(skip + c.in)
		cl.Expect(c.want)
		cl.Send(skip)
		cl.Send(c.in)
		cl.Expect(c.want)
	}
}

// A session is told of by its key when it is over: its client has said other
// things by then, into the buffer that the key came to.
func TestASessionIsToldOfByTheKeyThatBeganIt(t *testing.T) {
	s := newStage(t)
	keys := make(chan string, 1)
	told, _ := Select("told_key")
	s.seen = func(x *sidecar.Exchange, _ error) {
		key, _ := x.Msg.Attr(told)
		keys <- string(key)
	}
	c := s.dial(RESP2)
	c.Send(req("WATCH", "the-key"))
	c.Expect(ok)
	c.Send(req("SET", "another", strings.Repeat("secret", 5000)))
	c.Expect(ok)
	c.Send(req("UNWATCH"))
	c.Expect(ok)
	if key := <-keys; key != "the-key" {
		t.Errorf("told of by %q", key)
	}
}

func TestBlockingCommands(t *testing.T) {
	s := newStage(t)
	for _, v := range []Version{RESP2, RESP3} {
		c := s.dial(v)
		c.Send(req("BLPOP", "l", "0"))
		s.blocked(1)
		s.other.do("RPUSH", "l", "x")
		c.Expect("*2\r\n$1\r\nl\r\n$1\r\nx\r\n")
		null := map[Version]string{RESP2: "*-1\r\n", RESP3: "_\r\n"}[v]
		c.Send(req("BLPOP", "l", "0.01") + req("SET", "k", "v") + req("BLMOVE", "l", "m", "LEFT", "RIGHT", "0.01"))
		c.Expect(null + ok + null)
		c.Send(req("XREAD", "BLOCK", "0", "STREAMS", "st", "$"))
		s.blocked(1)
		s.other.do("XADD", "st", "1-1", "f", "v")
		c.Until("$1\r\nv\r\n")
		s.other.do("DEL", "st")
		c.Send(req("WAIT", "0", "0") + req("PING"))
		c.Expect(":0\r\n+PONG\r\n")
	}
	if n := s.cuts.Load(); n != 0 {
		t.Errorf("%d connections were closed", n)
	}
}

// blocked waits until so many clients are blocked at the server.
func (s *stage) blocked(n int) {
	for !strings.Contains(string(s.other.do("INFO", "clients")), "blocked_clients:"+string(rune('0'+n))) {
	}
}

// Nothing may be popped for a client that has gone.
func TestBlockedClientThatLeavesEndsItsCommand(t *testing.T) {
	s := newStage(t)
	for _, how := range []string{"closes", "resets"} {
		c := s.dial(RESP2)
		c.Send(req("BLPOP", "l", "0"))
		s.blocked(1)
		if how == "closes" {
			c.Close()
		} else {
			c.Cut()
		}
		s.blocked(0)
		s.other.do("RPUSH", "l", "x")
		if got := string(s.other.do("LPOP", "l")); got != "$1\r\nx\r\n" {
			t.Errorf("%s: %q", how, got)
		}
	}
}

func TestSubscriber(t *testing.T) {
	s := newStage(t)
	for v, h := range map[Version]string{RESP2: "*", RESP3: ">"} {
		c := s.dial(v)
		c.Send(req("SET", "a", "1") + req("SUBSCRIBE", "a", "b"))
		c.Expect(ok + h + "3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" + h + "3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n")
		message := h + "3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
		for range 3 {
			s.other.do("PUBLISH", "a", "hi")
			c.Expect(message)
		}
		if v == RESP2 {
			c.Send(req("PING") + req("GET", "a"))
			c.Expect("*2\r\n$4\r\npong\r\n$0\r\n\r\n-ERR Can't execute 'get': " + whySubscribed + "\r\n")
		} else {
			c.Send(req("PING") + req("GET", "a") + req("INCR", "a"))
			c.Expect("+PONG\r\n$1\r\n1\r\n:2\r\n")
		}
		c.Send(req("PSUBSCRIBE", "a*"))
		c.Expect(h + "3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:3\r\n")
		s.other.do("PUBLISH", "a", "hi")
		c.Expect(message + h + "4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$2\r\nhi\r\n")
		c.Send(req("UNSUBSCRIBE", "a", "b") + req("PUNSUBSCRIBE") + req("GET", "a"))
		c.Expect(h + "3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n" + h + "3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n" +
			h + "3\r\n$12\r\npunsubscribe\r\n$2\r\na*\r\n:0\r\n")
		c.Expect(map[Version]string{RESP2: "$1\r\n1\r\n", RESP3: "$1\r\n2\r\n"}[v])
		c.Send(req("SSUBSCRIBE", "x"))
		c.Expect(h + "3\r\n$10\r\nssubscribe\r\n$1\r\nx\r\n:1\r\n")
		c.Send(req("RESET") + req("PING"))
		c.Expect("+RESET\r\n+PONG\r\n")
		c.Send(req("SUBSCRIBE", "z") + req("QUIT"))
		c.Until("\r\n:1\r\n")
		if v == RESP2 || true {
			c.Expect(ok)
			c.End()
		}
	}
}

// CLIENT REPLY OFF keeps back replies: messages, and what confirms that they will
// come, are none.
func TestSubscriberThatWantsNoReplies(t *testing.T) {
	s := newStage(t)
	for v, h := range map[Version]string{RESP2: "*", RESP3: ">"} {
		c := s.dial(v)
		c.Send(req("CLIENT", "REPLY", "OFF") + req("MULTI") + req("SET", "a", "1") + req("EXEC") + req("SUBSCRIBE", "a"))
		c.Expect(h + "3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
		s.other.do("PUBLISH", "a", "hi")
		c.Expect(h + "3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n")
		c.Send(req("UNSUBSCRIBE", "a"))
		c.Expect(h + "3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n")
		c.Send(req("GET", "a") + req("BLPOP", "none", "0.01") + req("CLIENT", "REPLY", "ON"))
		c.Expect(ok)
	}
}

// A session that cannot begin, or loses its server, is told as the reply to each
// command that has none; EXEC of a transaction that lost some fails.
func TestFailedSessionAnswersEachCommand(t *testing.T) {
	s := newStage(t)
	fails := true
	s.fail = func(*sidecar.Exchange) error {
		if !fails {
			return nil
		}
		return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}
	}
	const text = "-ERR sidecar: connect_refused no endpoint of the service could be connected to (attempts: 1)\r\n"
	c := s.dial(RESP2)
	c.Send(req("MULTI") + req("SET", "a", "1") + req("EXEC") + req("BLPOP", "l", "0") + req("SUBSCRIBE", "a") + req("PING"))
	c.Expect(ok + text + text + text + text + "+PONG\r\n")
	c.Send(req("MULTI") + req("SET", "a", "1"))
	c.Expect(ok + text)
	fails = false
	c.Send(req("SET", "a", "2") + req("EXEC"))
	c.Expect(queued + "-" + textExecAbort + "\r\n")
	c.Send(req("GET", "a"))
	c.Expect("$-1\r\n")
}

// cutServer ends all connections of others at the server.
func (s *stage) cutServer() { s.other.do("CLIENT", "KILL", "SKIPME", "yes") }

func TestServerThatGoesEndsItsSessions(t *testing.T) {
	s := newStage(t)
	const text = "-ERR sidecar: peer_closed "
	t.Run("transaction", func(t *testing.T) {
		c := s.dial(RESP2)
		c.Send(req("MULTI") + req("SET", "a", "1"))
		c.Expect(ok + queued)
		s.cutServer()
		c.Send(req("SET", "a", "2"))
		if got := c.Until("\r\n"); !strings.HasPrefix(got, "-ERR sidecar: peer_") {
			t.Errorf("%q", got)
		}
		c.Send(req("EXEC") + req("GET", "a"))
		c.Expect("-" + textExecAbort + "\r\n$-1\r\n")
	})
	t.Run("watch", func(t *testing.T) {
		c := s.dial(RESP2)
		c.Send(req("WATCH", "a"))
		c.Expect(ok)
		s.cutServer()
		c.Send(req("MULTI") + req("SET", "a", "1") + req("EXEC"))
		c.Until("\r\n")
		c.Until("\r\n")
		c.Until("\r\n")
		if got := string(s.other.do("EXISTS", "a")); got != ":0\r\n" {
			t.Errorf("a transaction ran whose keys were not watched: %q", got)
		}
	})
	t.Run("blocked", func(t *testing.T) {
		c := s.dial(RESP2)
		c.Send(req("BLPOP", "l", "0"))
		s.blocked(1)
		s.cutServer()
		if got := c.Until("\r\n"); !strings.HasPrefix(got, text) {
			t.Errorf("%q", got)
		}
		c.Send(req("PING"))
		c.Expect("+PONG\r\n")
	})
	t.Run("subscribed", func(t *testing.T) {
		c := s.dial(RESP2)
		c.Send(req("SUBSCRIBE", "a"))
		c.Until(":1\r\n")
		s.cutServer()
		c.End()
	})
}

func TestSlowSubscriberIsClosedAndHoldsUpNobody(t *testing.T) {
	s := newStage(t)
	reason := make(chan error, 2)
	s.seen = func(x *sidecar.Exchange, err error) {
		if x.Kind == sidecar.Session && err != nil {
			reason <- err
		}
	}
	slow, quick := s.dial(RESP2), s.dial(RESP2)
	for _, c := range []*peer.Conn{slow, quick} {
		c.Send(req("SUBSCRIBE", "a"))
		c.Until(":1\r\n")
	}
	text := strings.Repeat("x", 1<<20)
	for {
		s.other.do("PUBLISH", "a", text)
		quick.Expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1048576\r\n" + text + "\r\n")
		select {
		case err := <-reason:
			if f := sidecar.FaultOf(err); f.Reason != sidecar.TooLarge || !f.Has(sidecar.FromClient) {
				t.Error(err)
			}
			return
		default:
		}
	}
}

func TestDrainEndsSessionsAtTheirSafePoint(t *testing.T) {
	s := newStage(t)
	sub, watching := s.dial(RESP2), s.dial(RESP2)
	sub.Send(req("SUBSCRIBE", "a"))
	sub.Until(":1\r\n")
	watching.Send(req("WATCH", "a"))
	watching.Expect(ok)
	opened := s.dial(RESP2)
	opened.Send(req("MULTI"))
	opened.Expect(ok)
	s.srv.Drain()
	s.drain(false)
	sub.End()
	opened.Send(req("SET", "b", "1"))
	opened.Expect(queued)
	opened.Send(req("EXEC"))
	opened.Expect("*1\r\n+OK\r\n")
	opened.End()
	late := s.dial(RESP2)
	late.Send(req("MULTI"))
	late.Expect(ok)
	late.Send(req("SET", "b", "2") + req("EXEC"))
	late.Expect(queued + "*1\r\n+OK\r\n")
	late.End()
	watching.Send(req("MULTI") + req("SET", "a", "1") + req("EXEC"))
	watching.Expect(ok + queued + "*1\r\n+OK\r\n")
	watching.End()
}

func TestHardDrainEndsAllSessions(t *testing.T) {
	s := newStage(t)
	sub, watching, blocked := s.dial(RESP3), s.dial(RESP2), s.dial(RESP2)
	sub.Send(req("SUBSCRIBE", "a"))
	sub.Until(":1\r\n")
	watching.Send(req("WATCH", "a"))
	watching.Expect(ok)
	blocked.Send(req("BLPOP", "l", "0"))
	s.blocked(1)
	s.srv.Drain()
	s.drain(true)
	sub.End()
	watching.End()
	if got := blocked.Until("\r\n"); !strings.HasPrefix(got, "-ERR sidecar: shutting_down ") {
		t.Errorf("%q", got)
	}
	blocked.End()
}

// Idle subscriptions outlive idle_timeout; an open transaction does not.
func TestIdleSessions(t *testing.T) {
	s := newStage(t)
	s.set(func(set *Settings) { set.IdleTimeout = 300 * time.Millisecond })
	sub, watching := s.dial(RESP2), s.dial(RESP2)
	sub.Send(req("SUBSCRIBE", "a"))
	sub.Until(":1\r\n")
	watching.Send(req("WATCH", "a"))
	watching.Expect(ok)
	watching.End()
	s.other.do("PUBLISH", "a", "hi")
	sub.Expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n")
}

// Commands that change what replies look like, and those of the connection, stand
// outside.
func TestConnectionCommandsInSessions(t *testing.T) {
	s := newStage(t)
	c := s.dial(RESP2)
	c.Send(req("WATCH", "a") + req("PING", "x") + req("CLIENT", "GETNAME") + req("SELECT", "0") + req("HELLO", "3") + req("MONITOR") + req("UNWATCH"))
	c.Expect(ok + "$1\r\nx\r\n$-1\r\n" + ok)
	if got := c.Until("\r\n"); !strings.HasPrefix(got, "-ERR sidecar: HELLO is refused: ") {
		t.Errorf("%q", got)
	}
	if got := c.Until("\r\n"); !strings.HasPrefix(got, "-ERR sidecar: MONITOR is refused: ") {
		t.Errorf("%q", got)
	}
	c.Expect(ok)
	c.Send("WATCH a\r\nMULTI\r\nSET a \"b c\"\r\nEXEC\r\n" + req("GET", "a")) // as people type
	c.Expect(ok + ok + queued + "*1\r\n+OK\r\n$3\r\nb c\r\n")
	big := strings.Repeat("v", 300_000)
	c.Send(req("MULTI") + req("SET", "a", big) + req("GET", "a") + req("EXEC"))
	c.Expect(ok + queued + queued + "*2\r\n+OK\r\n" + string(AppendBulk(nil, big)))
	c.Send(req("WATCH", "a") + "*1\r\n+x\r\n")
	c.Expect(ok + "-ERR Protocol error: expected '$', got '+'\r\n")
	c.End()
}

// What was answered before the server went is read before what was not.
func TestRepliesBeforeAFailureAreGivenOn(t *testing.T) {
	s := newStage(t)
	address := s.lab.serve(server(func(c net.Conn, args [][]byte) []byte {
		if string(args[0]) == "EXEC" {
			c.Close()
		}
		return []byte(queued)
	}))
	s.target.Keys = NewKeyspace(KeyspaceParams{Map: One(Shard{Master: address})})
	c := s.dial(RESP2)
	c.Send(req("WATCH", "a") + req("MULTI") + req("GET", "a") + req("EXEC") + req("PING"))
	got := c.Until("+PONG\r\n")
	if !strings.HasSuffix(got, "\r\n+PONG\r\n") || strings.Count(got, "\r\n") != 5 || !strings.Contains(got, "-ERR sidecar: peer_") {
		t.Errorf("%q", got)
	}
}

// TLS connections take another path at either end: they cannot be looked at.
func TestSessionsThroughTLSPaths(t *testing.T) {
	for _, ends := range []string{"client", "server"} {
		t.Run(ends, func(t *testing.T) {
			s := newStage(t)
			s.plain.Store(ends == "client")
			s.lab.plain = ends == "server"
			c := s.dial(RESP3)
			for range 2 {
				c.Send(req("MULTI") + req("SET", "a", "1") + req("EXEC") + req("WATCH", "a"))
				c.Expect(ok + queued + "*1\r\n+OK\r\n" + ok)
				c.Send(req("UNWATCH"))
				c.Expect(ok)
				c.Send(req("SUBSCRIBE", "a"))
				c.Expect(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
				for range 3 {
					s.other.do("PUBLISH", "a", "hi")
					c.Expect(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n")
					c.Send(req("GET", "a"))
					c.Expect("$1\r\n1\r\n")
				}
				c.Send(req("UNSUBSCRIBE"))
				c.Expect(">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n")
				c.Send(req("BLPOP", "l", "0"))
				s.blocked(1)
				s.other.do("RPUSH", "l", "x")
				c.Expect("*2\r\n$1\r\nl\r\n$1\r\nx\r\n")
			}
		})
	}
}

// Transactions know which upstream they are of, whatever route leads there.
func TestRoutesToOneUpstreamShareATransaction(t *testing.T) {
	s := newStage(t)
	mirrored := *s.target
	other := &Target{Name: "other", Keys: Single()}
	s.set(func(set *Settings) {
		set.Route = func(row *Row, key, _ []byte) *Target {
			switch {
			case strings.HasPrefix(string(key), "o:"):
				return other
			case row.Name == "get":
				return &mirrored
			}
			return s.target
		}
	})
	c := s.client()
	c.Send(req("MULTI") + req("SET", "a", "1") + req("GET", "a") + req("EXEC"))
	c.Expect("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n")
	c.Send(req("MULTI") + req("SET", "a", "1") + req("DEL", "a", "o:b"))
	c.Expect("+OK\r\n+QUEUED\r\n-ERR sidecar: DEL is refused: " + whyOtherUpstream + "\r\n")
	c.Send(req("DISCARD"))
	c.Expect("+OK\r\n")
}
