package daemon

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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

// Text has no quotes but JSON's own, and what waits for a restart is told even
// where it is false.
func TestConfigPageShowsPlainValues(t *testing.T) {
	d := &daemon{started: parsed(t, "[admin]\nactions = true")}
	d.file.Store(parsed(t, "[process]\ngrace = \"3s\""))
	var out strings.Builder
	if err := d.configPage(&out, nil); err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(out.String()), &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]any{}
	for _, s := range list {
		got[s["key"].(string)] = s
	}
	if v := got["process.grace"]["value"]; v != "3s" {
		t.Errorf("grace is %v", v)
	}
	if v := got["listener[0].max_connections"]["value"]; v != 10000.0 {
		t.Errorf("max_connections is %v", v)
	}
	if a := got["admin.actions"]; a["value"] != true || a["waits_for_restart"] != false {
		t.Errorf("actions: %v", a)
	}
}
