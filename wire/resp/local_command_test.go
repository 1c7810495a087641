package resp

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// notes are prose in key specifications, which the sidecar leaves out.
var (
	notes2 = regexp.MustCompile(`\*8\r\n\$5\r\nnotes\r\n\$\d+\r\n[^\r]*\r\n`)
	notes3 = regexp.MustCompile(`%4\r\n\$5\r\nnotes\r\n\$\d+\r\n[^\r]*\r\n`)
)

func TestCommandInfoIsThatOfARealServer(t *testing.T) {
	path := startRedis(t, false)
	for _, version := range []string{"2", "3"} {
		redis, own := dialRedis(t, path), newLocal(t, localEnv{})
		redis.do("HELLO", version)
		own.do("HELLO", version)
		n := 0
		for i := range commands {
			r := &commands[i]
			if r.Container() || !own.env.lists(r) || slices.Contains(notIn70, r.Name) {
				continue
			}
			want := notes3.ReplaceAllString(notes2.ReplaceAllString(string(redis.do("COMMAND", "INFO", r.Name)), "*6\r\n"), "%3\r\n")
			if got := own.do("COMMAND", "INFO", r.Name); got != want {
				t.Errorf("%s: %q, Redis says %q", r.Name, got, want)
			}
			n++
		}
		t.Logf("%d commands in RESP%s", n, version)
	}
}

// keyLines are commands of which COMMAND GETKEYSANDFLAGS is asked.
var keyLines = append(slices.Clone(keyed),
	"SET a b GET", "SET a b EX 5 GET", "BITFIELD a GET u8 0", "BITFIELD a SET u8 0 1", "SORT a STORE b", "EVAL x 0", "EVAL x 5 a", "MIGRATE h 1 \"\" 0 1 KEYS a b",
	"PING a", "NOPE a", "GET a b c", "SPUBLISH c m", "SSUBSCRIBE c", "CONFIG SET a b", "CLIENT ID x", "OBJECT NOPE a", "ZUNION x a b", "XREAD STREAMS a")

func TestKeysAndFlagsAreThoseOfARealServer(t *testing.T) {
	redis, own := dialRedis(t, startRedis(t, false)), newLocal(t, localEnv{})
	for _, line := range keyLines {
		for _, sub := range []string{"GETKEYS", "GETKEYSANDFLAGS"} {
			args := append([]string{"COMMAND", sub}, words(strings.ReplaceAll(line, `""`, ""))...)
			if strings.Contains(line, `""`) {
				args = slices.Insert(args, 5, "")
			}
			got, want := own.do(args...), string(redis.do(args...))
			if sorted(t, got) != sorted(t, want) {
				t.Errorf("%s %s: %q, Redis says %q", sub, line, got, want)
			}
		}
	}
}

// sorted is a reply with its elements in order: servers tell keys in that of
// their specifications.
func sorted(t *testing.T, reply string) string {
	var list []string
	v, _ := value(t, []byte(reply))
	if one, isText := v.(string); isText {
		return one
	}
	for _, e := range v.([]any) {
		list = append(list, strings.Join(texts(e), " "))
	}
	slices.Sort(list)
	return strings.Join(list, "|")
}

func texts(v any) (list []string) {
	if one, isText := v.(string); isText {
		return []string{one}
	}
	for _, e := range v.([]any) {
		list = append(list, texts(e)...)
	}
	return list
}

func TestCommandsThatAreRefusedAreNotListed(t *testing.T) {
	own := newLocal(t, localEnv{})
	list, _ := value(t, []byte(own.do("COMMAND", "LIST")))
	names := texts(list)
	for _, name := range words("get client client|id command config|get script|load xread multi") {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not listed", name)
		}
	}
	for _, name := range words("monitor client|kill config|set debug module module|list latency shutdown hexpire waitaof") {
		if slices.Contains(names, name) {
			t.Errorf("%s is listed", name)
		}
	}
	own.env.redis = "7.4.1"
	for line, want := range map[string]string{
		"COMMAND LIST FILTERBY PATTERN GETR*": "*1 getrange", "COMMAND LIST FILTERBY PATTERN client|no-*": "*2 client|no-evict client|no-touch", "COMMAND LIST FILTERBY MODULE x": "*0",
		"COMMAND LIST FILTERBY ACLCAT nope": "*0", "COMMAND LIST FILTERBY ACLCAT Geo": "*10 geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore",
		"COMMAND LIST FOO BAR BAZ": "-ERR syntax error", "COMMAND LIST FILTERBY": "-ERR syntax error", "COMMAND INFO nope monitor cli|ent": "*3 * * *", "COMMAND LIST FILTERBY PATTERN hexp*": "*3 hexpire hexpireat hexpiretime",
		"COMMAND DOCS get nope":  "*2 get *6 summary Forwarded to the server that has its keys. since 1.0.0 group string",
		"COMMAND DOCS client|id": "*2 client|id *6 summary Answered by the sidecar. since 5.0.0 group connection",
	} {
		if got := flat(strings.ReplaceAll(own.do(words(line)...), "$-1\r\n", "*\r\n")); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	top, _ := value(t, []byte(own.do("COMMAND")))
	count, _ := value(t, []byte(own.do("COMMAND", "COUNT")))
	docs, _ := value(t, []byte(own.do("COMMAND", "DOCS")))
	if n := len(top.([]any)); n < 200 || count != strconv.Itoa(n) || len(docs.([]any)) != 2*n {
		t.Errorf("%d commands, counted %v, %d documented", n, count, len(docs.([]any))/2)
	}
}
