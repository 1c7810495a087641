package resp

import (
	"bytes"
	"strings"
	"testing"
)

var replies = []struct{ name, in, head string }{
	{"simple", "+OK\r\n", "+OK"},
	{"empty simple", "+\r\n", "+"},
	{"error", "-ERR no\r\n", "-ERR no"},
	{"integer", ":-12\r\n", ":-12"},
	{"bulk", "$5\r\na\r\nbc\r\n", "$5"},
	{"empty bulk", "$0\r\n\r\n", "$0"},
	{"null bulk", "$-1\r\n", "$-1"},
	{"null array", "*-1\r\n", "*-1"},
	{"null", "_\r\n", "_"},
	{"boolean", "#t\r\n", "#t"},
	{"double", ",1.5e3\r\n", ",1.5e3"},
	{"big number", "(123456789012345678901234567890\r\n", "(123456789012345678901234567890"},
	{"long error", "!9\r\nERR a\r\nbc\r\n", "!9"},
	{"verbatim", "=5\r\ntxt:a\r\n", "=5"},
	{"empty array", "*0\r\n", "*0"},
	{"array", "*3\r\n$1\r\na\r\n$-1\r\n:3\r\n", "*3"},
	{"nested", "*2\r\n*2\r\n+a\r\n*0\r\n%1\r\n+k\r\n~2\r\n:1\r\n:2\r\n", "*2"},
	{"map", "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n", "%2"},
	{"set", "~1\r\n#f\r\n", "~1"},
	{"push", ">2\r\n+message\r\n$1\r\na\r\n", ">2"},
	{"attribute before", "|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n", "$1"},
	{"attributes twice and empty", "|0\r\n|1\r\n+a\r\n*1\r\n:1\r\n+OK\r\n", "+OK"},
	{"attribute inside", "*2\r\n|1\r\n+a\r\n:1\r\n+x\r\n+y\r\n", "*2"},
	{"error inside", "*2\r\n-ERR a\r\n+b\r\n", "*2"},
}

// walked walks reply in pieces of step bytes and returns the end and the head.
func walked(reply []byte, step int) (end int, head string, p *Problem) {
	var w Walker
	w.Start(1 << 20)
	for n := 0; ; {
		n = min(n+step, len(reply))
		if end, p = w.Walk(reply[:n]); p == More && n < len(reply) {
			continue
		}
		if w.Begun() {
			head = string(w.Head().Of(reply))
		}
		return end, head, p
	}
}

func TestRepliesEndWhereTheyEndHoweverTheyCome(t *testing.T) {
	for _, c := range replies {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in + "+next\r\n")
			for _, step := range []int{1, 2, 5, len(in)} {
				end, head, p := walked(in, step)
				if p != nil || end != len(c.in) || head != c.head {
					t.Errorf("in pieces of %d: end %d, head %q, %v; want %d, %q", step, end, head, p, len(c.in), c.head)
				}
			}
			for n := range len(c.in) {
				if _, _, p := walked([]byte(c.in[:n]), n+1); p != More {
					t.Errorf("%q: %v", c.in[:n], p)
				}
			}
		})
	}
}

// A script may return tables within tables, some thousand deep.
func TestARepliesDepthHasNoLimit(t *testing.T) {
	in := []byte("|1\r\n+a\r\n" + strings.Repeat("*1\r\n", 9) + "+b\r\n" + strings.Repeat("*2\r\n|1\r\n+a\r\n:1\r\n*0\r\n", 8000) + "-ERR reached lua stack limit\r\n")
	for _, step := range []int{100, len(in)} {
		if end, head, p := walked(in, step); p != nil || end != len(in) || head != "*2" {
			t.Errorf("in pieces of %d: end %d of %d, head %q, %v", step, end, len(in), head, p)
		}
	}
}

func TestMalformedRepliesAreToldApart(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     *Problem
	}{
		{"no type", "OK\r\n", errReplyType},
		{"chunk of a stream", ";4\r\n", errReplyType},
		{"streamed string", "$?\r\n", errReplyStream},
		{"streamed array", "*?\r\n", errReplyStream},
		{"line feed alone", "+a\n", errReplyLine},
		{"endless line", ":" + strings.Repeat("1", maxReplyLine+5), errReplyLine},
		{"endless text", "+" + strings.Repeat("a", 1<<20+5), errReplySize},
		{"line feed alone in a long text", "+" + strings.Repeat("a", 50_000) + "\n", errReplyLine},
		{"length is no number", "$a\r\n", errReplyLength},
		{"negative length", "$-2\r\n", errReplyLength},
		{"null set", "~-1\r\n", errReplyLength},
		{"length beyond everything", "$9223372036854775807\r\n", errReplyLength},
		{"length beyond the limit", "$1048577\r\n", errReplySize},
		{"elements beyond the limit", "*349526\r\n", errReplySize},
		{"pairs beyond the limit", "%174763\r\n", errReplySize},
		{"string without its end", "$1\r\nabc", errReplyEnd},
		{"push inside", "*1\r\n>1\r\n+a\r\n", errReplyPlace},
		{"empty push", ">0\r\n", errReplyPlace},
		{"null with a value", "_1\r\n", errReplyValue},
		{"boolean of another letter", "#x\r\n", errReplyValue},
		{"verbatim without a format", "=3\r\ntxt\r\n", errReplyValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, len(c.in)} {
				if _, _, p := walked([]byte(c.in), step); p != c.want {
					t.Errorf("in pieces of %d: got %v, want %v", step, p, c.want)
				}
			}
		})
	}
}

// A script may answer with a text of any length, whose bytes may leave the buffer.
func TestALongTextPassesThroughASmallBuffer(t *testing.T) {
	for _, kind := range []string{"+", "-", "*2\r\n+", "|1\r\n+k\r\n+v\r\n-"} {
		for _, size := range []int{longLine - 2, longLine - 1, longLine, longLine + 1, 3 * longLine, maxReplyLine, 5 * maxReplyLine} {
			reply := kind + strings.Repeat("a", size) + "\r\n"
			if kind[0] == '*' {
				reply += ":1\r\n"
			}
			for _, step := range []int{1, 977, longLine + 1, len(reply)} {
				var w Walker
				w.Start(1 << 20)
				var buf []byte
				most := 0
				for in := reply; ; {
					n := min(step, len(in))
					buf, in = append(buf, in[:n]...), in[n:]
					most = max(most, len(buf))
					end, p := w.Walk(buf)
					if p == nil {
						if end != len(buf) || len(in) > 0 {
							t.Fatalf("%q, %d in pieces of %d: ended at %d of %d, %d to come", kind, size, step, end, len(buf), len(in))
						}
						break
					}
					if p != More || len(in) == 0 {
						t.Fatalf("%q, %d in pieces of %d: %v", kind, size, step, p)
					}
					done := min(w.Walked(), len(buf))
					w.Forget(done)
					buf = buf[done:]
				}
				if most > longLine+step+100 {
					t.Errorf("%q, %d in pieces of %d: held %d bytes", kind, size, step, most)
				}
				if end, p := WalkReply([]byte(reply)); p != nil || end != len(reply) {
					t.Errorf("whole: %d, %v", end, p)
				}
			}
		}
	}
}

// What was walked may leave the buffer.
func TestRepliesPassThroughASmallBuffer(t *testing.T) {
	reply := AppendArray(nil, 3)
	reply = AppendBulk(reply, strings.Repeat("x", 10_000))
	reply = AppendInt(reply, 7)
	reply = AppendBulk(reply, strings.Repeat("y", 500))
	var w Walker
	w.Start(len(reply))
	var buf []byte
	for i := 0; i < len(reply); {
		n := min(97, len(reply)-i)
		buf = append(buf, reply[i:i+n]...)
		i += n
		end, p := w.Walk(buf)
		if p == nil {
			if i != len(reply) || end != len(buf) {
				t.Fatalf("ended at %d of %d", end, len(buf))
			}
			return
		}
		if p != More {
			t.Fatal(p)
		}
		done := min(w.Walked(), len(buf))
		w.Forget(done)
		buf = buf[done:]
	}
	t.Fatal("it did not end")
}

// Replies of a real server, in both versions, end where they end.
func TestRepliesOfARealServer(t *testing.T) {
	path := startRedis(t, false)
	for _, version := range []string{"2", "3"} {
		k := dialRedis(t, path)
		for _, c := range [][]string{
			{"HELLO", version}, {"COMMAND"}, {"COMMAND", "DOCS"}, {"CONFIG", "GET", "*"}, {"INFO"}, {"LOLWUT"},
			{"HSET", "h", "a", "1"}, {"HGETALL", "h"}, {"SADD", "s", "a", "b"}, {"SMEMBERS", "s"}, {"GET", "none"}, {"LPOP", "none"},
			{"ZADD", "z", "1.5", "a"}, {"ZSCORE", "z", "a"}, {"ZRANGE", "z", "0", "-1", "WITHSCORES"}, {"GET", "h"},
			{"DEBUG", "PROTOCOL", "verbatim"}, {"XADD", "x", "1-1", "a", "b"}, {"XREAD", "STREAMS", "x", "0"}, {"XINFO", "STREAM", "x", "FULL"},
			{"BLPOP", "none", "0.01"}, {"EVAL", "return {1,{2,{3,false,'a'}},{err='X y'}}", "0"}, {"CLIENT", "INFO"}, {"MEMORY", "STATS"},
		} {
			if got := k.do(c...); len(got) < 3 {
				t.Errorf("%v: %q", c, got)
			}
		}
		k.do("SUBSCRIBE", "c")
	}
}

func FuzzReplies(f *testing.F) {
	for _, c := range replies {
		f.Add([]byte(c.in), uint8(2))
	}
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		end, head, p := walked(b, max(1, len(b)))
		end2, head2, p2 := walked(b, 1+int(step))
		if end != end2 || p != p2 || head != head2 {
			t.Fatalf("whole: %d, %q, %v; in pieces: %d, %q, %v", end, head, p, end2, head2, p2)
		}
		if end > len(b) {
			t.Fatalf("ends at %d of %d", end, len(b))
		}
		if p == nil {
			ClassOf(ErrorText(b[:end]))
			ParseRedirect(ErrorText(b[:end]))
			if i := bytes.Index(b[:end], []byte(head)); i < 0 {
				t.Fatal("head is not in the reply")
			}
		}
	})
}
