package resp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"sidecar"
)

// relay is a client's side of a talk: it says words and reads that many replies.
type relay struct {
	words   [][]string
	replies int
	dirty   bool
	got     string
}

func (r *relay) Relay(x *sidecar.Exchange, c *Exclusive) (clean bool, f *sidecar.Fault) {
	var b []byte
	for _, w := range r.words {
		b = AppendCommand(b, w...)
	}
	if f := c.write(x, b); f != nil {
		return false, f
	}
	c.hold()
	for range r.replies {
		for {
			end, p := WalkReply(c.in[:c.n])
			if p == nil {
				r.got += string(c.in[:end])
				c.use(end)
				break
			}
			if f := c.read(x); f != nil {
				return false, f
			}
		}
	}
	x.Commit(sidecar.Success)
	return !r.dirty, nil
}

// talk performs one.
func talkOver(c *Exclusive, v Version, r *relay) *sidecar.Fault {
	talk := &Talk{Version: v, Relay: r}
	var x sidecar.Exchange
	x.Begin(talk, nil, sidecar.Now())
	x.Kind = sidecar.Session
	if err := c.Do(context.Background(), &x); err != nil {
		return sidecar.FaultOf(err)
	}
	return nil
}

func TestACallOfAnySizeGoesOverAnExclusiveConnection(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("net.Conn %v", plain), func(t *testing.T) {
			l := newLab(t, DialSettings{})
			l.plain = plain
			address := l.serve(server(echoes))
			conn := l.openAlone(address)
			for _, size := range []int{0, 100, 70_000, 900_000} {
				text := strings.Repeat("v", size)
				got, f := newAsk([]string{"set", "k", text}).over(conn)
				if f != nil || got != string(AppendBulk(nil, text)) {
					t.Fatalf("%d bytes: got %d, %v", size, len(got), f)
				}
				if want := sidecar.Open; plain {
					conn = l.openAlone(address)
				} else if s := conn.Status(true); s != want {
					t.Fatalf("then it is %v", s)
				}
			}
		})
	}
}

func TestRepliesOverTheLimitCostAnExclusiveConnection(t *testing.T) {
	l := newLab(t, DialSettings{MaxReply: 50_000})
	conn := l.openAlone(l.serve(server(func(net.Conn, [][]byte) []byte {
		return append(AppendBulk(nil, strings.Repeat("x", 30_000)), AppendBulk(nil, strings.Repeat("x", 30_000))...)
	})))
	a := newAsk([]string{"get", "a"})
	a.call.Awaited = 2
	if _, f := a.over(conn); f == nil || f.Reason != sidecar.TooLarge {
		t.Errorf("got %v", f)
	}
	if conn.Status(false) != sidecar.Closed {
		t.Error("it is used again with half a reply on it")
	}
}

// resets is a server that knows RESET, or not, and notes what it is told.
type resets struct {
	old  atomic.Bool
	bad  atomic.Bool // its answer to RESET
	told chan string
}

func (r *resets) reply(_ net.Conn, args [][]byte) []byte {
	words := string(bytes.ToLower(bytes.Join(args, space)))
	switch string(bytes.ToLower(args[0])) {
	case "reset":
		r.told <- words
		switch {
		case r.old.Load():
			return []byte("-ERR unknown command `RESET`, with args beginning with: \r\n")
		case r.bad.Load():
			return []byte("+WHAT\r\n")
		}
		return []byte("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nlate\r\n+RESET\r\n")
	case "unsubscribe", "punsubscribe", "discard", "unwatch":
		r.told <- words
		if words == "unsubscribe" {
			return []byte("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n")
		}
		return []byte("-ERR nothing to undo\r\n")
	case "select":
		return []byte("+OK\r\n")
	}
	return AppendBulk(nil, args[len(args)-1])
}

func TestWhatATalkLeftIsUndoneBeforeTheNextUse(t *testing.T) {
	l := newLab(t, DialSettings{})
	r := &resets{told: make(chan string, 20)}
	conn := l.openAlone(l.serve(server(r.reply)))
	for i := range 3 {
		say := &relay{words: [][]string{{"watch", "k"}}, replies: 1}
		if f := talkOver(conn, RESP2, say); f != nil || say.got != "$1\r\nk\r\n" {
			t.Fatalf("got %q, %v", say.got, f)
		}
		if words := <-r.told; words != "reset" {
			t.Errorf("told %s", words)
		}
		if i == 1 {
			// The answers may be there or not: the look takes what is.
			if s := conn.Status(true); s != sidecar.Open {
				t.Fatalf("it is %v", s)
			}
		}
		if got, f := newAsk([]string{"get", "b"}).over(conn); f != nil || got != "$1\r\nb\r\n" {
			t.Fatalf("a call then got %q, %v", got, f)
		}
	}
	if f := talkOver(conn, RESP3, &relay{words: [][]string{{"get", "k"}}, replies: 1}); f != nil || conn.version != RESP3 {
		t.Errorf("in RESP3: %v, version %d", f, conn.version)
	}
	<-r.told
	if f := talkOver(conn, RESP3, &relay{words: [][]string{{"get", "k"}}, replies: 1, dirty: true}); f != nil {
		t.Errorf("got %v", f)
	}
	if conn.Status(false) != sidecar.Closed {
		t.Error("it is used again though a command is not answered")
	}
}

func TestAConnectionThatCannotBeCleanedIsReplaced(t *testing.T) {
	for _, look := range []bool{false, true} {
		t.Run(fmt.Sprint("look ", look), func(t *testing.T) {
			l := newLab(t, DialSettings{})
			r := &resets{told: make(chan string, 20)}
			r.bad.Store(true)
			conn := l.openAlone(l.serve(server(r.reply)))
			if f := talkOver(conn, RESP2, &relay{words: [][]string{{"get", "k"}}, replies: 1}); f != nil {
				t.Fatal(f)
			}
			<-r.told
			if look {
				for conn.Status(true) == sidecar.Open && conn.due.at == 0 && conn.due.skipped == 0 {
				}
			}
			_, f := newAsk([]string{"get", "b"}).over(conn)
			if f == nil || !f.Has(sidecar.Unsent|sidecar.Stale) {
				t.Errorf("got %v", f)
			}
			if conn.Status(false) != sidecar.Closed {
				t.Error("it is used again")
			}
		})
	}
}

func TestServersWithoutResetAreCleanedByHand(t *testing.T) {
	l := newLab(t, DialSettings{})
	r := &resets{told: make(chan string, 20)}
	r.old.Store(true)
	address := l.serve(server(r.reply))
	conn := l.openAlone(address)
	talkOver(conn, RESP2, &relay{words: [][]string{{"get", "k"}}, replies: 1})
	<-r.told
	if _, f := newAsk([]string{"get", "b"}).over(conn); f == nil || !f.Has(sidecar.Stale) {
		t.Fatalf("got %v", f)
	}
	conn = l.openAlone(address)
	for range 2 {
		talkOver(conn, RESP2, &relay{words: [][]string{{"get", "k"}}, replies: 1})
		for _, want := range []string{"unsubscribe", "punsubscribe", "discard", "unwatch"} {
			if got := <-r.told; got != want {
				t.Errorf("told %s, want %s", got, want)
			}
		}
		if got, f := newAsk([]string{"get", "b"}).over(conn); f != nil || got != "$1\r\nb\r\n" {
			t.Fatalf("got %q, %v", got, f)
		}
	}
}

func TestAServerWithoutRESP3IsNotTakenToBeDown(t *testing.T) {
	l := newLab(t, DialSettings{})
	shared, err := l.Connect(t.Context(), l.serve(func(nc net.Conn) {
		nc.Write([]byte("-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n+OK\r\n"))
		swallow(nc)
	}), RESP3)
	if err != nil {
		t.Fatal(err)
	}
	_, f := newAsk([]string{"get", "a"}).over(shared)
	if f == nil || !f.Has(sidecar.Unsent|sidecar.FromClient) || !strings.Contains(f.Error(), "RESP3 needs Redis 6") {
		t.Errorf("got %v", f)
	}
	if s := shared.Status(false); s != sidecar.Open {
		t.Errorf("it is %v", s)
	}
	shared.until = sidecar.Now()
	if s := shared.Status(false); s != sidecar.Closed {
		t.Errorf("then it is %v", s)
	}
	shared.Close()
	conn := l.openAlone(l.serve(func(nc net.Conn) {
		buf := make([]byte, 1000)
		nc.Read(buf)
		nc.Write([]byte("+OK\r\n"))
		nc.Read(buf)
		nc.Write([]byte("-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n"))
		swallow(nc)
	}))
	f = talkOver(conn, RESP3, &relay{words: [][]string{{"get", "k"}}})
	if f == nil || f.Has(sidecar.Stale) || !f.Has(sidecar.Unsent|sidecar.FromClient) || !strings.Contains(f.Error(), "RESP3 needs Redis 6") {
		t.Errorf("got %v", f)
	}
}
