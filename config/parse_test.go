package config

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// small is about the least that runs.
const small = `[[listener]]
name = "l"
address = ":80"
upstream = "u"
[upstream.u]
discover = "tcp://a:1"
`

func TestDefaultsAreFilledIn(t *testing.T) {
	f, err := Parse("c.toml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	f.settings, f.lines, f.names = nil, nil, nil
	want := &File{
		Name:    "c.toml",
		Process: Process{Grace: 25 * time.Second, LogLevel: slog.LevelInfo, InitialTimeout: 2 * time.Second},
		Admin:   Admin{Address: "127.0.0.1:9990", Hosts: []string{}},
		Listeners: []Listener{{
			Key: "listener[0]", Name: "l", Protocol: "http", Address: ":80", Upstream: "u", MaxConnections: 10000,
			IdleTimeout: 300 * time.Second, HeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10, MaxHeldBody: 64 << 10,
			HalfClose: HalfCloseFinish, TrustForwarded: true,
			Cache: Cache{Mode: ModeOff, MaxBytes: 64 << 20, MaxEntry: 1 << 20, Beta: 1, Coalesce: true, CoalesceWait: time.Second},
		}},
		Upstreams: []Upstream{{
			Key: "upstream.u", Name: "u", Sources: Sources{Discover: []string{"tcp://a:1"}, Hold: time.Minute, DropOverload: ModeOn}, Protocol: "http",
			Timeouts: Timeouts{Timeout: 10 * time.Second, StallTimeout: 60 * time.Second, ConnectTimeout: time.Second, ClientDeadline: ModeDark},
			Balance: Balance{
				Policy: PolicyAperture, Load: LoadPending, Decay: 10 * time.Second, Panic: 0.5, LowLoad: 0.5, HighLoad: 2, Smoothing: 5 * time.Second,
				JitterMin: 120 * time.Second, JitterMax: 240 * time.Second,
			},
			Pool: Pool{LowWatermark: 1, HighWatermark: 100, MaxWaiters: 1000, IdleTimeout: 60 * time.Second},
			Breaker: Breaker{
				ConsecutiveFailures: 5, SuccessRate: 0.5, Window: 10 * time.Second, MinRequests: 20,
				MinBackoff: 5 * time.Second, MaxBackoff: 60 * time.Second, MaxEjected: 0.5, Ramp: 10 * time.Second,
			},
			Circuit:  Circuit{Mode: "off", Window: 10 * time.Second, MinRequests: 20, ErrorRate: 0.5, Sleep: 5 * time.Second, Force: "auto"},
			Fallback: Fallback{On: FallbackReasons(), ContentType: "text/plain; charset=utf-8"},
			Retry:    Retry{MaxRetries: 2, Budget: 0.2, MinPerSecond: 10, Backoff: 25 * time.Millisecond, MaxBackoff: 250 * time.Millisecond, On: []string{"connect", "rejected", "reset", "timeout", "5xx"}},
			Hedge:    Hedge{Mode: ModeOff, Percentile: 98, MinDelay: time.Millisecond, MaxExtra: 0.02},
		}},
		XDS: XDS{Variant: XDSAuto, Keepalive: 5 * time.Minute},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("got  %+v\nwant %+v", f, want)
	}
}

func TestWhatTheFileSetsIsTaken(t *testing.T) {
	f, err := Parse("c.toml", []byte(everyKind))
	if err != nil {
		t.Fatal(err)
	}
	if f.Admin.Address != "" || !reflect.DeepEqual(f.Admin.Hosts, []string{"admin.example.com", "10.0.0.1"}) {
		t.Errorf("admin %+v", f.Admin)
	}
	want := []Route{{
		Key: "listener[0].route[0]", Upstream: "b.c", Cache: true,
		Match: Match{Host: "*.example.com", Headers: []Header{{"X-A", "1, 2"}, {"x-b", ""}}},
	}}
	if !reflect.DeepEqual(f.Listeners[0].Routes, want) || f.Listeners[1].MaxHeaderBytes != 8192 {
		t.Errorf("listeners %+v", f.Listeners)
	}
	u := f.Upstreams[0]
	if u.Balance.JitterMin != 0 || u.Balance.JitterMax != 0 || u.Balance.LowLoad != 0 || u.Balance.HighLoad != 0.001 || len(u.Discover) != 2 {
		t.Errorf("upstream %+v", u)
	}
	if !reflect.DeepEqual(u.Retry.On, []string{"connect", "5xx"}) {
		t.Errorf("retry on %q", u.Retry.On)
	}
	no, on := false, []string{"connect", "5xx"}
	ops := []Operation{
		{Key: `upstream."b.c".operation."GET /"`, Name: "GET /", MaxRetries: 2, On: on, Hedge: true},
		{Key: `upstream."b.c".operation."GET /x.y]\""`, Name: `GET /x.y]"`, Timeout: 90 * time.Second, MaxRetries: 4, On: on, Idempotent: &no},
	}
	if !reflect.DeepEqual(u.Operations, ops) {
		t.Errorf("operations %+v", u.Operations)
	}
}

func TestShortTimesAreRaisedAndNoted(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+`attempt_timeout = "1ns"
stall_timeout = "0s"
connect_timeout = "10ms"
slow = "1ms"
balance.jitter = "1ms..2ms"
[upstream.idle]
discover = "tcp://b:1"
`))
	if err != nil {
		t.Fatal(err)
	}
	u := f.Upstreams[1]
	if u.AttemptTimeout != 10*time.Millisecond || u.StallTimeout != 0 || u.ConnectTimeout != 10*time.Millisecond || u.Slow != time.Millisecond ||
		u.Balance.JitterMin != 10*time.Millisecond || u.Balance.JitterMax != 10*time.Millisecond {
		t.Errorf("got %+v", u)
	}
	want := []string{
		"c.toml:12: upstream.idle: no listener and no route leads to this upstream",
		"c.toml:7: upstream.u.attempt_timeout: raised to 10ms: the clock ticks every 5 ms",
		"c.toml:11: upstream.u.balance.jitter: raised to 10ms: the clock ticks every 5 ms",
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(f.Notes, "\n")+"\n", w+"\n") {
			t.Errorf("no note %q in %q", w, f.Notes)
		}
	}
	if len(f.Notes) != len(want) {
		t.Errorf("notes %q", f.Notes)
	}
	sameAgain(t, f)
}

func TestProblemsOfOthersGetTheLineOfTheirSetting(t *testing.T) {
	f, err := Parse("c.toml", []byte(small+"[upstream.v]\ndiscover = [\"tcp://a:1\",\n  \"tcp://b:1\"]\n[upstream.v.pool]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, key, want string }{
		{"key", f.Listeners[0].Key + ".address", `c.toml:3: listener "l": address: x`},
		{"element of a list", f.Upstreams[1].Key + ".discover[1]", "c.toml:9: upstream.v.discover[1]: x"},
		{"element of no list", "upstream.u.discover[0]", "c.toml:6: upstream.u.discover[0]: x"},
		{"default in a table", "upstream.v.pool.max_waiters", "c.toml:10: upstream.v.pool.max_waiters: x"},
		{"default in no table", "upstream.v.retry.budget", "c.toml:7: upstream.v.retry.budget: x"},
		{"nothing of it there", "admin.address", "c.toml:1: admin.address: x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := f.ProblemAt(c.key, "x").String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// It would be looked for in vain.
func TestStateDirectoryOfTheEnvironmentCountsIfTheFileSetsNone(t *testing.T) {
	for _, c := range []struct{ name, line, env, dir, origin string }{
		{"neither", "", "", "", "default"},
		{"environment", "", "/var/lib/x", "/var/lib/x", "environment STATE_DIRECTORY"},
		{"empty in the file", `state_dir = ""`, "/var/lib/x", "/var/lib/x", "environment STATE_DIRECTORY"},
		{"file", `state_dir = "/s"`, "/var/lib/x", "/s", "c.toml:8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(stateEnv, c.env)
			t.Chdir(t.TempDir())
			if err := os.WriteFile("c.toml", []byte(small+"[process]\n"+c.line), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Load("c.toml")
			if err != nil {
				t.Fatal(err)
			}
			want := Setting{Key: "process.state_dir", Value: quote(c.dir), Origin: c.origin}
			if got := f.Settings()[2]; f.Process.StateDir != c.dir || got != want {
				t.Errorf("got %q and %+v, want %+v", f.Process.StateDir, got, want)
			}
		})
	}
}

func TestLoadTellsWhatCannotBeRead(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
	big := filepath.Join(t.TempDir(), "big.toml")
	if err := os.WriteFile(big, []byte(small+"#"+strings.Repeat("x", maxFile)), 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *Invalid
	if _, err := Load(big); !errors.As(err, &bad) || bad.Error() != big+":1: the file is larger than the limit of 1MiB" {
		t.Errorf("got %v", err)
	}
}
