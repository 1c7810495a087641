package config

import (
	"log/slog"
	"unicode/utf8"
)

const (
	maxThreads = 1024
	maxHosts   = 64
	adminOff   = "off"
	// stateEnv is where systemd names the directory that it made for a
	// service.
	stateEnv = "STATE_DIRECTORY"
)

// process reads [process]. envState is the value of $STATE_DIRECTORY, which
// counts if the file says nothing.
func process(root *table, envState string) Process {
	t := root.table("process")
	defer t.done()
	return Process{
		Threads:        t.count("threads", 0, 0, maxThreads),
		Grace:          t.span("grace", "25s", "no grace"),
		StateDir:       stateDir(t, envState),
		LogLevel:       logLevel(t),
		Zone:           t.text("zone", "", checkZone),
		InitialTimeout: t.span("initial_timeout", "2s", "no wait"),
		Peers:          peers(t, Peers{}, byDefault),
	}
}

func stateDir(t *table, env string) string {
	f := t.field("state_dir")
	dir, origin := "", byDefault
	if f.set {
		dir = f.text(nil)
	}
	if dir == "" && env != "" {
		dir, origin, f.set = env, "environment "+stateEnv, false
		if !utf8.ValidString(env) {
			f.fail("environment %s: expected UTF-8, got %s", stateEnv, shown(env))
		}
	}
	f.settle(quote(dir), origin)
	return dir
}

// checkZone lets through what a list of endpoints may name.
func checkZone(s string) error {
	const longest = 1024
	if len(s) > longest || hasControl(s) {
		return complain("expected the name of a zone without spaces, such as \"eu-west-1a\", got %s", shown(s))
	}
	return nil
}

func logLevel(t *table) slog.Level {
	names := []string{"debug", "info", "warn", "error"}
	var l slog.Level
	if err := l.UnmarshalText([]byte(t.choose("log_level", "info", choice{names: names}))); err != nil {
		return slog.LevelInfo // it was none of the names, which is a problem already
	}
	return l
}

func admin(root *table) Admin {
	t := root.table("admin")
	defer t.done()
	a := Admin{
		Address:      t.text("address", "127.0.0.1:9990", checkAdminAddress),
		ProbeAddress: t.text("probe_address", "", checkOptionalAddress),
		Actions:      t.flag("actions", false),
		Hosts:        lowerAll(t.texts("hosts", nil, maxHosts, checkHost)),
	}
	if a.Address == adminOff {
		a.Address = ""
	}
	return a
}
