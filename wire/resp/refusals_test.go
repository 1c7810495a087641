package resp

import (
	"strings"
	"testing"
)

func TestRefusalsReadAsRedisTellsThem(t *testing.T) {
	k := dialRedis(t, startRedis(t, false))
	for _, list := range [][]string{
		{"GET"}, {"get", "a", "b"}, {"CLIENT", "SETNAME"}, {"CLIENT", "nope"}, {"object", "no\r\npe"}, {"NOPE"}, {"nope", "a", "b\r\nc", "d"},
		{"nope", strings.Repeat("x", 300), "b"}, {strings.Repeat("n", 300)}, {"nope", strings.Repeat("x", 100), strings.Repeat("y", 100), "z"}, {"no\x00pe", "a\x00b"},
	} {
		b, args := spansOf(t, list...)
		r := Of(b, args)
		var got []byte
		switch {
		case r == nil:
			got = AppendUnknown(nil, b, args)
		case r.Container():
			got = AppendUnknownSub(nil, r, args[1].Of(b))
		case !r.Fits(len(args)):
			got = AppendWrongArity(nil, r)
		}
		if want := k.do(list...); string(got) != string(want) {
			t.Errorf("%q: %q, Redis says %q", list, got, want)
		}
	}
	if got := string(AppendRefused(nil, Lookup([]byte("config"), []byte("set")))); got != "-ERR sidecar: CONFIG SET is refused: "+whyServer+"\r\n" {
		t.Error(got)
	}
}

// The states in which a real server refuses, and the codes it does so by.
func TestCodesOfARealServer(t *testing.T) {
	path := startRedis(t, false)
	cluster := dialRedis(t, startRedis(t, true))
	for _, c := range []struct {
		name  string
		setup []string // commands
		do    string
		want  Code
	}{
		{"out of memory", []string{"CONFIG SET maxmemory 1"}, "SET a b", OOM},
		{"transaction with an error", []string{"CONFIG SET maxmemory 0", "MULTI", "NOPE"}, "EXEC", ExecAbort},
		{"no replicas", []string{"CONFIG SET min-replicas-to-write 1"}, "SET a b", NoReplicas},
		{"replica", []string{"CONFIG SET min-replicas-to-write 0", "REPLICAOF 127.0.0.1 1"}, "SET a b", ReadOnly},
		{"replica without its master", []string{"CONFIG SET replica-serve-stale-data no"}, "GET a", MasterDown},
		{"version of the protocol", []string{"REPLICAOF NO ONE"}, "HELLO 9", NoProto},
		{"wrong password", []string{"ACL SETUSER u on >p +get ~*"}, "AUTH u x", WrongPass},
		{"not allowed", []string{"AUTH u p"}, "SET a b", NoPerm},
		{"wrong type", []string{"AUTH u p"}, "GET", OtherError},
	} {
		k := dialRedis(t, path)
		for _, s := range c.setup {
			k.do(words(s)...)
		}
		if reply := k.do(words(c.do)...); CodeOf(ErrorText(reply)) != c.want {
			t.Errorf("%s: %q, want %v", c.name, reply, c.want)
		}
	}
	dialRedis(t, path).do("CONFIG", "SET", "requirepass", "x")
	if reply := dialRedis(t, path).do("GET", "a"); CodeOf(ErrorText(reply)) != NoAuth {
		t.Errorf("%q", reply)
	}
	if reply := cluster.do("GET", "a"); CodeOf(ErrorText(reply)) != ClusterDown {
		t.Errorf("%q", reply)
	}
}
