package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A directory that cannot be written to would show only when a source fails
// after a restart, as endpoints that are missed.
func TestStateDirectoryIsTriedAtStart(t *testing.T) {
	dir := t.TempDir()
	text := func(dir string) string { return "[process]\nstate_dir = \"" + dir + "\"" }
	if err := makeState(parsed(t, text(dir))); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, recordsDir)); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if err := tryWriting(filepath.Join(dir, "none")); err == nil {
		t.Error("what is not there was written to")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := makeState(parsed(t, text(file)))
	if err == nil || !strings.Contains(err.Error(), "process.state_dir") || !strings.Contains(err.Error(), "let the user") {
		t.Errorf("%v does not say what to do", err)
	}
}
