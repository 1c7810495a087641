package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An empty list is ignored until somebody says that it is meant.
func TestEmptyListCountsOnceItIsAllowed(t *testing.T) {
	b := newBackend(t)
	list := filepath.Join(t.TempDir(), "endpoints.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(list+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(list+".new", list); err != nil {
			t.Fatal(err)
		}
	}
	write("endpoint = [\"" + b.address() + "\"]\n")
	c := conf{discover: "file://" + list}
	p := start(t, "", c)
	h := &httpClient{address: p.port}
	defer h.close()
	write("endpoint = []\n")
	await(t, "the empty list to be ignored", func() bool {
		_, text := p.admin.get("/upstreams")
		return strings.Contains(text, "set allow_empty = true")
	})
	if r := h.do(query{id: "held"}); r.failure() != "" {
		t.Errorf("with a list that is held: %+v", r)
	}
	c.upstream = "allow_empty = true"
	p.reload(c, "configuration reloaded")
	await(t, "no endpoints", func() bool { return len(p.admin.rows()) == 0 })
	if r := h.raw(plain); r.status != 503 || r.reason != "no_endpoints" {
		t.Errorf("with an empty list: %+v", r)
	}
	if p.admin.status("/ready") != 200 || p.admin.status("/live") != 200 {
		t.Error("an upstream that is empty by intent is no reason not to be ready")
	}
	write("endpoint = [\"" + b.address() + "\"]\n")
	await(t, "the endpoint again", func() bool { return len(p.admin.rows()) == 1 })
	if r := h.do(query{id: "again"}); r.failure() != "" {
		t.Errorf("with an endpoint again: %+v", r)
	}
}
