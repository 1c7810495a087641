package resp

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// commandsOf reads b in pieces of step bytes and returns all commands.
func commandsOf(b []byte, step int, limits Burst) (all [][]string, p *Problem) {
	u := limits
	var buf []byte
	for len(b) > 0 {
		n := min(step, len(b))
		buf, b = append(buf, b[:n]...), b[n:]
		p = u.Read(buf)
		for i := range u.Commands() {
			var args []string
			for _, s := range u.Args(&u.Commands()[i]) {
				args = append(args, string(s.Of(buf)))
			}
			all = append(all, args)
		}
		if p != nil && p != More {
			return all, p
		}
		buf = append([]byte(nil), buf[u.Consumed():]...)
		u.Next()
	}
	return all, p
}

var requests = []struct {
	name, in string
	want     []string // of each command, its arguments joined by |
	text     string   // of the problem
}{
	{"one", "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", []string{"GET|a"}, ""},
	{"pipeline", "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n", []string{"PING", "GET|"}, ""},
	{"binary argument", "*2\r\n$4\r\nECHO\r\n$4\r\n\r\n*1\r\n", []string{"ECHO|\r\n*1"}, ""},
	{"inline", "PING\r\nGET  a \n", []string{"PING", "GET|a"}, ""},
	{"inline with quotes", "ECHO \"a\\x41\\n\\\" b\"\r\nECHO 'it\\'s \\n'\r\n", []string{"ECHO|aA\n\" b", "ECHO|it's \\n"}, ""},
	{"quote within a word", "ECHO ab\"c d\"\r\n", []string{"ECHO|abc d"}, ""},
	{"empty word", "ECHO \"\"\r\n", []string{"ECHO|"}, ""},
	{"both kinds", "PING\r\n*1\r\n$4\r\nPING\r\nPING\r\n", []string{"PING", "PING", "PING"}, ""},
	{"empty and null arrays are passed over", "\r\n*0\r\n*-1\r\n*-7\r\n  \r\nPING\r\n", []string{"PING"}, ""},
	{"unbalanced quotes", "PING\r\nECHO \"a\r\n", []string{"PING"}, "Protocol error: unbalanced quotes in request"},
	{"word behind a quote", "ECHO \"a\"b\r\n", nil, "Protocol error: unbalanced quotes in request"},
	{"count is no number", "*a\r\n", nil, "Protocol error: invalid multibulk length"},
	{"count is empty", "*\r\n", nil, "Protocol error: invalid multibulk length"},
	{"count with a zero", "*01\r\n", nil, "Protocol error: invalid multibulk length"},
	{"count is too large", "*3000000000\r\n", nil, "Protocol error: invalid multibulk length"},
	{"count does not end", "*" + strings.Repeat("1", MaxInline+5), nil, "Protocol error: too big mbulk count string"},
	{"length does not end", "*1\r\n$" + strings.Repeat("1", MaxInline+5), nil, "Protocol error: too big bulk count string"},
	{"no length", "*1\r\nPING\r\n", nil, "Protocol error: expected '$', got 'P'"},
	{"negative length", "*1\r\n$-1\r\n", nil, "Protocol error: invalid bulk length"},
	{"length is no number", "*1\r\n$4x\r\n", nil, "Protocol error: invalid bulk length"},
	{"length is too large", "*1\r\n$536870913\r\n", nil, "Protocol error: invalid bulk length"},
	{"length is beyond int64", "*1\r\n$99999999999999999999\r\n", nil, "Protocol error: invalid bulk length"},
	{"inline does not end", strings.Repeat("a", MaxInline+5), nil, "Protocol error: too big inline request"},
	{"browser", "POST / HTTP/1.1\r\nHost: a\r\n\r\n", nil, errBrowser.text},
	{"browser's header", "GET / HTTP/1.1\r\nHOST: a\r\n\r\n", []string{"GET|/|HTTP/1.1"}, errBrowser.text},
	{"browser as an array", "*1\r\n$4\r\nPoSt\r\n", nil, errBrowser.text},
	{"TLS", "\x16\x03\x01\x02\x00", nil, errTLS.text},
	{"argument without its end", "*1\r\n$4\r\nPINGxx", nil, errBulkEnd.text},
	{"not whole", "*1\r\n$4\r\nPIN", nil, More.text},
}

func TestRequestsAreCutAlikeHoweverTheyCome(t *testing.T) {
	for _, c := range requests {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 2, 3, 7, 4096, len(c.in)} {
				all, p := commandsOf([]byte(c.in), step, Burst{})
				var got []string
				for _, args := range all {
					got = append(got, strings.Join(args, "|"))
				}
				text := ""
				if p != nil {
					text = p.Error()
				}
				if !slices.Equal(got, c.want) || text != c.text {
					t.Errorf("in pieces of %d: got %q, %q, want %q, %q", step, got, text, c.want, c.text)
				}
			}
		})
	}
}

// What Redis says to the same bytes; what is ours alone is not asked.
func TestProblemsReadAsRedisTellsThem(t *testing.T) {
	path := startRedis(t, false)
	for _, c := range requests {
		if !strings.HasPrefix(c.text, "Protocol error") || c.text == errBulkEnd.text {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			got := dialRedis(t, path).raw(c.in)
			if !strings.Contains(got, "-ERR "+c.text+"\r\n") {
				t.Errorf("Redis says %q, we %q", got, c.text)
			}
		})
	}
}

func TestLimitsOfRequests(t *testing.T) {
	set := func(value string) []byte { return AppendCommand(nil, "SET", "k", value) }
	for _, c := range []struct {
		name  string
		in    []byte
		limit Burst
		want  *Problem
	}{
		{"argument as long as allowed", set("12345"), Burst{MaxBulk: 5}, nil},
		{"argument too long", set("123456"), Burst{MaxBulk: 5}, errLength},
		{"request too long", set("123456"), Burst{MaxRequest: 20}, errRequestSize},
		{"too many arguments", []byte("*1048577\r\n"), Burst{}, errCount},
	} {
		if _, p := commandsOf(c.in, len(c.in), c.limit); p != c.want {
			t.Errorf("%s: got %v, want %v", c.name, p, c.want)
		}
	}
}

func TestLargeArgumentIsNotReadTwice(t *testing.T) {
	b := AppendCommand(nil, "PING")
	first := len(b)
	b = AppendCommand(b, "SET", "k", strings.Repeat("x", 1<<20))
	var u Burst
	if p := u.Read(b[:100]); p != More || u.Consumed() != first || u.Need() != len(b) {
		t.Fatalf("%v, consumed %d, need %d of %d", p, u.Consumed(), u.Need(), len(b))
	}
	u.Next()
	b = b[first:]
	blank := append([]byte(nil), b...)
	for i := range 60 { // what was read is not looked at again
		blank[i] = 0
	}
	if p := u.Read(blank); p != nil || u.Consumed() != len(b) {
		t.Fatalf("%v, consumed %d", p, u.Consumed())
	}
	args := u.Args(&u.Commands()[0])
	if string(args[0].Of(b)) != "SET" || args[2].End-args[2].Start != 1<<20 {
		t.Errorf("arguments %v", args)
	}
}

func TestMemoryOfManyArgumentsIsNotKept(t *testing.T) {
	b := AppendCommand(nil, slices.Repeat([]string{"a"}, 3*keptArgs)...)
	var u Burst
	u.Read(b)
	u.Next()
	if cap(u.args) > keptArgs {
		t.Errorf("memory of %d spans is kept", cap(u.args))
	}
}

// However the bytes are cut, the same commands come of them; written again they
// are read as the same.
func FuzzRequests(f *testing.F) {
	for _, c := range requests {
		if len(c.in) < 1000 {
			f.Add([]byte(c.in), uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		limits := Burst{MaxBulk: 4096, MaxRequest: 8192}
		whole, p := commandsOf(bytes.Clone(b), max(1, len(b)), limits)
		pieces, q := commandsOf(bytes.Clone(b), 1+int(step), limits)
		if !slices.EqualFunc(whole, pieces, slices.Equal) || p != q && (p == nil || q == nil || p.text != q.text) {
			t.Fatalf("whole: %q, %v; in pieces: %q, %v", whole, p, pieces, q)
		}
		for _, args := range whole {
			again, p := commandsOf(AppendCommand(nil, args...), 1<<20, Burst{})
			if p != nil || len(again) != 1 || !slices.Equal(again[0], args) {
				t.Fatalf("%q is read again as %q, %v", args, again, p)
			}
		}
	})
}

// Lines of random quotes and spaces mean what they mean to a real server.
func TestInlineCommandsAreReadAsRedisReadsThem(t *testing.T) {
	path := startRedis(t, false)
	random := rand.New(rand.NewPCG(3, 4))
	const letters = "ab\"\"''\\\\nx41 \t\v\x80"
	for range 400 {
		line := "ECHO "
		for range random.IntN(14) {
			line += string(letters[random.IntN(len(letters))])
		}
		want := dialRedis(t, path).raw(line + "\r\n")
		all, p := commandsOf([]byte(line+"\r\n"), 1000, Burst{})
		var got string
		switch {
		case p != nil:
			got = string(AppendError(nil, "ERR "+p.Error()))
		case len(all[0]) != 2:
			got = string(AppendWrongArity(nil, Lookup([]byte("echo"), nil)))
		default:
			got = string(AppendBulk(nil, all[0][1]))
		}
		if got != want {
			t.Errorf("%q: %q, Redis says %q", line, got, want)
		}
	}
}

func TestClientsThatHaveNotLoggedInMaySendLittle(t *testing.T) {
	path := startRedis(t, false)
	dialRedis(t, path).do("CONFIG", "SET", "requirepass", "x")
	many := AppendCommand(nil, append(words("MGET"), slices.Repeat([]string{"k"}, 10)...)...)
	large := AppendCommand(nil, "GET", strings.Repeat("k", guestBulk+1))
	login := AppendCommand(nil, "AUTH", "x")
	for _, in := range [][]byte{many, large} {
		u := Burst{Guest: true}
		p := u.Read(slices.Concat(login, in))
		if p == nil || !p.IsGuest() || len(u.Commands()) != 1 {
			t.Fatalf("%v, %d commands", p, len(u.Commands()))
		}
		if got, want := "-ERR "+p.Error()+"\r\n", dialRedis(t, path).raw(string(in)); got != want {
			t.Errorf("%q, Redis says %q", got, want)
		}
		u.Guest = false
		if p := u.Read(slices.Concat(login, in)); p != nil || len(u.Commands()) != 2 {
			t.Errorf("after the login: %v, %d commands", p, len(u.Commands()))
		}
	}
}
