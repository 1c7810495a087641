package daemon

import (
	"io"
	"strings"
	"testing"

	"sidecar/config"
)

func parsed(t *testing.T, text string) *config.File {
	t.Helper()
	f, err := config.Parse("c.toml", []byte(text+`
[[listener]]
name = "web"
address = "127.0.0.1:0"
upstream = "web"
[upstream.web]
discover = "tcp://127.0.0.1:1"
`))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatWaitsForARestartIsNamed(t *testing.T) {
	before := parsed(t, "[process]\ngrace = \"1s\"\n[admin]\nactions = true")
	after := parsed(t, "[process]\ngrace = \"2s\"\nthreads = 1\n[admin]\naddress = \"off\"\nactions = true")
	if got := strings.Join(waiting(before, after), " "); got != "process.threads admin.address" {
		t.Errorf("got %q", got)
	}
	if got := waiting(before, before); got != nil {
		t.Errorf("nothing has changed: %q", got)
	}
	old := before.Listeners[0]
	now := old
	now.Address, now.MaxHeldBody, now.MaxInFlight = "127.0.0.1:1", 1, 1
	if got := strings.Join(fixedChanges(old, now), " "); got != "address max_held_body" {
		t.Errorf("got %q", got)
	}
}

// A setting that the process cannot do with is told with its line, a default
// as what it is.
func TestErrorsAreLocated(t *testing.T) {
	f := parsed(t, "[admin]\nprobe_address = \"127.0.0.1:1\"")
	for key, want := range map[string]string{
		"listener[0].address": `c.toml:5: listener "web": address: EOF`,
		"admin.probe_address": "c.toml:2: admin.probe_address: EOF",
		"admin.address":       "c.toml: admin.address (the default): EOF",
	} {
		if got := located(f, key, io.EOF).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := located(f, "admin.address", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}
