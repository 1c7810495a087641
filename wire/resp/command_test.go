package resp

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// notIn70 are the rows that a server of 7.0 does not have.
var notIn70 = words("client|no-touch client|setinfo cluster|myshardid waitaof hexpire hexpireat hexpiretime hpersist hpexpire hpexpireat hpexpiretime hpttl httl")

// Every command that a real server has is in the table, with its facts.
func TestTableHasEveryCommandOfARealServer(t *testing.T) {
	list, _ := value(t, dialRedis(t, startRedis(t, true)).do("COMMAND"))
	seen := map[string]bool{}
	var check func(any)
	check = func(entry any) {
		e := entry.([]any)
		name := e[0].(string)
		seen[name] = true
		sub := []byte(nil)
		first, second, isSub := strings.Cut(name, "|")
		if isSub {
			sub = []byte(second)
		}
		r := Lookup([]byte(strings.ToUpper(first)), sub)
		if r == nil || r.Name != name {
			t.Errorf("%s is not in the table", name)
			return
		}
		if e[1] != strconv.Itoa(r.Arity) {
			t.Errorf("%s: arity %v, the table has %d", name, e[1], r.Arity)
		}
		for i, n := range []int{r.Keys.First, r.Keys.Last, r.Keys.Step} {
			if e[3+i] != strconv.Itoa(n) {
				t.Errorf("%s: keys %v, the table has %d %d %d", name, e[3:6], r.Keys.First, r.Keys.Last, r.Keys.Step)
				break
			}
		}
		for flag, word := range map[Flags]string{write: "write", reads: "readonly", blocks: "blocking", pubsub: "pubsub", noscript: "noscript", admin: "admin", movable: "movablekeys"} {
			if has := slices.Contains(e[2].([]any), any(word)); has != (r.Flags&flag != 0) {
				t.Errorf("%s: %s is %v, not so in the table", name, word, has)
			}
		}
		subs := e[9].([]any)
		if r.Container() != (len(subs) > 0 && name != "command") && name != "command" {
			t.Errorf("%s: %d subcommands", name, len(subs))
		}
		for _, s := range subs {
			check(s)
		}
	}
	for _, entry := range list.([]any) {
		check(entry)
	}
	for _, r := range Commands() {
		if !seen[r.Name] && !slices.Contains(notIn70, r.Name) {
			t.Errorf("%s: this server does not have it", r.Name)
		}
	}
	t.Logf("%d commands of the server are in the table of %d", len(seen), len(Commands()))
}

// What changes a connection that others share never reaches one, and what waits
// never does either.
func TestConnectionStateNeverReachesASharedConnection(t *testing.T) {
	for _, r := range Commands() {
		shared := r.Treatment == Forward || r.Treatment == Split || r.Treatment == Anywhere || r.Treatment == FanOut
		if shared && r.Blocks() {
			t.Errorf("%s waits on a shared connection", r.Name)
		}
		if shared && r.Flags&admin != 0 {
			t.Errorf("%s is for administrators", r.Name)
		}
		if strings.Contains(r.Name, "subscribe") && shared {
			t.Errorf("%s subscribes a shared connection", r.Name)
		}
		if (r.Treatment == Refuse) != (r.Why != "") {
			t.Errorf("%s: refused without a reason, or the reverse", r.Name)
		}
		if (r.Treatment == FanOut) != (r.Fan != NoFan) {
			t.Errorf("%s: fanned out without a way to join, or the reverse", r.Name)
		}
		if (r.Treatment == Forward || r.Treatment == Split || r.Treatment == PinIfBlocking) && r.Keys.None() {
			t.Errorf("%s is sent by its keys and has none", r.Name)
		}
		if r.Treatment == Anywhere && r.Writes() {
			t.Errorf("%s writes on any server", r.Name)
		}
	}
	for _, name := range words("auth hello select readonly readwrite asking reset quit client|reply client|tracking client|caching client|no-touch client|no-evict client|setname") {
		first, second, _ := strings.Cut(name, "|")
		if r := Lookup([]byte(first), []byte(second)); r.Treatment != Local {
			t.Errorf("%s is %v", name, r.Treatment)
		}
	}
	for _, name := range words("multi watch subscribe psubscribe ssubscribe blpop wait") {
		if r := Lookup([]byte(name), nil); r.Treatment != Pin {
			t.Errorf("%s is %v", name, r.Treatment)
		}
	}
	for _, name := range words("monitor sync psync replconf shutdown debug replicaof") {
		if r := Lookup([]byte(name), nil); r.Treatment != Refuse {
			t.Errorf("%s is %v", name, r.Treatment)
		}
	}
}

func TestCommandsAreFoundByName(t *testing.T) {
	for _, c := range []struct{ name, sub, want string }{
		{"GeT", "k", "get"},
		{"CLIENT", "SetName", "client|setname"},
		{"CLIENT", "nothing", "client"},
		{"COMMAND", "COUNT", "command|count"},
		{"OBJECT", "ENCODING", "object|encoding"},
		{"getx", "", ""},
		{"", "", ""},
		{"client|id", "", ""},
		{strings.Repeat("get", 100), "", ""},
	} {
		got := ""
		if r := Lookup([]byte(c.name), []byte(c.sub)); r != nil {
			got = r.Name
		}
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.sub, got, c.want)
		}
	}
	for i := range commands {
		first, second, isSub := strings.Cut(commands[i].Name, "|")
		sub := []byte(nil)
		if isSub {
			sub = []byte(second)
		}
		if r := Lookup([]byte(first), sub); r != &commands[i] {
			t.Errorf("%s finds %v", commands[i].Name, r)
		}
	}
}

func TestBlockingReadsOfStreamsArePinned(t *testing.T) {
	for line, want := range map[string]Treatment{
		"XREAD STREAMS s 0":                              Forward,
		"XREAD COUNT 2 BLOCK 0 STREAMS s $":              Pin,
		"XREAD COUNT 2 STREAMS block 0":                  Forward,
		"XREADGROUP GROUP g block STREAMS s >":           Forward,
		"XREADGROUP GROUP g c NOACK BLOCK 5 STREAMS s >": Pin,
		"XREADGROUP GROUP g c NEWER 5 BLOCK 5 STREAMS s": Pin,
		"GET k": Forward, "BLPOP a 0": Pin,
	} {
		b, args := spansOf(t, words(line)...)
		if got := Of(b, args).TreatmentOf(b, args); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
}

// keyed are commands whose keys a real server is asked for.
var keyed = []string{
	"GET a", "SET a v EX 10", "MGET a b c", "MSET a 1 b 2", "DEL a b", "BITOP AND d a b", "BLPOP a b 0", "BLMPOP 0 2 a b LEFT", "LMPOP 2 a b LEFT",
	"ZUNIONSTORE d 2 a b WEIGHTS 1 2", "ZINTERSTORE d 1 a", "ZDIFFSTORE d 2 a b", "ZUNION 2 a b", "ZINTERCARD 2 a b LIMIT 1", "SINTERCARD 2 a b", "ZDIFF 1 a",
	"ZMPOP 1 a MIN", "BZMPOP 0 1 a MIN", "EVAL return 2 a b x", "EVALSHA x 1 a", "FCALL f 1 a x", "FCALL_RO f 1 a", "EVAL_RO x 1 a",
	"XREAD STREAMS a b 0 0", "XREAD COUNT 2 BLOCK 0 STREAMS a 0", "XREADGROUP GROUP streams c COUNT 1 NOACK STREAMS a b > >",
	"SORT a BY x_* GET y_* LIMIT 0 5 STORE d", "SORT a", "SORT a BY store", "GEORADIUS a 1 2 3 km STORE d", "GEORADIUS a 1 2 3 km STOREDIST d", "GEORADIUS a 1 2 3 km",
	"GEORADIUSBYMEMBER a m 3 km STORE d", "GEOSEARCHSTORE d a FROMMEMBER m BYRADIUS 1 km", "COPY a b", "RENAME a b", "SMOVE a b m", "LCS a b", "PFMERGE d a b", "PFCOUNT a b",
	"OBJECT ENCODING a", "MEMORY USAGE a", "XGROUP CREATE a g 0", "XINFO STREAM a", "RESTORE a 0 v", "MIGRATE h 1 a 0 5", "WATCH a b",
	"ZRANGESTORE d a 0 1", "SUNIONSTORE d a b", "LMOVE a b LEFT LEFT", "SDIFF a b", "BRPOPLPUSH a b 0", "HSET a f v", "XADD a * f v", "MSETNX a 1 b 2",
}

func TestKeysAreThoseThatARealServerTells(t *testing.T) {
	k := dialRedis(t, startRedis(t, false))
	for _, line := range keyed {
		args := words(line)
		reply, _ := value(t, k.do(append(words("COMMAND GETKEYS"), args...)...))
		list, isList := reply.([]any)
		if !isList {
			t.Errorf("%s: %v", line, reply)
			continue
		}
		var want, got []string
		for _, v := range list {
			want = append(want, v.(string))
		}
		b, spans := spansOf(t, args...)
		keys, ok := Of(b, spans).AppendKeys(nil, b, spans)
		for _, s := range keys {
			got = append(got, string(s.Of(b)))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !ok || !slices.Equal(got, want) {
			t.Errorf("%s: keys %q, %v, Redis says %q", line, got, ok, want)
		}
	}
}

func TestKeysOfWrongArgumentsAreNotGuessed(t *testing.T) {
	for _, line := range []string{
		"GET", "ZUNIONSTORE d 3 a b", "ZUNION x a", "EVAL s -1 a", "EVAL s", "XREAD STREAMS a b 0", "XREAD STREAMS", "XREAD a", "XREAD BLOCK", "XREADGROUP GROUP",
		"SORT", "SORT a STORE", "GEORADIUS a 1 2 3 km STORE", "MIGRATE h 1", "BLPOP 0", "BITOP AND",
	} {
		b, args := spansOf(t, words(line)...)
		if keys, ok := Of(b, args).AppendKeys(nil, b, args); ok {
			t.Errorf("%s: keys %v", line, keys)
		}
	}
}

func TestIdempotentAreThoseThatReadAndDoNotWait(t *testing.T) {
	for name, want := range map[string]bool{"get": true, "mget": true, "set": false, "incr": false, "keys": true, "publish": false, "eval": false, "eval_ro": true,
		"xread": true, "xreadgroup": false, "blpop": false, "time": true, "flushall": false, "wait": false, "multi": false} {
		if r := Lookup([]byte(name), nil); r.Idempotent() != want {
			t.Errorf("%s: %v", name, r.Idempotent())
		}
	}
}

func FuzzKeys(f *testing.F) {
	for _, line := range keyed {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := words(line)
		if len(args) == 0 {
			return
		}
		b, spans := spansOf(t, args...)
		r := Of(b, spans)
		if r == nil {
			return
		}
		r.TreatmentOf(b, spans)
		keys, _ := r.AppendKeys(nil, b, spans)
		for _, s := range keys {
			if !slices.Contains(spans, s) {
				t.Fatalf("%v is none of %v", s, spans)
			}
		}
	})
}
