package main

import (
	"encoding/xml"
	"errors"
	"io"
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

func TestJournalHasRatiosWithVerdictsAndTheDirectCase(t *testing.T) {
	direct := &target{name: "direct", samples: []sample{{load: load{requests: 1, rps: 80000}, wall: time.Second}}}
	targets := []*target{direct, steady("sidecar", 10*time.Microsecond), steady("haproxy", 20*time.Microsecond), steady("nginx", 8*time.Microsecond)}
	w := workload{
		name: "some load", measures: []measure{cpuTime, throughput},
		goals: []goal{{"haproxy", cpuTime, 0.85}, {"nginx", throughput, 1.1}},
	}
	var live strings.Builder
	j := journal{live: &live, suite: "HTTP"}
	j.workload(w, targets, "sidecar")
	for _, want := range []string{
		"### some load\n",
		"| CPU time a request | haproxy | 0.50 | 0.50 to 0.50 | 0.85 | met |\n",
		"| CPU time a request | nginx | 1.25 | 1.25 to 1.25 | none | - |\n",
		"| requests/s | nginx | 1.00 | 1.00 to 1.00 | at least 1.10 | missed |\n",
		"| direct | - | 80000 | - |",
		"| sidecar | 10.0 (10.0-10.0) | 950 | 1.00 ms | 2.00 ms | - | 1 % | 90 % | 3.0 MiB | 1.00 ms/s |\n",
	} {
		if !strings.Contains(live.String(), want) {
			t.Errorf("lacks %q:\n%s", want, live.String())
		}
	}
	if strings.Contains(live.String(), "| sidecar | 1.00 |") {
		t.Error("the sidecar is beside itself")
	}
	if j.text.String() != live.String() {
		t.Error("the document is not what was told")
	}
	goals := goalTable(j.rows)
	if strings.Count(goals, "HTTP: some load") != 2 || !strings.Contains(goals, "| CPU time a request | haproxy | 0.50 | 0.50 to 0.50 | 0.85 | met |") {
		t.Errorf("goals:\n%s", goals)
	}
}

func TestHeldTableIsPerConnection(t *testing.T) {
	var b strings.Builder
	heldTable(&b, []held{{name: "sidecar", conns: 1024, before: 8 * mib, with: 10 * mib, idle: 0.0005}})
	if want := "| sidecar | 8.0 MiB | 10.0 MiB | 2.00 | 0.50 ms/s |\n"; !strings.Contains(b.String(), want) {
		t.Errorf("lacks %q:\n%s", want, b.String())
	}
}

func TestEveryRoundIsInTheRawData(t *testing.T) {
	j := journal{live: &strings.Builder{}, suite: "HTTP"}
	j.workload(workload{name: "a, b"}, []*target{steady("sidecar", 10*time.Microsecond)}, "sidecar")
	got, err := csvText(j.rounds)
	if err != nil || strings.Count(got, "\n") != enough+1 {
		t.Fatalf("got %v\n%s", err, got)
	}
	if want := "HTTP,\"a, b\",sidecar,1,1000,950,10.00,1000,2000,0,10,900,1000,0\n"; !strings.Contains(got, want) {
		t.Errorf("lacks %q:\n%s", want, got)
	}
}

func TestPlotIsAnXMLDocumentWithEveryRatio(t *testing.T) {
	got := plot([]row{
		{suite: "a<b", workload: "w", peer: "haproxy", estimate: estimate{0.5, 0.4, 0.6}, goal: 0.8, verdict: "met"},
		{suite: "a<b", workload: "w", peer: "nginx", estimate: estimate{40, 30, 50}},
	})
	d := xml.NewDecoder(strings.NewReader(got))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v:\n%s", err, got)
		}
	}
	for _, want := range []string{"0.50 (0.40 to 0.60)", `class="bar met"`, `class="goal"`, "40.00 (30.00 to 50.00)", "a&lt;b: w, CPU time a request"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

func TestPlacesOnTheScale(t *testing.T) {
	for ratio, want := range map[float64]int{0.1: plotLabels, 4: plotLabels + plotWidth, 0.01: plotLabels, 100: plotLabels + plotWidth} {
		if got := plotX(ratio); got != want {
			t.Errorf("%v is at %d, want %d", ratio, got, want)
		}
	}
	if half, twice := plotX(1)-plotX(0.5), plotX(2)-plotX(1); half-twice > 1 || twice-half > 1 {
		t.Errorf("half is %d away from 1, twice is %d", half, twice)
	}
}

func TestWordsForNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{thousands(7), "7"}, {thousands(9000), "9,000"}, {thousands(1002003), "1,002,003"},
		{plural(1, "connection"), "1 connection"}, {plural(64, "connection"), "64 connections"},
		{size(100), "100 B"}, {size(16 * kib), "16 KiB"}, {size(mib), "1 MiB"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestJournalTellsWhatWasNotMeasuredAndConnectionsToTheBackend(t *testing.T) {
	j := journal{live: &strings.Builder{}}
	j.skipped(suite{name: "Thrift"}, errors.New("there is no cc"))
	sidecar := steady("sidecar", 10*time.Microsecond)
	for i := range sidecar.samples {
		sidecar.samples[i].conns = 2
	}
	j.workload(workload{name: "some load", counts: toldByBackend}, []*target{sidecar}, "sidecar")
	for _, want := range []string{"## Thrift\n\nNot measured: there is no cc.\n", "| sidecar | 2 | 475 |\n"} {
		if !strings.Contains(j.text.String(), want) {
			t.Errorf("lacks %q:\n%s", want, j.text.String())
		}
	}
}
