package resp

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"sidecar"
)

func TestRepliesAreThoseOfTheirCallsHoweverTheyCome(t *testing.T) {
	for _, c := range []struct {
		name  string
		plain bool
		piece int // of what the server writes
	}{
		{"whole", false, 1 << 20},
		{"by bytes", false, 1},
		{"in pieces", false, 7},
		{"net.Conn", true, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, DialSettings{})
			l.plain = c.plain
			conn := l.open(l.serve(server(func(nc net.Conn, args [][]byte) []byte {
				for b := AppendBulk(nil, args[1]); len(b) > 0; {
					n := min(c.piece, len(b))
					nc.Write(b[:n])
					b = b[n:]
				}
				return nil
			})))
			var work sync.WaitGroup
			for client := range 8 {
				work.Go(func() {
					for i := range 30 {
						var commands [][]string
						want := ""
						for k := range 1 + i%4 {
							text := strings.Repeat(fmt.Sprintf("%d.%d.%d\r\n", client, i, k), i*i/10)
							commands = append(commands, []string{"get", text})
							want += string(AppendBulk(nil, text))
						}
						a := newAsk(commands...)
						got, f := a.over(conn)
						if f != nil || got != want || a.took.errors != 0 || a.call.Class() != sidecar.Success {
							t.Errorf("client %d: %.60q of %d bytes, %v; want %.60q of %d", client, got, len(got), f, want, len(want))
							return
						}
					}
				})
			}
			work.Wait()
		})
	}
}

func TestAReplyThatNobodyAwaitsAnyMoreIsDropped(t *testing.T) {
	l := newLab(t, DialSettings{})
	got, answer := make(chan bool), make(chan bool)
	conn := l.open(l.serve(server(func(c net.Conn, args [][]byte) []byte {
		if string(args[1]) == "slow" {
			c.Write([]byte("$4\r\nsl"))
			got <- true
			<-answer
			return []byte("ow\r\n")
		}
		return echoes(c, args)
	})))
	a := newAsk([]string{"get", "slow"})
	gen := a.x.Gen()
	go func() {
		<-got
		a.x.Interrupt(gen, sidecar.DeadlineCause)
	}()
	if _, f := a.over(conn); f == nil || f.Reason != sidecar.DeadlineExceeded || f.Has(sidecar.Unsent) {
		t.Fatalf("got %v", f)
	}
	if u := l.Usage(); u.Abandoned != 1 || u.Calls != 1 || u.Conns != 1 {
		t.Errorf("usage %+v", u)
	}
	b := newAsk([]string{"get", "b"})
	var work sync.WaitGroup
	work.Go(func() {
		if got, f := b.over(conn); f != nil || got != "$1\r\nb\r\n" {
			t.Errorf("the next got %q, %v", got, f)
		}
	})
	answer <- true
	work.Wait()
	if u := l.Usage(); u.Abandoned != 0 || u.Calls != 0 {
		t.Errorf("usage %+v", u)
	}
}

func TestACallWhoseRepliesAreTooLargeFailsAlone(t *testing.T) {
	const most = 100_000
	l := newLab(t, DialSettings{MaxReply: most})
	conn := l.open(l.serve(server(func(_ net.Conn, args [][]byte) []byte {
		n, _ := number(args[1])
		return AppendBulk(nil, strings.Repeat("x", int(n)))
	})))
	var work sync.WaitGroup
	for client := range 4 {
		work.Go(func() {
			for i := range 20 {
				size := 10 + client
				if i%4 == client {
					size = most + i*1000
				}
				got, f := newAsk([]string{"get", fmt.Sprint(size)}).over(conn)
				switch {
				case size > most && (f == nil || f.Reason != sidecar.TooLarge):
					t.Errorf("of %d bytes: %v", size, f)
				case size < most && (f != nil || got != string(AppendBulk(nil, strings.Repeat("x", size)))):
					t.Errorf("of %d bytes: %.40q, %v", size, got, f)
				}
			}
		})
	}
	work.Wait()
	if s := conn.Status(false); s != sidecar.Open {
		t.Errorf("the connection is %v", s)
	}
}

func TestAServerThatAnswersWronglyIsCut(t *testing.T) {
	for _, c := range []struct {
		name, reply string
		reason      sidecar.Reason
		first       string // what the call gets all the same
	}{
		{"too much", "+OK\r\n+MORE\r\n", 0, "+OK\r\n"},
		{"garbage", "HTTP/1.1 400 Bad Request\r\n\r\n", sidecar.BadReply, ""},
		{"a push message", ">2\r\n+invalidate\r\n*0\r\n", sidecar.BadReply, ""},
		{"a length that is none", "$x\r\n", sidecar.BadReply, ""},
		{"a huge count", "*99999999999\r\n", sidecar.BadReply, ""},
		{"a huge string", "$99999999999\r\n", sidecar.BadReply, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, DialSettings{})
			conn := l.open(l.serve(server(func(net.Conn, [][]byte) []byte { return []byte(c.reply) })))
			got, f := newAsk([]string{"get", "a"}).over(conn)
			if got != c.first || (c.reason != 0 && (f == nil || f.Reason != c.reason || f.Has(sidecar.Unsent))) {
				t.Errorf("got %q, %v", got, f)
			}
			<-conn.core.Ended()
			if conn.Status(false) != sidecar.Closed {
				t.Error("the connection goes on")
			}
			_, f = newAsk([]string{"get", "b"}).over(conn)
			if f == nil || !f.Has(sidecar.Unsent|sidecar.Stale) {
				t.Errorf("the next got %v", f)
			}
		})
	}
}

func TestAHalfReplyIsNone(t *testing.T) {
	l := newLab(t, DialSettings{})
	conn := l.open(l.serve(server(func(c net.Conn, _ [][]byte) []byte {
		c.Write([]byte("+OK\r\n$10\r\nabc"))
		c.Close()
		return nil
	})))
	got, f := newAsk([]string{"get", "a"}, []string{"get", "b"}).over(conn)
	if f == nil || f.Has(sidecar.Unsent) || f.Reason != sidecar.PeerClosed && f.Reason != sidecar.PeerReset {
		t.Errorf("got %q, %v", got, f)
	}
}

// What replies mean together, and whether it is proved that nothing was run.
func TestRepliesAreHeldOnlyWhenAllFailed(t *testing.T) {
	const loading, wrong, script = "-LOADING Redis is loading\r\n", "-WRONGTYPE no\r\n", "-READONLY You can't\r\n"
	held := sidecar.Classes(sidecar.Unavailable, sidecar.Shed)
	for _, c := range []struct {
		name     string
		commands []string
		replies  string
		class    sidecar.Class
		held     bool
		rejected bool
	}{
		{"one that is not ready", []string{"get"}, loading, sidecar.Unavailable, true, true},
		{"all not ready", []string{"get", "set"}, loading + loading, sidecar.Unavailable, true, true},
		{"one of two went well", []string{"get", "set"}, loading + "+OK\r\n", sidecar.Success, false, false},
		{"one is the command's own", []string{"get", "set"}, loading + wrong, sidecar.ClientError, false, false},
		{"a script", []string{"eval"}, script, sidecar.Unavailable, true, false},
		{"a script among others", []string{"get", "eval"}, loading + script, sidecar.Unavailable, true, false},
		{"an unknown one among others", []string{"get", "json.get"}, loading + script, sidecar.Unavailable, true, false},
		{"the command's own", []string{"get"}, wrong, sidecar.ClientError, false, false},
		{"moved", []string{"get"}, "-MOVED 1 127.0.0.1:1\r\n", sidecar.ClientError, false, false},
		{"behind attributes", []string{"get"}, "|1\r\n+a\r\n+b\r\n" + loading, sidecar.Unavailable, true, true},
		{"a long error", []string{"get"}, "!12\r\nLOADING soon\r\n", sidecar.Unavailable, true, true},
	} {
		for _, alone := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s alone %v", c.name, alone), func(t *testing.T) {
				l := newLab(t, DialSettings{})
				at := 0
				address := l.serve(server(func(net.Conn, [][]byte) []byte {
					if at++; at == len(c.commands) {
						return []byte(c.replies)
					}
					return nil
				}))
				var words [][]string
				for _, name := range c.commands {
					words = append(words, []string{name, "a"})
				}
				a := newAsk(words...)
				a.x.Hold = held
				var s sidecar.Service
				if alone {
					s = l.openAlone(address)
				} else {
					s = l.open(address)
				}
				got, f := a.over(s)
				if !c.held {
					if f != nil || got != c.replies || a.call.Class() != c.class {
						t.Errorf("got %q, %v, class %v", got, f, a.call.Class())
					}
					return
				}
				if f == nil || a.took.calls != 0 || f.Class != c.class || !f.Has(sidecar.FromPeer) || f.Has(sidecar.Rejected) != c.rejected {
					t.Errorf("got %v, flags %b, class %v", f, f.Flags, f.Class)
				}
			})
		}
	}
}

// A connection to the database of before takes nothing further; one that another
// password would be used for by now does, as it is logged in.
func TestConnectionsOfSettingsThatCountNoMoreAreGivenUp(t *testing.T) {
	l := newLab(t, DialSettings{})
	address := l.serve(server(echoes))
	shared, alone := l.open(address), l.openAlone(address)
	set := *l.set.Load()
	for _, row := range []struct {
		name   string
		change func(s *DialSettings)
		want   sidecar.Status
	}{
		{"nothing", func(*DialSettings) {}, sidecar.Open},
		{"password", func(s *DialSettings) { s.Password = "other" }, sidecar.Open},
		{"database", func(s *DialSettings) { s.Database = 1 }, sidecar.Closed},
		{"user", func(s *DialSettings) { s.Username = "other" }, sidecar.Closed},
		{"reads of replicas", func(s *DialSettings) { s.ReadOnly = true }, sidecar.Closed},
		{"largest reply", func(s *DialSettings) { s.MaxReply++ }, sidecar.Closed},
	} {
		s := set
		row.change(&s)
		l.Set(s)
		if a, b := shared.Status(false), alone.Status(false); a != row.want || b != row.want {
			t.Errorf("%s: shared %v, exclusive %v, want %v", row.name, a, b, row.want)
		}
	}
}
