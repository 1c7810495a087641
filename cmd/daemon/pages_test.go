package daemon

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sidecar/why"
)

// Each upstream has a ring of its own; a limit is of the answer, not of each.
func TestWhyTellsTheNewestOfAllUpstreams(t *testing.T) {
	at := func(s int) why.Entry { return why.Entry{Time: time.Unix(int64(s), 0)} }
	got := newest([]why.Entry{at(5), at(3), at(6), at(1)}, 3)
	if len(got) != 3 || got[0].Time.Unix() != 6 || got[1].Time.Unix() != 5 || got[2].Time.Unix() != 3 {
		t.Errorf("got %v", got)
	}
	if got = newest([]why.Entry{at(1), at(2)}, 0); len(got) != 2 {
		t.Errorf("%d entries without a limit", len(got))
	}
}

// A path that was mistaken for a socket's is somebody's file.
func TestAdminSocketReplacesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &daemon{log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if err := d.bindAdmin("unix:"+path, http.NotFoundHandler()); err == nil {
		t.Error("bound over a file")
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestSettingsThatWaitForARestartAreKnown(t *testing.T) {
	for key, want := range map[string]bool{
		"admin.address": true, "process.threads": true, "process.grace": false, "listener[0].address": true,
		"listener[1].idle_timeout": false, "upstream.users.discover": true, "upstream.users.timeout": false,
	} {
		if needsRestart(key) != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
}
