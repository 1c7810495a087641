package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The zone of the host and the policy change by a reload, under requests: each
// of them goes where the configuration in force says, and none fails.
func TestZoneAndPolicyChangeByReload(t *testing.T) {
	a, b := newBackend(t), newBackend(t)
	list := filepath.Join(t.TempDir(), "endpoints.toml")
	text := fmt.Sprintf("[[endpoint]]\naddress = %q\nzone = \"a\"\n[[endpoint]]\naddress = %q\nzone = \"b\"\n", a.address(), b.address())
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := conf{address: freeAddress(t), discover: "file://" + list, process: `zone = "a"`}
	p := start(t, "", c)
	goes := func(what string, atA, atB int64) {
		t.Helper()
		beforeA, beforeB := a.begun.Load(), b.begun.Load()
		if _, failed := timed(t, p.port, 40, 2); failed != 0 {
			t.Errorf("%s: %d requests failed", what, failed)
		}
		if gotA, gotB := a.begun.Load()-beforeA, b.begun.Load()-beforeB; gotA < atA || gotB < atB || gotA+gotB != 40 {
			t.Errorf("%s: %d in zone a and %d in zone b, want at least %d and %d of 40", what, gotA, gotB, atA, atB)
		}
	}
	goes("zone a", 40, 0)
	c.process = `zone = "b"`
	p.reload(c, "configuration reloaded")
	goes("zone b", 0, 40)
	c.upstream = "[upstream.web.balance]\npolicy = \"p2c\"\nload = \"peak_ewma\"\nzone = \"off\""
	p.reload(c, "configuration reloaded")
	goes("zones off", 3, 3)
	c.upstream = "[upstream.web.balance]\npolicy = \"maglev\"\nhash = \"path:1\"\nzone = \"prefer\""
	p.reload(c, "configuration reloaded")
	goes("zone b, maglev", 0, 40)
	a.Close()
	c.process = `zone = "a"`
	p.reload(c, "configuration reloaded")
	goes("zone a, which is down", 0, 40)
}
