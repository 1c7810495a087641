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
