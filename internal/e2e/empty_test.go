package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// list is a file:// list that a test rewrites.
type list struct {
	t    *testing.T
	path string
}

func newList(t *testing.T, backends ...*backend) *list {
	l := &list{t, filepath.Join(t.TempDir(), "endpoints.toml")}
	l.write(backends...)
	return l
}

func (l *list) write(backends ...*backend) {
	l.t.Helper()
	names := make([]string, len(backends))
	for i, b := range backends {
		names[i] = `"` + b.address() + `"`
	}
	if err := os.WriteFile(l.path+".new", []byte("endpoint = ["+strings.Join(names, ", ")+"]\n"), 0o600); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(l.path+".new", l.path); err != nil {
		l.t.Fatal(err)
	}
}

// An empty list is held, and obeyed in the end.
func TestEmptyListIsHeldAndThenObeyed(t *testing.T) {
	b := newBackend(t)
	l := newList(t, b)
	c := conf{discover: "file://" + l.path, upstream: `hold = "1h"`}
	p := start(t, "", c)
	h := &httpClient{address: p.port}
	defer h.close()
	l.write()
	await(t, "the empty list to be held", func() bool {
		_, text := p.admin.get("/discovery")
		return strings.Contains(text, "1 of 1 endpoints were gone at once; 1 stay in use until")
	})
	if row, ok := p.admin.row(b.address()); !ok || row.State != "open" || row.Held != "hold" {
		t.Errorf("the endpoint is told as %+v", row)
	}
	if r := h.do(query{id: "held"}); r.failure() != "" {
		t.Errorf("with a list that is held: %+v", r)
	}
	c.upstream = `hold = "0s"`
	p.reload(c, "configuration reloaded")
	await(t, "no endpoints", func() bool { row, ok := p.admin.row(b.address()); return !ok || row.State == "leaving" })
	if r := h.raw(plain); r.status != 503 || r.reason != "no_endpoints" {
		t.Errorf("with an empty list: %+v", r)
	}
	if p.admin.status("/ready") != 200 || p.admin.status("/live") != 200 {
		t.Error("an upstream that is empty by intent is no reason not to be ready")
	}
	l.write(b)
	await(t, "the endpoint again", func() bool { row, ok := p.admin.row(b.address()); return ok && row.State == "open" })
	if r := h.do(query{id: "again"}); r.failure() != "" {
		t.Errorf("with an endpoint again: %+v", r)
	}
}

// What was known serves the next process while its source is down.
func TestRestartWithoutDiscovery(t *testing.T) {
	b := newBackend(t)
	l := newList(t, b)
	c := conf{discover: "file://" + l.path, process: `state_dir = "` + filepath.Join(t.TempDir(), "state") + `"`}
	start(t, "", c).finish()
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	p := start(t, "", c)
	h := &httpClient{address: p.port}
	defer h.close()
	if r := h.do(query{id: "recorded"}); r.failure() != "" {
		t.Errorf("with a list that is gone: %+v", r)
	}
	if row, ok := p.admin.row(b.address()); !ok || row.State != "open" || row.StaleFor <= 0 {
		t.Errorf("the endpoint is told as %+v", row)
	}
	if _, text := p.admin.get("/discovery"); !strings.Contains(text, `"state": "failing"`) || !strings.Contains(text, "no such file") {
		t.Errorf("its source is told as %s", text)
	}
	if !p.log.has("begun with the endpoints of a former process") {
		t.Error("the log does not tell of it")
	}
	if n := p.admin.scraped("sidecar_discovery_stale_seconds", `service="web"`); n <= 0 {
		t.Errorf("stale for %v s", n)
	}
	l.write(b)
	await(t, "the source to work again", func() bool { row, _ := p.admin.row(b.address()); return row.StaleFor == 0 })
}
