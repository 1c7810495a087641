package resp

import (
	"strings"
	"testing"

	"sidecar"
	"sidecar/varz"
)

// A command of a module goes by the key that the server tells of it, which is
// asked once.
func TestCommandsOfModulesAreLearntFromTheServer(t *testing.T) {
	h := newHarness(t)
	h.say = func(_ string, args []string) string {
		switch strings.ToLower(strings.Join(args, " ")) {
		case "command info json.get":
			return "*1\r\n" + entry(RESP2, "json.get", -2, "readonly", "1 1 1")
		case "command info x.admin":
			return "*1\r\n" + entry(RESP2, "x.admin", -1, "admin", "0 0 0")
		case "command info nope":
			return "*1\r\n*-1\r\n"
		case "command info odd":
			return "-ERR unknown command 'COMMAND'\r\n"
		}
		return string(AppendBulk(nil, strings.Join(args, " ")))
	}
	c := h.client()
	c.Send(req("PING") + req("JSON.GET", "a") + req("json.get", "b") + req("json.get") + req("NOPE", "x") + req("nope") + req("x.admin") + req("odd", "a") + req("GET", "k"))
	c.Expect("+PONG\r\n" + "$10\r\nJSON.GET a\r\n" + "$10\r\njson.get b\r\n" + "-ERR wrong number of arguments for 'json.get' command\r\n" +
		"-ERR unknown command 'NOPE', with args beginning with: 'x' \r\n" + "-ERR unknown command 'nope', with args beginning with: \r\n" +
		"-ERR sidecar: X.ADMIN is refused: " + whyItsAdmin + "\r\n" + "-ERR unknown command 'odd', with args beginning with: 'a' \r\n" + "$5\r\nGET k\r\n")
	var got []string
	for _, e := range h.heard() {
		got = append(got, strings.Join(e.commands, " + "))
	}
	want := "COMMAND INFO JSON.GET|JSON.GET a + json.get b|COMMAND INFO NOPE|COMMAND INFO x.admin|COMMAND INFO odd|GET k"
	if strings.Join(got, "|") != want {
		t.Errorf("exchanges: %s, want %s", strings.Join(got, "|"), want)
	}
}

func TestWhereNoServerCanBeAskedThatIsTold(t *testing.T) {
	h := newHarness(t)
	h.fail = func(*sidecar.Exchange) error {
		return &sidecar.Fault{Stage: sidecar.StagePick, Reason: sidecar.NoEndpoints}
	}
	c := h.client()
	c.Send(req("JSON.GET", "a") + req("CLIENT", "REPLY", "SKIP") + req("JSON.GET", "b") + req("PING"))
	if got := c.Until("\r\n"); !strings.HasPrefix(got, "-ERR sidecar: no_endpoints ") {
		t.Error(got)
	}
	c.Expect("+PONG\r\n")
}

func TestNobodyAsksServersBeforeTheLogin(t *testing.T) {
	h := newHarness(t)
	h.set(func(s *Settings) { s.Local.Users = NewUsers(User{Password: "x"}) })
	c := h.client()
	c.Send(req("JSON.GET", "a") + req("MONITOR") + req("GET", "k"))
	c.Expect("-ERR unknown command 'JSON.GET', with args beginning with: 'a' \r\n" + noAuth + noAuth)
	c.Send(req("AUTH", "x") + req("PING"))
	c.Expect("+OK\r\n+PONG\r\n")
	if n := len(h.heard()); n != 0 {
		t.Errorf("%d exchanges", n)
	}
	for reason, want := range map[string]uint64{"noauth": 2, "other": 1, "noperm": 0} {
		if n := h.value(varz.RedisDenied, varz.Source{Listener: "l", Reason: reason}); n != want {
			t.Errorf("%d denied as %s, want %d", n, reason, want)
		}
	}
	if n := h.value(varz.RedisLocal, varz.Source{Listener: "l"}); n != 2 {
		t.Errorf("%d local commands", n)
	}
}

// What the policy denies never leaves, in a pipeline with what it allows.
func TestDeniedCommandsReachNoServer(t *testing.T) {
	h := newHarness(t)
	h.set(func(s *Settings) {
		s.Local.Policy = mustPolicy(t, Rules{Deny: words("set @dangerous"), AllowKeys: words("a")})
	})
	c := h.client()
	c.Send(req("GET", "a") + req("SET", "a", "1") + req("KEYS", "*") + req("GET", "b") + req("MGET", "a", "ab"))
	c.Expect("$5\r\nGET a\r\n-NOPERM this user has no permissions to run the 'set' command\r\n-NOPERM this user has no permissions to run the 'keys' command\r\n" + noKeyPerm + "$9\r\nMGET a ab\r\n")
	if n := h.value(varz.RedisDenied, varz.Source{Listener: "l", Reason: "noperm"}); n != 3 {
		t.Errorf("%d denied", n)
	}
	for _, e := range h.heard() {
		for _, line := range e.commands {
			if line != "GET a" && line != "MGET a ab" {
				t.Errorf("%s went to a server", line)
			}
		}
	}
}
