package main

import (
	"fmt"
	"time"

	"sidecar/internal/sim"
)

// illness is what goes wrong with backends.
type illness struct {
	name   string
	short  string // under the drawing, "" if it is not in it
	script func(at time.Duration) []sim.Step
	ill    []int // which backends are
}

func illnesses() []illness {
	slow := func(factor float64) func(time.Duration) []sim.Step {
		return func(at time.Duration) []sim.Step { return []sim.Step{sim.Slow(at, 0, factor)} }
	}
	fail := func(at time.Duration) []sim.Step { return []sim.Step{sim.Fail(at, 1, 1)} }
	return []illness{
		{"nothing", "nothing", func(time.Duration) []sim.Step { return nil }, nil},
		{"one takes 10 times as long", "10 × slower", slow(10), []int{0}},
		{"one takes 100 times as long", "100 × slower", slow(100), []int{0}},
		{"one fails at once", "fails", fail, []int{1}},
		{"one takes 100 times as long, one fails at once", "100 × slower, fails", func(at time.Duration) []sim.Step { return append(slow(100)(at), fail(at)...) }, []int{0, 1}},
		{"one stands still for 50 ms each second", "pauses", pauses, []int{0}},
		{"one dies, and comes back after 20 s", "", func(at time.Duration) []sim.Step {
			return []sim.Step{sim.Down(at, 0), sim.Up(at+20*time.Second, 0)}
		}, []int{0}},
		{"five fail at once", "", func(at time.Duration) (steps []sim.Step) {
			for i := range 5 {
				steps = append(steps, sim.Fail(at, i, 1))
			}
			return steps
		}, []int{0, 1, 2, 3, 4}},
	}
}

func pauses(at time.Duration) (steps []sim.Step) {
	for i := range 60 {
		steps = append(steps, sim.Freeze(at+time.Duration(i)*time.Second, 0, 50*time.Millisecond))
	}
	return steps
}

const (
	troubleClients = 20
	troubleHosts   = 10
	// troubleRate makes each backend work on one request at once, on average, of
	// the sixteen that it can.
	troubleRate    = 500
	troubleWorkers = 16
)

// trouble asks what clients notice of backends that are slow or fail.
func trouble(l *lab) {
	warm, length := pick(l, 10*time.Second, time.Second), pick(l, 30*time.Second, time.Second)
	var all []sim.Scenario
	var of []illness
	for _, ill := range pick(l, illnesses(), illnesses()[4:5]) {
		for _, p := range loaded(l) {
			s := sim.Scenario{
				Clients: pick(l, troubleClients, 2), Hosts: troubleHosts, Policy: p, Rate: troubleRate, Service: service(time.Millisecond),
				Workers: troubleWorkers, Timeout: 2 * time.Second, Warm: warm, Length: length, Seed: seed, Script: ill.script(warm),
			}
			all, of = append(all, protected(s)), append(of, ill)
		}
	}
	results := l.run(all)
	t := l.table("trouble", 2, "what is wrong with ten backends", "policy", "succeed", "p50", "p99", "p99.9", "share of the ill", "tries a request")
	dots := drawing{name: "trouble", title: "p99 that clients see, ms", y: "ms", logarithmic: true}
	for i, r := range results {
		share := "-"
		if len(of[i].ill) > 0 {
			sum := 0.0
			for _, h := range of[i].ill {
				sum += r.Shares[h]
			}
			share = percent(sum)
		}
		p99 := ms(r.Tally.Percentile(0.99))
		t.add(of[i].name, all[i].Policy.Name, percent(r.Tally.Success()), ms(r.Tally.Percentile(0.5)), p99,
			ms(r.Tally.Percentile(0.999)), share, fmt.Sprintf("%.3f", r.Tally.Tries()))
		if of[i].short != "" {
			dots.dot(all[i].Policy.Name, of[i].short, figure(p99))
		}
	}
	l.plots = append(l.plots, dots)
}

// loaded are the policies with each way to tell a backend's load. Least loaded
// keeps an order that reply times would change behind its back, and so cannot.
func loaded(l *lab) []sim.Policy {
	all := policies()
	for _, p := range []sim.Policy{sim.P2C(), sim.RandomAperture(random, apertureDefaults()), sim.Deterministic(determined, 0)} {
		all = append(all, p.ByTime())
	}
	return pick(l, all, all[4:6])
}
