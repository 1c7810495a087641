package resp

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// chat is a session without a network: what the client sends, what the server is
// sent and says, and what the client reads.
type chat struct {
	t testing.TB
	flow
	out   outgo
	sent  string // to the server
	heard string // by the client
	left  []byte // of the server's, not used yet
}

func newChat(t testing.TB, v Version) *chat {
	k := &chat{t: t}
	k.version = v
	return k
}

// says takes commands, each a line of words, and returns what becomes of the last
// one.
func (k *chat) says(lines ...string) move {
	k.t.Helper()
	st := sends
	for _, line := range lines {
		b := AppendCommand(nil, strings.Fields(line)...)
		var u Burst
		if p := u.Read(b); p != nil {
			k.t.Fatal(p)
		}
		c := &u.Commands()[0]
		args := u.Args(c)
		st = k.take(&k.out, Of(b, args), b, c, args)
		k.out.settle(b)
	}
	k.sent += string(k.out.made)
	k.out.reset()
	return st
}

// hears takes what the server says.
func (k *chat) hears(b string) *Problem {
	k.left = append(k.left, b...)
	out, used, p := k.digest(nil, k.left)
	k.heard += string(out)
	k.left = k.left[used:]
	return p
}

// read is what the client has read since the last look.
func (k *chat) read() string {
	b := k.heard
	k.heard = ""
	return b
}

func (k *chat) wants(what, got, want string) {
	k.t.Helper()
	if got != want {
		k.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestTransactionBindsUntilItsEnd(t *testing.T) {
	for _, row := range []struct {
		name, commands, replies string
		bound                   bool
	}{
		{"exec", "MULTI|SET a 1|EXEC", "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n", false},
		{"exec that fails", "WATCH a|MULTI|SET a 1|EXEC", "+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n", false},
		{"discard", "MULTI|SET a 1|DISCARD", "+OK\r\n+QUEUED\r\n+OK\r\n", false},
		{"open", "MULTI|SET a 1", "+OK\r\n+QUEUED\r\n", true},
		{"nested", "MULTI|MULTI", "+OK\r\n-ERR MULTI calls can not be nested\r\n", true},
		{"exec alone", "EXEC", "-ERR EXEC without MULTI\r\n", false},
		{"watch", "WATCH a", "+OK\r\n", true},
		{"watch that fails", "WATCH a", "-NOPERM no\r\n", false},
		{"one of two that fails", "WATCH a|WATCH b", "-NOPERM no\r\n+OK\r\n", true},
		{"unwatch", "WATCH a|UNWATCH", "+OK\r\n+OK\r\n", false},
		{"unwatch before a watch failed", "WATCH a|UNWATCH|WATCH b", "-NOPERM no\r\n+OK\r\n+OK\r\n", true},
		{"unwatch inside", "WATCH a|MULTI|UNWATCH", "+OK\r\n+OK\r\n+QUEUED\r\n", true},
		{"watch inside", "MULTI|WATCH a|EXEC", "+OK\r\n-ERR WATCH inside MULTI is not allowed\r\n*0\r\n", false},
		{"discard alone keeps the keys", "WATCH a|DISCARD", "+OK\r\n-ERR DISCARD without MULTI\r\n", true},
		{"blocked", "BLPOP a 0", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", false},
	} {
		k := newChat(t, RESP2)
		k.says(strings.Split(row.commands, "|")...)
		if k.over() {
			t.Errorf("%s: over without replies", row.name)
		}
		if p := k.hears(row.replies); p != nil {
			t.Errorf("%s: %v", row.name, p)
		}
		if k.bound() != row.bound || !k.idle() || k.read() != row.replies {
			t.Errorf("%s: bound %v, idle %v", row.name, k.bound(), k.idle())
		}
	}
}

// A command that is refused here spoils the transaction, as one does that the
// server refuses.
func TestRefusedCommandSpoilsItsTransaction(t *testing.T) {
	for _, bad := range []string{"MONITOR", "SELECT 3", "SUBSCRIBE a", "UNSUBSCRIBE", "CLIENT REPLY OFF", "HELLO 3"} {
		k := newChat(t, RESP2)
		if st := k.says("MULTI", "SET a 1", bad); st != refuses {
			t.Fatalf("%s: %v", bad, st)
		}
		if st := k.says("EXEC"); st != aborts {
			t.Fatalf("%s: EXEC is %v", bad, st)
		}
		k.wants("sent", k.sent, string(AppendCommand(AppendCommand(AppendCommand(nil, "MULTI"), "SET", "a", "1"), "DISCARD")))
		if p := k.hears("+OK\r\n+QUEUED\r\n+OK\r\n"); p != nil {
			t.Fatal(p)
		}
		got := k.read()
		if !strings.HasPrefix(got, "+OK\r\n+QUEUED\r\n-ERR sidecar: ") || !strings.HasSuffix(got, "\r\n-EXECABORT Transaction discarded because of previous errors.\r\n") {
			t.Errorf("%s: read %q", bad, got)
		}
		if !k.over() || strings.Count(got, "\r\n") != 4 {
			t.Errorf("%s: over %v, %q", bad, k.over(), got)
		}
		k.says("MULTI", "SET a 1")
		if st := k.says("EXEC"); st != sends {
			t.Errorf("%s: the next transaction is spoilt", bad)
		}
	}
}

func TestMultiThatWasAnsweredIsSentAndNotHeard(t *testing.T) {
	k := newChat(t, RESP2)
	k.tookOurs(Lookup([]byte("multi"), nil))
	k.says("SET a 1", "EXEC")
	if p := k.hears("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"); p != nil {
		t.Fatal(p)
	}
	k.wants("read", k.read(), "+QUEUED\r\n*1\r\n+OK\r\n")
	if !k.over() {
		t.Error("not over")
	}
}

func TestSubscriptionsAreCountedByTheServer(t *testing.T) {
	head := map[Version]string{RESP2: "*", RESP3: ">"}
	for v, h := range head {
		of := func(word, name string, n int) string {
			return fmt.Sprintf("%s3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n:%d\r\n", h, len(word), word, len(name), name, n)
		}
		k := newChat(t, v)
		steps := []struct {
			say, hear string
			bound     bool
		}{
			{"SUBSCRIBE a b a", of("subscribe", "a", 1) + of("subscribe", "b", 2) + of("subscribe", "a", 2), true},
			{"", h + "3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", true},
			{"PSUBSCRIBE p*", of("psubscribe", "p*", 3), true},
			{"SSUBSCRIBE s", of("ssubscribe", "s", 1), true},
			{"UNSUBSCRIBE a", of("unsubscribe", "a", 2), true},
			{"UNSUBSCRIBE", of("unsubscribe", "b", 1), true},
			{"SUNSUBSCRIBE", of("sunsubscribe", "s", 0), true},
			{"PUNSUBSCRIBE", of("punsubscribe", "p*", 0), false},
			{"UNSUBSCRIBE", h + "3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n", false},
			{"SUBSCRIBE x", "-NOPERM no\r\n", false},
			{"SSUBSCRIBE s", of("ssubscribe", "s", 1), true},
			{"", of("sunsubscribe", "s", 0), false}, // its slot has moved
		}
		for i, s := range steps {
			if s.say != "" {
				k.says(s.say)
				if !k.bound() || k.idle() {
					t.Fatalf("RESP%d, %d: bound %v before its confirmation, idle %v", v, i, k.bound(), k.idle())
				}
			}
			for j := range len(s.hear) { // a byte at a time
				if p := k.hears(s.hear[j : j+1]); p != nil {
					t.Fatalf("RESP%d, %d: %v", v, i, p)
				}
			}
			k.wants("read", k.read(), s.hear)
			if k.bound() != s.bound || !k.idle() {
				t.Errorf("RESP%d, step %d (%s): bound %v, idle %v", v, i, s.say, k.bound(), k.idle())
			}
		}
	}
}

func TestSubscribedClientOfRESP2MayDoLittleElse(t *testing.T) {
	k := newChat(t, RESP2)
	k.says("SUBSCRIBE a")
	if st := k.says("GET a"); st != holds {
		t.Errorf("before the confirmation: %v", st)
	}
	k.hears("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
	k.read()
	if st := k.says("GET a"); st != refuses {
		t.Errorf("while subscribed: %v", st)
	}
	k.hears("")
	k.wants("read", k.read(), "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n")
	if st := k.says("PING"); st != sends {
		t.Errorf("PING: %v", st)
	}
	k.hears("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\npong\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n")
	if !k.idle() {
		t.Error("the PING is not answered")
	}
	if st := k.says("QUIT"); st != leaves {
		t.Errorf("QUIT: %v", st)
	}
	k.says("UNSUBSCRIBE")
	if st := k.says("GET a"); st != holds {
		t.Errorf("behind the end of the last one: %v", st)
	}
}

func TestSubscribedClientOfRESP3MayDoAll(t *testing.T) {
	k := newChat(t, RESP3)
	if st := k.says("SUBSCRIBE a", "GET b"); st != sends {
		t.Errorf("GET: %v", st)
	}
	if st := k.says("PING"); st != answers {
		t.Errorf("PING: %v", st)
	}
	k.answered(nil, 0)
	got := ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n$1\r\n1\r\n"
	if p := k.hears(got); p != nil {
		t.Fatal(p)
	}
	k.wants("read", k.read(), got)
	if !k.idle() || !k.bound() {
		t.Errorf("idle %v, bound %v", k.idle(), k.bound())
	}
}

func TestStrayRepliesEndTheConnection(t *testing.T) {
	for _, row := range []struct {
		v             Version
		say, hear     string
		before, after bool
	}{
		{RESP2, "", "+OK\r\n", true, false},
		{RESP2, "", "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", true, false},
		{RESP2, "SUBSCRIBE a", "+OK\r\n", true, false},
		{RESP2, "SUBSCRIBE a", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:5\r\n", true, false},
		{RESP2, "SUBSCRIBE a", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n$1\r\n1\r\n", true, false},
		{RESP3, "SUBSCRIBE a", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", true, false},
		{RESP3, "", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", true, false},
		{RESP2, "WATCH a", "+OK\r\n+OK\r\n", true, false},
		{RESP2, "WATCH a", "hello\r\n", true, false},
	} {
		k := newChat(t, row.v)
		if row.say != "" {
			k.says(row.say)
		}
		if p := k.hears(row.hear); p == nil {
			t.Errorf("RESP%d %q then %q is taken", row.v, row.say, row.hear)
		}
	}
}

func TestLargeRepliesAreGivenOnAsTheyCome(t *testing.T) {
	k := newChat(t, RESP2)
	k.says("MULTI", "GET a", "EXEC")
	k.hears("+OK\r\n+QUEUED\r\n*1\r\n$1000000\r\nabc")
	k.wants("read", k.read(), "+OK\r\n+QUEUED\r\n*1\r\n$1000000\r\nabc")
	if len(k.left) > 0 || k.over() {
		t.Errorf("%q is held back, over %v", k.left, k.over())
	}
	k.hears(strings.Repeat("x", 999997))
	k.hears("\r")
	k.hears("\n")
	if len(k.read()) != 999999 || !k.over() {
		t.Errorf("over %v", k.over())
	}
}

func TestRedirectsAreNeverRead(t *testing.T) {
	k := newChat(t, RESP2)
	k.hops = true
	k.says("WATCH a")
	if p := k.hears("-MOVED 15495 10.0.0.1:7000\r\n"); p != errHop || string(k.hop.Address) != "10.0.0.1:7000" {
		t.Errorf("%v, %q", p, k.hop.Address)
	}
	k = newChat(t, RESP2)
	k.says("WATCH a")
	k.hears("-MOVED 15495 10.0.0.1:7000\r\n")
	k.wants("read", k.read(), "-"+textTryAgain+"\r\n")
}

// Whatever stands in the same burst: a real server's connection is in the state
// that the binding says.
func TestBindingIsTheStateOfARealServer(t *testing.T) {
	path := startRedis(t, false)
	lines := []string{"MULTI", "EXEC", "DISCARD", "WATCH a", "UNWATCH", "SET a 1", "GET a", "LRANGE l 0 -1", "BLPOP l 0.01",
		"SUBSCRIBE a", "SUBSCRIBE a b c", "UNSUBSCRIBE", "UNSUBSCRIBE b", "UNSUBSCRIBE x y", "PSUBSCRIBE a* b*", "PUNSUBSCRIBE",
		"PUNSUBSCRIBE a*", "SSUBSCRIBE s", "SUNSUBSCRIBE", "PING", "PUBLISH a message", "INCR l", "MONITOR", "WATCH"}
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		v := Version(2 + seed%2)
		server, other := dialRedis(t, path), dialRedis(t, path)
		server.do("HELLO", fmt.Sprint(v))
		other.do("RPUSH", "l", "1", "2", "3", "message", "a", "b")
		id := string(server.do("CLIENT", "ID"))
		k := newChat(t, v)
		for range 40 {
			for range 1 + rnd.IntN(4) {
				line := lines[rnd.IntN(len(lines))]
				if strings.HasPrefix(line, "BLPOP") && !k.multi && !k.idle() || line == "WATCH" {
					continue
				}
				if st := k.says(line); st == answers { // as its server does
					k.answered(nil, 0)
				}
			}
			server.c.Write([]byte(k.sent))
			k.sent = ""
			k.hears("")
			for !k.idle() {
				if p := k.hears(string(server.reply())); p != nil {
					t.Fatalf("seed %d: %v", seed, p)
				}
			}
			info := string(other.do("CLIENT", "LIST", "ID", strings.TrimSpace(id[1:])))
			want := fmt.Sprintf(" sub=%d psub=%d ssub=%d multi=", k.channels, k.patterns, k.shards)
			if !strings.Contains(info, want) || strings.Contains(info, " multi=-1 ") == k.multi {
				t.Fatalf("seed %d: %+v\n%s", seed, k.binding, info)
			}
			other.do("PUBLISH", "b", "message")
		}
	}
}

func FuzzSessionReplies(f *testing.F) {
	f.Add(byte(2), "WATCH a|MULTI|EXEC", "+OK\r\n+OK\r\n*0\r\n")
	f.Add(byte(3), "SUBSCRIBE a|UNSUBSCRIBE", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n")
	f.Add(byte(2), "SUBSCRIBE a|UNSUBSCRIBE", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*0\r\n*-1\r\n")
	f.Add(byte(3), "BLPOP a 0", "|1\r\n+a\r\n+b\r\n-MOVED 1 :1\r\n")
	f.Fuzz(func(t *testing.T, v byte, say, hear string) {
		whole, bytewise := newChat(t, Version(2+v%2)), newChat(t, Version(2+v%2))
		for _, k := range []*chat{whole, bytewise} {
			for _, line := range strings.Split(say, "|") {
				words := strings.Fields(line)
				if len(words) == 0 || Lookup([]byte(words[0]), nil) == nil || len(words) > 1 && Lookup([]byte(words[0]), []byte(words[1])) == nil {
					return
				}
				k.says(line)
			}
		}
		p := whole.hears(hear)
		var q *Problem
		for i := 0; i < len(hear) && q == nil; i++ {
			q = bytewise.hears(hear[i : i+1])
		}
		if (p == nil) != (q == nil) {
			t.Fatalf("%v at once, %v byte by byte", p, q)
		}
		if p == nil && whole.heard+string(whole.left) != bytewise.heard+string(bytewise.left) {
			t.Fatalf("%q at once, %q byte by byte", whole.heard, bytewise.heard)
		}
		if whole.channels < 0 || whole.patterns < 0 || whole.shards < 0 || whole.asking < 0 || whole.watches < 0 {
			t.Fatalf("%+v", whole.binding)
		}
	})
}
