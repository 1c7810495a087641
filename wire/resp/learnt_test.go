package resp

import (
	"fmt"
	"strings"
	"testing"
)

// entry is what a server of 7.0 tells of a command.
func entry(v Version, name string, arity int, flags string, keys string, subs ...string) string {
	list := words(flags)
	b := AppendBulk(AppendArray(nil, 10), name)
	b = AppendInt(b, int64(arity))
	b = appendWords(AppendSet(b, v, len(list)), "", list)
	for _, n := range words(keys) {
		i, _ := number([]byte(n))
		b = AppendInt(b, i)
	}
	b = append(AppendSet(b, v, 1), "+@read\r\n"...)
	b = append(AppendSet(b, v, 1), "$3\r\ntip\r\n"...)
	b = AppendBulk(AppendBulk(AppendMap(AppendArray(b, 1), v, 1), "flags"), "x")
	b = AppendArray(b, len(subs))
	return string(b) + strings.Join(subs, "")
}

func TestCommandsAreLearntByWhatAServerTellsOfThem(t *testing.T) {
	for _, v := range []Version{RESP2, RESP3} {
		reply := "*12\r\n" + entry(v, "JSON.GET", -2, "readonly movablekeys", "1 1 1") + entry(v, "json.mset", -4, "write", "1 -1 3") + entry(v, "get", 2, "readonly", "1 1 1") +
			entry(v, "bf.block", 3, "write blocking", "1 -2 1") + entry(v, "ft.search", -3, "readonly", "0 0 0") + entry(v, "x.admin", 2, "admin write", "1 1 1") + entry(v, "x.sub", 2, "pubsub", "1 1 1") +
			entry(v, "x.odd", 2, "write", "3 1 1") + entry(v, "graph", -2, "", "0 0 0", entry(v, "graph|query", -3, "write", "2 2 1"), entry(v, "list", 2, "", "0 0 0")) +
			entry(v, "client", -2, "", "0 0 0", entry(v, "client|new", 3, "", "2 2 1")) + "*-1\r\n" + "*6\r\n$3\r\nold\r\n:2\r\n*1\r\n+write\r\n:1\r\n:1\r\n:1\r\n"
		rows, p := ParseCommands([]byte(reply))
		if p != nil {
			t.Fatal(p)
		}
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprint(r.Name, " ", r.Arity, " ", r.Treatment, " ", r.Keys.First, r.Keys.Last, r.Keys.Step))
		}
		want := "json.get -2 forwarded 1 1 1|json.mset -4 forwarded 1 -1 3|bf.block 3 pinned 1 -2 1|ft.search -3 refused 0 0 0|x.admin 2 refused 1 1 1|x.sub 2 refused 1 1 1|x.odd 2 refused 0 0 0|" +
			"graph -2 refused 0 0 0|graph|query -3 forwarded 2 2 1|graph|list 2 refused 0 0 0|old 2 forwarded 1 1 1"
		if strings.Join(got, "|") != want {
			t.Errorf("RESP%d:\n%s\n%s", v, strings.Join(got, "|"), want)
		}
		for i := range rows {
			if (rows[i].Treatment == Refuse) != (rows[i].Why != "") {
				t.Errorf("%s: %v without a reason, or the reverse", rows[i].Name, rows[i].Treatment)
			}
		}
	}
}

// A real server has nothing new to say, but of modules and later versions.
func TestNothingIsLearntOfWhatTheTableHas(t *testing.T) {
	k := dialRedis(t, startRedis(t, true))
	for _, version := range []string{"2", "3"} {
		k.do("HELLO", version)
		if rows, p := ParseCommands(k.do("COMMAND")); p != nil || len(rows) != 0 {
			t.Errorf("%v, %v", rows, p)
		}
		if rows, p := ParseCommands(k.do("COMMAND", "INFO", "nope")); p != nil || len(rows) != 0 {
			t.Errorf("%v, %v", rows, p)
		}
	}
}

func TestLearntCommandsAreFoundAndListed(t *testing.T) {
	rows, _ := ParseCommands([]byte("*4\r\n" + entry(RESP2, "json.get", -2, "readonly", "1 1 1") + entry(RESP2, "graph", -2, "", "0 0 0", entry(RESP2, "graph|query", 3, "write", "2 2 1")) +
		entry(RESP2, "x.admin", 2, "admin", "0 0 0") + entry(RESP2, "x.move", -2, "write movablekeys", "1 1 1")))
	learnt := new(Learnt)
	own := newLocal(t, localEnv{learnt: learnt, policy: mustPolicy(t, Rules{AllowKeys: words("a")})})
	if r := own.env.lookup([]byte("json.get"), nil); r != nil {
		t.Errorf("%v before it was learnt", r)
	}
	learnt.learn([]byte("json.get"), rows, 0)
	for line, want := range map[string]string{"JSON.get k": "json.get", "GRAPH Query k": "graph|query", "graph nope": "graph", "graph": "graph", "get k": "get", "nope": "", "graph|query k": "", strings.Repeat("x", 300): ""} {
		b, args := spansOf(t, words(line)...)
		got := ""
		if r := own.env.find(b, args); r != nil {
			got = r.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	for line, want := range map[string]string{"json.get a": "", "json.get b": noKeyPerm, "x.move a": noKeyPerm} {
		if got := own.deniedOf(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	for line, want := range map[string]string{
		"COMMAND LIST FILTERBY PATTERN *.*": "*2 json.get x.move", "COMMAND GETKEYS json.get k": "*1 k", "COMMAND GETKEYSANDFLAGS json.get k": "*1 *2 k *0",
		"COMMAND INFO json.get": "*1 *10 json.get -2 *0 1 1 1 *0 *0 *0 *0", "COMMAND DOCS json.get": "*2 json.get *2 summary Forwarded to the server that has its keys.",
	} {
		if got := flat(own.do(words(line)...)); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

func TestServersAreAskedForUnknownCommandsOnceAMinute(t *testing.T) {
	l := new(Learnt)
	minute := int64(askAgain)
	for _, name := range []string{"", "a|b", "a b", strings.Repeat("x", maxName+1)} {
		if l.mayAsk([]byte(name), 0) {
			t.Errorf("%q is asked for", name)
		}
	}
	l.learn([]byte("Nope"), nil, -minute)
	if l.mayAsk([]byte("nOPE"), -1) || !l.mayAsk([]byte("nope"), 0) || !l.mayAsk([]byte("other"), -1) {
		t.Error("asked again too early, or not again")
	}
	for i := range maxNone {
		l.learn(fmt.Appendf(nil, "n%d", i), nil, 0)
	}
	if l.mayAsk([]byte("other"), 1) || !l.mayAsk([]byte("other"), minute) || len(l.none) != 0 {
		t.Errorf("%d names are kept", len(l.none))
	}
	var none *Learnt
	if none.mayAsk([]byte("x"), 0) || none.find([]byte("x"), nil) != nil {
		t.Error("asked for what cannot be learnt")
	}
}

func FuzzParseCommands(f *testing.F) {
	f.Add([]byte("*2\r\n" + entry(RESP2, "json.get", -2, "readonly", "1 1 1") + "*-1\r\n"))
	f.Add([]byte("*1\r\n" + entry(RESP3, "graph", -2, "", "0 0 0", entry(RESP3, "graph|query", 3, "write", "2 2 1"))))
	f.Add([]byte("*1\r\n*6\r\n+old\r\n:2\r\n~1\r\n+write\r\n:1\r\n:1\r\n:1\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, p := ParseCommands(b)
		if p != nil && len(rows) > 0 {
			t.Fatal("rows of a reply that is none")
		}
		shared := new(Learnt)
		shared.learn([]byte("x"), rows, 0)
		for i := range rows {
			r := &rows[i]
			if r.Treatment == Forward && (r.Keys.None() || r.Blocks() || r.PubSub() || r.Flags&admin != 0) {
				t.Fatalf("%+v is forwarded", r)
			}
			line, args := spansOf(t, "x", "a", "b", "c", "d")
			keys, _ := r.AppendKeys(nil, line, args)
			for _, k := range keys {
				if k == args[0] {
					t.Fatalf("%+v: its name is a key", r)
				}
			}
		}
	})
}
