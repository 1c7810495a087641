package resp

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

// byLast puts a key on the shard that its last byte says.
func byLast(shards int) func([]byte) int {
	return func(key []byte) int {
		if len(key) == 0 {
			return 0
		}
		return int(key[len(key)-1]) % shards
	}
}

func splitOf(t testing.TB, shards int, line string) (*Splitter, bool) {
	t.Helper()
	b, args := spansOf(t, words(line)...)
	var s Splitter
	ok := s.Split(Of(b, args), b, args, shards, byLast(shards))
	return &s, ok
}

func TestCommandsAreSplitByTheirKeys(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"MGET a b c d", "MGET a c; MGET b d"},
		{"mget b a", "mget b; mget a"},
		{"MSET a 1 b 2 a 3", "MSET a 1 a 3; MSET b 2"},
		{"DEL a c", "DEL a c"},
		{"TOUCH a b a", "TOUCH a a; TOUCH b"},
		{"MSET a 1 b", "wrong"},
		{"DEL", "wrong"},
	} {
		s, ok := splitOf(t, 2, c.line)
		var parts []string
		for i := range s.Parts() {
			all, p := commandsOf(bytes.Clone(s.Bytes(&s.Parts()[i])), 1000, Burst{})
			if p != nil || len(all) != 1 {
				t.Fatal(c.line, p, all)
			}
			parts = append(parts, strings.Join(all[0], " "))
		}
		got := strings.Join(parts, "; ")
		if !ok {
			got = "wrong"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
}

func TestMemoryOfManyKeysIsNotKept(t *testing.T) {
	s, _ := splitOf(t, 2, "MGET "+strings.Repeat("key ", 2*keptArgs))
	s.Reset()
	if cap(s.part) > keptArgs || cap(s.out) > MaxInline {
		t.Error("it is kept")
	}
}

func TestRepliesOfPartsAreJoined(t *testing.T) {
	const down = "-ERR sidecar: no_endpoints\r\n"
	for _, c := range []struct {
		name, line string
		replies    []string
		on         OnError
		v          Version
		want       string
	}{
		{"in the command's order", "MGET a b c", []string{"*2\r\n$1\r\n1\r\n$-1\r\n", "*1\r\n$1\r\n2\r\n"}, 0, 2, "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n"},
		{"one error is all", "MGET a b", []string{"*1\r\n$1\r\n1\r\n", down}, 0, 2, down},
		{"nulls for an error", "MGET a b", []string{"*1\r\n$1\r\n1\r\n", down}, NullMissing, 2, "*2\r\n$1\r\n1\r\n$-1\r\n"},
		{"nulls of 3", "MGET b a", []string{down, "*1\r\n$1\r\n1\r\n"}, NullMissing, 3, "*2\r\n_\r\n$1\r\n1\r\n"},
		{"errors only", "MGET a b", []string{down, "-LOADING x\r\n"}, NullMissing, 2, down},
		{"too few elements", "MGET a b c", []string{"*1\r\n$-1\r\n", "*1\r\n$-1\r\n"}, 0, 2, "problem"},
		{"other type", "MGET a b", []string{"*1\r\n$-1\r\n", "+OK\r\n"}, 0, 2, "problem"},
		{"sum", "DEL a b c", []string{":2\r\n", ":1\r\n"}, 0, 2, ":3\r\n"},
		{"no number", "EXISTS a b", []string{":2\r\n", "$1\r\n1\r\n"}, 0, 2, "problem"},
		{"part of a write", "DEL a b", []string{":1\r\n", "-READONLY no\r\n"}, NullMissing, 2, "-READONLY no (sidecar: 1 of 2 shards did their part)\r\n"},
		{"no part of a write", "DEL a b", []string{"-OOM no\r\n", "-READONLY no\r\n"}, 0, 2, "-OOM no\r\n"},
		{"sum with an error", "EXISTS a b", []string{":1\r\n", down}, NullMissing, 2, down},
		{"all set", "MSET a 1 b 2", []string{"+OK\r\n", "+OK\r\n"}, 0, 2, "+OK\r\n"},
		{"not alike", "MSET a 1 b 2", []string{"+OK\r\n", "+QUEUED\r\n"}, 0, 2, "problem"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := splitOf(t, 2, c.line)
			got, p := s.Join([]byte("before"), c.v, bytesOf(c.replies), c.on)
			if p != nil {
				got = append(got, "problem"...)
			}
			if string(got) != "before"+c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestRepliesOfAllShardsAreJoined(t *testing.T) {
	for _, c := range []struct {
		fan     Fan
		replies []string
		want    string
	}{
		{FanSame, []string{"+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
		{FanSame, []string{"$1\r\na\r\n", "$1\r\nb\r\n"}, "problem"},
		{FanSame, nil, "problem"},
		{FanSum, []string{":1\r\n", ":41\r\n"}, ":42\r\n"},
		{FanConcat, []string{"*1\r\n$1\r\na\r\n", "*0\r\n", "*1\r\n$1\r\nb\r\n"}, "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
		{FanConcat, []string{"*1\r\n$1\r\na\r\n", ":0\r\n"}, "problem"},
		{FanAll, []string{"*2\r\n:1\r\n:1\r\n", "*2\r\n:0\r\n:1\r\n"}, "*2\r\n:0\r\n:1\r\n"},
		{FanAll, []string{"*2\r\n:1\r\n:1\r\n", "*1\r\n:0\r\n"}, "problem"},
		{FanSumPairs, []string{"*2\r\n$1\r\nc\r\n:1\r\n", "*2\r\n$1\r\nc\r\n:2\r\n"}, "*2\r\n$1\r\nc\r\n:3\r\n"},
		{FanSum, []string{":1\r\n", "-LOADING x\r\n"}, "-LOADING x (sidecar: 1 of 2 shards did their part)\r\n"},
		{FanCursor, []string{":1\r\n"}, "problem"},
	} {
		got, p := JoinFan(nil, c.fan, true, bytesOf(c.replies))
		if p != nil {
			got = []byte("problem")
		}
		if string(got) != c.want {
			t.Errorf("%v of %q: %q, want %q", c.fan, c.replies, got, c.want)
		}
	}
}

func bytesOf(list []string) (all [][]byte) {
	for _, s := range list {
		all = append(all, []byte(s))
	}
	return all
}

// Split over shards that each echo their keys, the reply is as from one server.
func FuzzSplitAndJoin(f *testing.F) {
	f.Add("a b c a", uint8(3), uint8(0))
	f.Add("x1 x2 x3", uint8(1), uint8(1))
	f.Add("k v k w", uint8(5), uint8(2))
	f.Fuzz(func(t *testing.T, keys string, shards, which uint8) {
		name := []string{"MGET", "DEL", "MSET"}[which%3]
		list := append([]string{name}, words(keys)...)
		b, args := spansOf(t, list...)
		n := 1 + int(shards)
		var s Splitter
		if !s.Split(Of(b, args), b, args, n, byLast(n)) {
			return
		}
		var replies [][]byte
		total := 0
		for i := range s.Parts() {
			p := &s.Parts()[i]
			all, problem := commandsOf(bytes.Clone(s.Bytes(p)), 1<<20, Burst{})
			if problem != nil || len(all) != 1 || all[0][0] != name {
				t.Fatalf("part %q, %v", all, problem)
			}
			total += len(all[0]) - 1
			replies = append(replies, echo(name, all[0][1:]))
		}
		if total != len(list)-1 {
			t.Fatalf("%d arguments in parts of %d", total, len(list)-1)
		}
		got, p := s.Join(nil, RESP2, replies, FailWhole)
		if want := echo(name, list[1:]); p != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q, %v, want %q", got, p, want)
		}
	})
}

// echo is a server whose keys have their names as values.
func echo(name string, args []string) []byte {
	switch name {
	case "MGET":
		return AppendCommand(nil, args...)
	case "DEL":
		return AppendInt(nil, int64(len(args)))
	}
	return AppendSimple(nil, "OK")
}

// Whatever shards answer, the joined reply is one reply, or there is a problem.
func FuzzJoin(f *testing.F) {
	f.Add([]byte("*1\r\n$1\r\na\r\n"), []byte("*1\r\n$-1\r\n"), uint8(0))
	f.Add([]byte(":1\r\n"), []byte("-ERR x\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, a, b []byte, which uint8) {
		replies := [][]byte{a, b}
		for _, r := range replies {
			if end, p := WalkReply(r); p != nil || end != len(r) || r[0] == '|' {
				return
			}
		}
		s, _ := splitOf(t, 2, []string{"MGET a b", "DEL a b", "MSET a 1 b 2"}[which%3])
		check := func(got []byte, p *Problem) {
			if p == nil {
				if end, p := WalkReply(got); p != nil || end != len(got) {
					t.Fatalf("%q of %q: %v", got, replies, p)
				}
			} else if len(got) != 0 {
				t.Fatalf("%q with %v", got, p)
			}
		}
		check(s.Join(nil, RESP2, replies, OnError(which&1)))
		for fan := range fanCount {
			check(JoinFan(nil, fan, which&1 == 0, replies))
		}
	})
}

// Each shard is a real server of its own; the reply is as from one that has all
// keys.
func TestSplitOverRealServersReadsAsOne(t *testing.T) {
	one := dialRedis(t, startRedis(t, false))
	var shards []*talk
	for range 3 {
		shards = append(shards, dialRedis(t, startRedis(t, false)))
	}
	many := func(name string, values bool) []string {
		list := []string{name}
		for i := range 200 {
			list = append(list, "key"+strconv.Itoa(i*7%150))
			if values {
				list = append(list, strings.Repeat("v", i))
			}
		}
		return list
	}
	for _, list := range [][]string{many("MSET", true), many("MGET", false), many("EXISTS", false), {"DEL", "key1", "key2", "none", "key2"}, many("TOUCH", false), {"UNLINK", "key7", "key8"}, many("MGET", false)} {
		b, args := spansOf(t, list...)
		var s Splitter
		if !s.Split(Of(b, args), b, args, len(shards), func(key []byte) int { return Slot(key) % len(shards) }) {
			t.Fatal(list[0])
		}
		var replies [][]byte
		for i := range s.Parts() {
			p := &s.Parts()[i]
			shards[p.Shard].c.Write(s.Bytes(p))
			replies = append(replies, shards[p.Shard].reply())
		}
		got, p := s.Join(nil, RESP2, replies, FailWhole)
		if want := one.do(list...); p != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", list[0], got, p, want)
		}
	}
}
