package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	"sidecar/config"
)

func TestGoalsNamePeersOfTheirSuiteAndMeasuresTaken(t *testing.T) {
	for _, s := range suites() {
		var peers []string
		for _, p := range s.peers {
			peers = append(peers, p.name)
		}
		for _, w := range s.workloads {
			for _, g := range w.goals {
				if !slices.Contains(peers, g.peer) {
					t.Errorf("%s, %s: a goal beside %q, which is no peer", s.name, w.name, g.peer)
				}
				if !slices.Contains(w.ratiosOf(), g.of) {
					t.Errorf("%s, %s: a goal for %s, of which no ratio is taken", s.name, w.name, g.of.named(w.unit))
				}
			}
		}
	}
}

func TestWorkloadsHaveNamesOfTheirOwn(t *testing.T) {
	for _, s := range suites() {
		seen := map[string]bool{}
		for _, w := range s.workloads {
			if seen[w.name] || strings.Contains(w.name, "|") {
				t.Errorf("%s: %q is there twice or breaks its table", s.name, w.name)
			}
			seen[w.name] = true
		}
	}
}

func TestEveryConfigurationIsThereAndExpands(t *testing.T) {
	for _, s := range suites() {
		for _, srv := range append(slices.Clone(s.peers), s.backends[len(s.backends)-1], s.subject) {
			if srv.config == "" {
				continue
			}
			v := values{Address: "127.0.0.1:1", Backend: "127.0.0.1:2", Admin: "127.0.0.1:3", Endpoints: endpointsAt("127.0.0.1:2"), Dir: t.TempDir()}
			v.Config, v.Upstreams = v.Dir+"/config", upstreams(srv.upstreams, v.Endpoints)
			p := process{server: srv, values: v}
			if _, err := p.prepare(context.Background()); err != nil {
				t.Errorf("%s: %v", srv.name, err)
			}
			// What of one upstream stands in each, what of a thousand in each of those.
			want := []string{"127.0.0.1"}
			if srv.upstreams > 0 {
				want = append(want, hostOf(srv.upstreams-1), "127.0.0.10")
			}
			for _, w := range want {
				if !strings.Contains(p.text, w) || strings.Contains(p.text, "{{") {
					t.Errorf("%s: not expanded, lacks %s", srv.name, w)
				}
			}
		}
	}
}

// A key that was renamed would be met when a measurement begins, on the one quiet
// machine.
func TestTheSidecarTakesItsConfigurations(t *testing.T) {
	for _, s := range suites() {
		v := values{Address: "127.0.0.1:1", Backend: "127.0.0.1:2", Admin: "127.0.0.1:3", Endpoints: endpointsAt("127.0.0.1:2"), Dir: t.TempDir()}
		v.Config, v.Upstreams = v.Dir+"/config", upstreams(s.subject.upstreams, v.Endpoints)
		p := process{server: s.subject, values: v}
		if _, err := p.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse(s.subject.config, []byte(p.text)); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

func TestHostsAreOfTheUpstreamsThere(t *testing.T) {
	for _, c := range []struct {
		name string
		to   recipient
		n    int
		want string
	}{
		{"no matter", anyUpstream, 3, ""},
		{"last", lastUpstream, 3, "u2.bench"},
		{"every", spreadUpstreams, 3, "u0.bench u1.bench u2.bench"},
		{"every of one", spreadUpstreams, 1, "u0.bench"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(workload{to: c.to}.hosts(c.n), " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	all := workload{to: spreadUpstreams}.hosts(manyUpstreams)
	if slices.Sort(all); len(slices.Compact(slices.Clone(all))) != spreadOver() {
		t.Errorf("%d hosts, want %d different ones", len(all), spreadOver())
	}
}

func TestAServerThatIsNotHereSaysHowItComes(t *testing.T) {
	got := server{command: []string{"no-such-program-here"}, install: "scripts/some.sh"}.missing()
	if !strings.Contains(got, "no-such-program-here") || !strings.Contains(got, "scripts/some.sh") {
		t.Errorf("got %q", got)
	}
	if got := http1Sidecar().missing(); got != "" {
		t.Errorf("what this command builds is missing: %s", got)
	}
	if _, err := firstPresent([]server{{command: []string{"no-such-program-here"}}}); err == nil {
		t.Error("a suite without a backend begins")
	}
	here := server{name: "here", command: []string{"{{.Self}}"}}
	if got, err := firstPresent([]server{{command: []string{"no-such-program-here"}}, here}); err != nil || got.name != "here" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestScriptOfWrk(t *testing.T) {
	if got := wrkScript(workload{}, nil); got != "" {
		t.Errorf("a plain load has a script: %s", got)
	}
	got := wrkScript(workload{upload: 7}, []string{"a", "b"})
	for _, want := range []string{`wrk.method = "POST"`, `string.rep("a", 7)`, `{"a", "b"}`} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s:\n%s", want, got)
		}
	}
}
