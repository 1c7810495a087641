package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func someSuite() suite {
	return suite{
		name:     "some",
		backends: []server{{name: "backend"}},
		subject:  server{name: "sidecar", command: []string{"{{.Sidecar}}", "run"}, version: []string{"{{.Sidecar}}", "version"}},
		peers:    []server{{name: "haproxy"}, {name: "nginx"}},
		workloads: []workload{
			{name: "small"}, {name: "large"}, {name: "rare", more: true},
		},
	}
}

func names(s suite) string {
	var all []string
	for _, p := range s.peers {
		all = append(all, p.name)
	}
	all = append(all, ":")
	for _, w := range s.workloads {
		all = append(all, w.name)
	}
	return strings.Join(all, " ")
}

func TestChoiceOfWorkloadsAndPeers(t *testing.T) {
	for _, c := range []struct {
		name   string
		choice choice
		want   string
	}{
		{"main ones", choice{}, "haproxy nginx : small large"},
		{"all", choice{all: true}, "haproxy nginx : small large rare"},
		{"by name, main or not", choice{only: regexp.MustCompile("^(small|rare)$")}, "haproxy nginx : small rare"},
		{"one peer", choice{peers: regexp.MustCompile("ngin")}, "nginx : small large"},
		{"another build beside no peer", choice{peers: regexp.MustCompile("^$"), with: []build{{"/b", "old"}}}, "old : small large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.choice.pick(someSuite())
			if err != nil || names(got) != c.want {
				t.Errorf("got %q, %v, want %q", names(got), err, c.want)
			}
		})
	}
}

func TestAnotherBuildRunsAsTheFirst(t *testing.T) {
	got := build{"/tmp/b", "old"}.of(someSuite().subject)
	if got.name != "old" || !slices.Equal(got.command, []string{"/tmp/b", "run"}) || !slices.Equal(got.version, []string{"/tmp/b", "version"}) {
		t.Errorf("got %+v", got)
	}
	if again := someSuite().subject.command[0]; again != "{{.Sidecar}}" {
		t.Errorf("the first build's command became %s", again)
	}
}

func TestAnotherBuildNeedsANameOfItsOwn(t *testing.T) {
	for _, name := range []string{"sidecar", "haproxy", "direct", "a/b"} {
		if _, err := (choice{with: []build{{"/b", name}}}).pick(someSuite()); err == nil || !strings.Contains(err.Error(), "PATH,NAME") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestBuildIsReadFromItsFlag(t *testing.T) {
	dir := t.TempDir()
	program, text := filepath.Join(dir, "old"), filepath.Join(dir, "text")
	for name, mode := range map[string]os.FileMode{program: 0o755, text: 0o644} {
		if err := os.WriteFile(name, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, text string
		want       build
		ok         bool
	}{
		{"path", program, build{program, "old"}, true},
		{"path and name", program + ",before", build{program, "before"}, true},
		{"no path", ",before", build{}, false},
		{"no name behind the comma", program + ",", build{}, false},
		{"not there", program + "er", build{}, false},
		{"no program", text, build{}, false},
		{"a directory", dir, build{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseBuild(c.text)
			if got != c.want || (err == nil) != c.ok {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
