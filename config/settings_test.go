package config

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// sameAgain fails the test unless what WriteEffective writes is a configuration
// with the same effect.
func sameAgain(t *testing.T, f *File) {
	t.Helper()
	var text bytes.Buffer
	if err := f.WriteEffective(&text); err != nil {
		t.Fatal(err)
	}
	again, err := Parse("again", text.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, &text)
	}
	a, b := f.Settings(), again.Settings()
	for i := range a {
		a[i].Origin = ""
	}
	for i := range b {
		if b[i].Origin == byDefault {
			t.Errorf("%s was not written", b[i].Key)
		}
		b[i].Origin = ""
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("settings differ\ngot  %v\nwant %v", b, a)
	}
	g := *again
	g.Name, g.Notes, g.settings, g.lines, g.names = f.Name, f.Notes, f.settings, f.lines, f.names
	if !reflect.DeepEqual(&g, f) {
		t.Errorf("files differ\ngot  %+v\nwant %+v\n%s", g, *f, &text)
	}
}

const everyKind = `
admin = { address = "off", hosts = ["Admin.example.com", "10.0.0.1"] }
[process]
grace = "1ms"
state_dir = "a \"b\" \\ \u0007 é"
[[listener]]
name = "a"
address = "unix:/run/a.sock"
[[listener.route]]
match.host = "*.Example.com"
match.header = { x-b = "", "X-A" = "1, 2" }
upstream = "b.c"
[[listener]]
name = "b"
address = "[::1]:80"
upstream = "b.c"
max_header_bytes = 8_192
[upstream."b.c"]
discover = ["tcp://a:1", "file:///x.toml"]
timeout = "1m30s"
pool.idle_timeout = "9ms"
balance = { jitter = "0s", low_load = 0, high_load = 1e-3 }
retry.on = ["5xx", "connect"]
[upstream."b.c".operation]
"GET /x.y]\"" = { idempotent = false, max_retries = 4 }
"GET /" = { timeout = "0s" }
`

func TestEffectiveConfigurationReadsBackAsTheSame(t *testing.T) {
	f, err := Parse("odd\nname", []byte(everyKind))
	if err != nil {
		t.Fatal(err)
	}
	sameAgain(t, f)
	// An operation that takes over more than it can use.
	f, err = Parse("c.toml", []byte(small+"attempt_timeout = \"5s\"\n[upstream.u.operation]\n"+
		"\"GET /\" = { timeout = \"1s\", on = [] }\n\"GET /b\" = { attempt_timeout = \"1s\" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	sameAgain(t, f)
	f, err = Load(reference)
	if err != nil {
		t.Fatal(err)
	}
	sameAgain(t, f)
}

func TestEffectiveConfigurationShowsOrigins(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+"[upstream.u.operation.\"GET /\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := f.WriteEffective(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"[process]\nthreads         = 0       # default\n",
		"\n\n[[listener]]\nname             = \"l\"       # c.toml:2\n",
		"\n\n[upstream.u]\ndiscover        = \"tcp://a:1\"  # c.toml:6\n",
		"\n\n[upstream.u.operation.\"GET /\"]\ntimeout         = \"10s\"  # upstream.u.timeout\n" +
			"attempt_timeout = \"0s\"   # upstream.u.attempt_timeout\nmax_retries     = 2      # upstream.u.retry.max_retries\n",
	} {
		if !strings.Contains("\n\n"+text.String(), want) {
			t.Errorf("want %q in\n%s", want, &text)
		}
	}
}

func TestSettingsAreInTheOrderOfTheReference(t *testing.T) {
	f, err := Parse("c.toml", []byte(everyKind))
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for _, s := range f.Settings() {
		if table, _ := splitKey(s.Key); len(tables) == 0 || tables[len(tables)-1] != table {
			tables = append(tables, table)
		}
	}
	want := []string{
		"process", "admin", "listener[0]", "listener[0].cache", "listener[0].route[0]", "listener[1]", "listener[1].cache", `upstream."b.c"`, `upstream."b.c".tls`, `upstream."b.c".balance`,
		`upstream."b.c".pool`, `upstream."b.c".breaker`, `upstream."b.c".circuit`, `upstream."b.c".fallback`, `upstream."b.c".retry`, `upstream."b.c".hedge`, `upstream."b.c".operation."GET /"`,
		`upstream."b.c".operation."GET /x.y]\""`, "xds",
	}
	if !reflect.DeepEqual(tables, want) {
		t.Errorf("got  %q\nwant %q", tables, want)
	}
}

func TestSettingsHaveAPlainValue(t *testing.T) {
	f, err := Parse("c.toml", []byte(everyKind))
	if err != nil {
		t.Fatal(err)
	}
	plain := map[string]any{}
	for _, s := range f.Settings() {
		plain[s.Key] = s.Plain()
	}
	for key, want := range map[string]any{
		"process.grace":                      "10ms",
		"process.state_dir":                  "a \"b\" \\ \a é",
		"process.threads":                    int64(0),
		"admin.actions":                      false,
		"admin.hosts":                        []any{"Admin.example.com", "10.0.0.1"},
		"listener[1].max_header_bytes":       int64(8192),
		"listener[1].max_held_body":          "64KiB",
		`upstream."b.c".balance.low_load`:    0.0,
		`upstream."b.c".breaker.max_ejected`: 0.5,
		`upstream."b.c".balance.jitter`:      "0s",
		"listener[0].route[0].match":         map[string]any{"host": "*.example.com", "header": map[string]any{"X-A": "1, 2", "x-b": ""}},
	} {
		if got := plain[key]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", key, got, want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = complain("no space left")

func TestWriteEffectiveTellsOfAFailedWrite(t *testing.T) {
	f, err := Parse("c.toml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WriteEffective(full{}); err == nil {
		t.Error("no error")
	}
}
