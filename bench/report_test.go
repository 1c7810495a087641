package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func steady(name string, perRequest time.Duration) *target {
	s := sample{
		load: load{requests: 1000, rps: 950, p50: time.Millisecond, p99: 2 * time.Millisecond},
		wall: time.Second, proxy: 1000 * perRequest, clientSide: 900 * time.Millisecond,
	}
	return &target{name: name, proxy: true, samples: slices.Repeat([]sample{s}, enough), rss: 3 << 20, idle: 0.001}
}

func TestReportHasRatiosWithVerdictsAndTheDirectCase(t *testing.T) {
	direct := &target{name: "direct", samples: []sample{{load: load{requests: 1, rps: 80000}, wall: time.Second}}}
	targets := []*target{direct, steady("sidecar", 10*time.Microsecond), steady("haproxy", 20*time.Microsecond), steady("nginx", 8*time.Microsecond)}
	w := workload{name: "some load", goals: []goal{{peer: "haproxy", ratio: 0.85, text: "first ratio"}}}
	var b strings.Builder
	report(&b, w, targets, "sidecar")
	for _, want := range []string{
		"### some load\n",
		"| haproxy | 0.50 | 0.50 to 0.50 | 0.85 (first ratio) | met |\n",
		"| nginx | 1.25 | 1.25 to 1.25 | none | - |\n",
		"| direct | - | 80000 |",
		"| sidecar | 10.0 (10.0-10.0) | 950 | 1.00 ms | 2.00 ms | 1 % | 90 % | 3.0 MiB | 1.00 ms/s |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "| sidecar | 1.00 |") {
		t.Error("the sidecar is beside itself")
	}
}

func TestGoalsNamePeersOfTheirSuite(t *testing.T) {
	for _, s := range suites() {
		peers := map[string]bool{}
		for _, p := range s.peers {
			peers[p.name] = true
		}
		for _, w := range s.workloads {
			for _, g := range w.goals {
				if !peers[g.peer] {
					t.Errorf("%s, %s: a goal beside %q, which is no peer", s.name, w.name, g.peer)
				}
			}
		}
	}
}

func TestEveryConfigurationIsThereAndExpands(t *testing.T) {
	for _, s := range suites() {
		for _, srv := range append([]server{s.backend, s.subject}, s.peers...) {
			p := process{server: srv, values: values{Address: "127.0.0.1:1", Backend: "127.0.0.1:2", Admin: "127.0.0.1:3", Dir: t.TempDir()}}
			p.Config = p.Dir + "/config"
			if _, err := p.prepare(); err != nil {
				t.Errorf("%s: %v", srv.name, err)
			}
			if !strings.Contains(p.text, "127.0.0.1:1") || strings.Contains(p.text, "{{") {
				t.Errorf("%s: not expanded:\n%s", srv.name, p.text)
			}
		}
	}
}
