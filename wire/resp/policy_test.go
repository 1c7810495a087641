package resp

import (
	"slices"
	"strings"
	"testing"
)

func mustPolicy(t testing.TB, rules Rules) *Policy {
	t.Helper()
	p, err := NewPolicy(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// deniedOf is what a client reads instead of the command's reply, "" if it may
// have it.
func (k *localClient) deniedOf(line string) string {
	b, args := spansOf(k.t, words(line)...)
	r := k.env.find(b, args)
	reply, denied := k.state.denied(nil, r, b, args, k.env)
	if denied != (len(reply) > 0) {
		k.t.Errorf("%s: denied %v: %q", line, denied, reply)
	}
	return string(reply)
}

// The same rules for a user of a real server and for a listener.
func TestPolicyRefusesInTheWordsOfARealServer(t *testing.T) {
	for _, c := range []struct {
		user  string
		rules Rules
	}{
		{"allcommands allkeys -set -config|get -@geo -acl", Rules{Deny: words("set config|get @geo acl")}},
		{"nocommands +@read +set +object|encoding ~a* ~b:*", Rules{Allow: words("@read SET object|encoding"), AllowKeys: words("a b: ab")}},
		{"allcommands -@dangerous -@scripting ~a*", Rules{Allow: words("@all"), Deny: words("@dangerous @scripting"), AllowKeys: words("a")}},
	} {
		path := startRedis(t, false)
		dialRedis(t, path).do(append(words("ACL SETUSER u on >p"), words(c.user)...)...)
		redis, own := dialRedis(t, path), newLocal(t, localEnv{policy: mustPolicy(t, c.rules)})
		redis.do("AUTH", "u", "p")
		for _, line := range []string{
			"GET a", "GET ab", "GET b", "GET b:1", "SET a v", "SET x v", "MGET a ab", "MGET a x", "CONFIG GET save", "GEOADD a 1 1 m", "GEOPOS a m", "KEYS *", "INCR a", "EVAL return 1 x",
			"EVAL return 0", "OBJECT ENCODING a", "OBJECT FREQ a", "XREAD STREAMS a 0", "XREAD STREAMS a x 0 0", "SORT a", "SORT_RO x", "SORT_RO a BY x_*", "SORT_RO a BY x LIMIT 0 by", "SORT_RO a GET #",
			"ZUNIONSTORE a 1 x", "RENAME a x", "ACL CAT", "ACL WHOAMI", "DEL a x", "COPY a ab", "EXPIRE ab 5", "BLPOP x 0.01",
		} {
			want := string(redis.do(words(line)...))
			if !strings.HasPrefix(want, "-NOPERM") && !strings.Contains(want, "insufficient ACL") {
				want = ""
			}
			if row := Lookup([]byte(words(line)[0]), []byte(words(line)[1])); row.Treatment == Local && len(c.rules.Deny) == 0 {
				want = "" // what reaches no server need not be allowed
			}
			if got := own.deniedOf(line); got != want {
				t.Errorf("%s: %s: %q, Redis says %q", c.user, line, got, want)
			}
		}
	}
}

func TestPolicyOfCommands(t *testing.T) {
	for _, c := range []struct {
		name        string
		rules       Rules
		may, mayNot string
	}{
		{"none", Rules{}, "get set keys config|get json.get", ""},
		{"one is allowed", Rules{Allow: words("get")}, "get ping hello client|setname command|docs exec", "set mget multi config keys json.get json.set"},
		{"a container", Rules{Deny: words("client cluster|nodes")}, "get cluster|slots auth", "client|id client|setname cluster|nodes"},
		{"with a space", Rules{Deny: []string{"CONFIG GET"}}, "config|help", "config|get"},
		{"a category", Rules{Deny: words("@write")}, "get json.get ping", "set json.set del"},
		{"read only", Rules{Allow: words("@read json.set")}, "get keys json.get json.set select", "set eval multi json.other"},
		{"all but", Rules{Allow: words("@all"), Deny: words("@Dangerous json.get")}, "get json.set", "keys flushall sort json.get"},
		{"who logs in is not asked", Rules{Deny: words("@all")}, "auth hello quit reset", "ping get json.get"},
	} {
		p := mustPolicy(t, c.rules)
		module := map[string]*Row{"json.get": {Name: "json.get", Flags: reads}, "json.set": {Name: "json.set", Flags: write}, "json.other": {Name: "json.other"}}
		for i, list := range []string{c.may, c.mayNot} {
			for _, name := range words(list) {
				first, sub, _ := strings.Cut(name, "|")
				r := Lookup([]byte(first), []byte(sub))
				if r == nil {
					r = module[name]
				}
				if r.Container() {
					continue
				}
				if p.denies(r) != (i == 1) {
					t.Errorf("%s: %s is denied: %v", c.name, name, p.denies(r))
				}
			}
		}
	}
}

func TestPolicyTellsEveryWordThatIsNone(t *testing.T) {
	_, err := NewPolicy(Rules{Allow: words("get gett config|gat json.get @raed"), Deny: words("@write clien")})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range words(`"gett" "config|gat" "@raed" "clien"`) {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told in %v", want, err)
		}
	}
	if strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("more is told: %v", err)
	}
}

func TestPolicyOfKeys(t *testing.T) {
	p := mustPolicy(t, Rules{AllowKeys: []string{"app:", "app:x", "b"}, DenyKeys: []string{"app:secret"}})
	for key, want := range map[string]bool{"app:1": true, "app:": true, "app": false, "b": true, "bb": true, "a": false, "": false, "c": false, "app:secret": false, "app:secrets": false, "app:secre": true} {
		if got := p.allowsKey([]byte(key)); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
	own := newLocal(t, localEnv{policy: p})
	for line, want := range map[string]string{
		"ZUNION 5 app:1": noKeyPerm, "XREAD NEWER 1 STREAMS x 0": noKeyPerm, "SPUBLISH channel m": "", "SSUBSCRIBE channel": "", "KEYS *": "", "EVAL return 0": "",
	} {
		if got := own.deniedOf(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestPrefixesFindWhatAKeyBeginsWith(t *testing.T) {
	list := []string{"a", "ab", "b/", "b/c", "", "zz"}
	for n := range 1 << len(list) {
		var some []string
		for i := range list {
			if n&(1<<i) != 0 {
				some = append(some, list[i])
			}
		}
		p := prefixesOf(some)
		for _, key := range []string{"", "a", "aa", "ab", "b", "b/", "b/d", "z", "zz", "zzz", "~"} {
			want := slices.ContainsFunc(some, func(s string) bool { return strings.HasPrefix(key, s) })
			if got := p.of([]byte(key)); got != want {
				t.Fatalf("%q of %q: %v", key, some, got)
			}
		}
	}
}

func TestWhoMustLogInIsToldSo(t *testing.T) {
	path := startRedis(t, false)
	dialRedis(t, path).do("CONFIG", "SET", "requirepass", "x")
	redis, own := dialRedis(t, path), newLocal(t, localEnv{users: NewUsers(User{Password: "x"})})
	for _, line := range []string{"GET a", "PING", "CLIENT ID", "COMMAND COUNT", "MULTI", "HELLO 3", "AUTH y", "RESET", "SELECT 0"} {
		got := own.deniedOf(line)
		if got == "" {
			got = own.do(words(line)...)
		}
		if want := string(redis.do(words(line)...)); got != want {
			t.Errorf("%s: %q, Redis says %q", line, got, want)
		}
	}
	own.do("AUTH", "x")
	if got := own.deniedOf("GET a"); got != "" {
		t.Errorf("after the login: %q", got)
	}
}
