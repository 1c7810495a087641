package main

import (
	"fmt"
	"time"

	"sidecar/internal/sim"
	"sidecar/upstream/breaker"
)

// rule is a setting of the breaker with the name that it has in the tables.
type rule struct {
	name string
	set  func(*breaker.Settings)
}

func rules() []rule {
	only := func(row int, rate float64) func(*breaker.Settings) {
		return func(s *breaker.Settings) { s.ConsecutiveFailures, s.SuccessRate = row, rate }
	}
	return []rule{
		{"5 in a row or below 0.5 (default)", only(5, 0.5)},
		{"5 in a row only", only(5, 0)},
		{"below 0.5 only", only(0, 0.5)},
		{"5 in a row or below 0.8", only(5, 0.8)},
		{"5 in a row or below 0.9", only(5, 0.9)},
	}
}

// breakers asks how much of a failing backend gets through, and how often good
// ones are taken out.
func breakers(l *lab) {
	oneOfTen(l)
	allAlike(l)
}

// guarded is sidecars of ten backends, with breakers by that rule and without
// retries, so that what fails is seen.
func guarded(l *lab, rate float64, r rule) sim.Scenario {
	s := protected(sim.Scenario{
		Clients: pick(l, 20, 1), Hosts: 10, Policy: sim.P2C(), Rate: rate, Service: service(5 * time.Millisecond),
		Warm: pick(l, 20*time.Second, time.Second), Length: pick(l, 2*time.Minute, 2*time.Second), Apart: true, Seed: seed,
	})
	s.Retries, s.Budget, s.PerSecond = 0, 0, 0
	r.set(s.Breaker)
	return s
}

// oneOfTen has one backend of ten fail a share of its requests.
func oneOfTen(l *lab) {
	var all []sim.Scenario
	var cells [][]string
	for _, r := range rules() {
		for _, rate := range pick(l, []float64{10, 100, 1000}, []float64{10, 100}) {
			row := []string{r.name, fmt.Sprintf("%g", rate/10)}
			for _, fails := range []float64{0.1, 0.3, 0.5, 0.7, 1} {
				s := guarded(l, rate, r)
				s.Script = []sim.Step{sim.Fail(s.Warm, 0, fails)}
				all = append(all, s)
			}
			cells = append(cells, row)
		}
	}
	t := l.table("ejection", 2, "rule", "requests a second for a backend", "10 % fail", "30 % fail", "50 % fail", "70 % fail", "all fail")
	results := l.run(all)
	for i, row := range cells {
		for _, r := range results[5*i : 5*i+5] {
			row = append(row, percent(r.Shares[0]*10))
		}
		t.add(row...)
	}
}

// allAlike has all backends fail the same share: there is none to go to, and
// each ejection makes the others busier.
func allAlike(l *lab) {
	shares := []float64{0.05, 0.1, 0.2, 0.3, 0.5}
	var all []sim.Scenario
	for _, r := range rules() {
		for _, fails := range shares {
			s := guarded(l, 100, r)
			for h := range s.Hosts {
				s.Script = append(s.Script, sim.Fail(0, h, fails))
			}
			all = append(all, s)
		}
	}
	head := []string{"rule"}
	for _, fails := range shares {
		head = append(head, fmt.Sprintf("all fail %.0f %%", 100*fails))
	}
	t := l.table("false-ejections", 1, head...)
	results := l.run(all)
	for i, r := range rules() {
		row := []string{r.name}
		for j := range shares {
			n := i*len(shares) + j
			minutes := all[n].Length.Minutes() * float64(all[n].Clients*all[n].Hosts)
			row = append(row, fmt.Sprintf("%.2f", float64(results[n].Tally.Ejections())/minutes))
		}
		t.add(row...)
	}
}
