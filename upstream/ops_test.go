package upstream

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"sidecar/varz"
)

func testOps() *opTable {
	return newOpTable(newCounters(nil, "users").operation)
}

func TestOperationIsTheLongestConfiguredPrefix(t *testing.T) {
	ops := testOps()
	r := newRules(ops, []Operation{{Name: "GET /search"}, {Name: "GET /search/deep"}, {Name: "GET /a/"}, {Name: "users:get"}, {Name: "GET /"}})
	for _, c := range []struct{ text, want string }{
		{"GET /search", "GET /search"},
		{"GET /search?q=1", "GET /search"},
		{"GET /search/x", "GET /search"},
		{"GET /searching", "GET /"},
		{"GET /search/deep/er", "GET /search/deep"},
		{"GET /search/deeper", "GET /search"},
		{"GET /a/b", "GET /a/"},
		{"GET /a", "GET /"},
		{"users:get", "users:get"},
		{"users:getAll", ""},
		{"POST /search", ""},
		{"", ""},
		{"GET /" + strings.Repeat("/", 100000), "GET /"},
	} {
		got := ""
		if found := r.find([]byte(c.text)); found != nil {
			got = found.Name
		}
		if got != c.want {
			t.Errorf("%.40q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestNamesFromTheWireAreBounded(t *testing.T) {
	ops := testOps()
	newRules(ops, []Operation{{Name: "configured"}})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 1000 {
				op := ops.find(fmt.Appendf(nil, "op%d", i))
				if name := ops.get(op).name; name != fmt.Sprintf("op%d", i) && name != varz.Other {
					t.Errorf("op%d is counted as %q", i, name)
				}
			}
		})
	}
	all.Wait()
	if n := len(ops.names.Load().list); n != maxSeen+2 {
		t.Errorf("%d operations, want %d, other and the configured one", n, maxSeen)
	}
	if op := ops.find([]byte("configured")); ops.get(op).name != "configured" {
		t.Error("the configured one is not found")
	}
	if ops.find(nil) != 0 || ops.find(make([]byte, maxOpName+1)) != 0 || ops.get(60000).name != varz.Other {
		t.Error("what has no name is not other")
	}
}

func TestNumbersOutliveSettings(t *testing.T) {
	ops := testOps()
	a := newRules(ops, []Operation{{Name: "a"}}).byName["a"].op
	newRules(ops, []Operation{{Name: "b"}})
	if again := newRules(ops, []Operation{{Name: "b"}, {Name: "a"}}).byName["a"].op; again != a {
		t.Errorf("%d became %d", a, again)
	}
}
