package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Reloads while requests go through: what may change does so for the requests
// that follow, what is wrong changes nothing, and no client notices either.
func TestReloadUnderLoad(t *testing.T) { eachDriver(t, reloads) }

func reloads(t *testing.T, d driver) {
	first, second, other := d.backend(t), d.backend(t), d.backend(t)
	list := filepath.Join(t.TempDir(), "endpoints.toml")
	announce(t, list, first)
	c := conf{protocol: d.protocol, address: freeAddress(t), discover: "file://" + list}
	p := start(t, "", c)
	const clients = 32
	l := (&load{t: t, d: d, address: p.port, clients: clients, path: func(n int) string { return []string{"/", "/b"}[n%2] }}).begin()
	l.more(200)
	settings := func() string { _, text := p.admin.get("/config"); return text }

	c.upstream = "timeout = \"7s\"\n[upstream.web.retry]\nmax_retries = 5"
	p.reload(c, "configuration reloaded")
	if text := settings(); !strings.Contains(text, `7s`) {
		t.Errorf("/config has no timeout of 7s: %s", text)
	}
	l.more(200)

	bad := c
	bad.upstream = "timeout = \"fast\"\ntimeuot = \"1s\""
	before := settings()
	p.reload(bad, "reload refused")
	for _, why := range []string{"config.toml:", "timeuot", "fast"} {
		if !p.log.has(why) {
			t.Errorf("the log does not name %q of the refused reload", why)
		}
	}
	if settings() != before || p.admin.sum("sidecar.config.reload_failures", "") != 1 {
		t.Error("a refused reload changed the configuration in force, or was not counted")
	}
	l.more(200)

	// Each of these upstreams is new: its first request comes at once.
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		c.listener = "[[listener.route]]\nmatch = { " + d.byPath + " }\nupstream = \"" + name + "\""
		c.more = fmt.Sprintf("[upstream.%s]\nprotocol = %q\ndiscover = \"tcp://%s\"", name, d.protocol, other.address)
		p.reload(c, "configuration reloaded")
	}
	await(t, "requests at the route's upstream", func() bool { return len(other.executed()) > 50 })
	l.more(200)

	announce(t, list, first, second)
	await(t, "requests at the added endpoint", func() bool { return len(second.executed()) > 50 })
	announce(t, list, second)
	await(t, "the removed endpoint is gone", func() bool { return len(p.admin.rows()) == 1 })
	at := len(settled(first))
	l.more(500)
	if now := len(first.executed()); now != at {
		t.Errorf("%d requests at the removed endpoint", now-at)
	}

	moved := c
	moved.address = freeAddress(t)
	moved.more += "\n[[listener]]\nname = \"new\"\naddress = \"" + freeAddress(t) + "\"\nprotocol = \"" + listens(d.protocol) + "\"\nupstream = \"web\""
	p.reload(moved, "configuration reloaded")
	for _, line := range []string{`changed listener waits for a restart" listener=web keys=address`, `new listener waits for a restart" listener=new`} {
		if !p.log.has(line) {
			t.Errorf("the log has no %q", line)
		}
	}
	l.more(200)
	got := l.end()
	t.Logf("%s: 9 reloads and 2 changed lists under %d connections: %d requests, errors: %s", d.protocol, clients, got.sent, got.errors())
	got.clean(t)
	if n := p.admin.sum("sidecar.listener.accepted", ""); n != clients {
		t.Errorf("%v connections for %d clients: some were dropped", n, clients)
	}
}

// announce writes a list of endpoints as tools do: whole, by a rename.
func announce(t *testing.T, path string, servers ...*server) {
	t.Helper()
	var text strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&text, "[[endpoint]]\naddress = %q\n", s.address)
	}
	if err := os.WriteFile(path+".new", []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
