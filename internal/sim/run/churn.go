package main

import (
	"fmt"
	"time"

	"sidecar/internal/sim"
)

const (
	// churnRate is low: what an aperture of more requests opens and closes for
	// the load's sake would be counted too.
	churnRate = 5
	// gap is the time from one restart to the next, away how long each takes.
	gap  = 15 * time.Second
	away = 10 * time.Second
)

// churn asks what connections a rolling restart costs, of either side.
func churn(l *lab) {
	sizes := pick(l, []pair{{100, 100}, {30, 300}, {100, 30}}, []pair{{2, 5}})
	var all []sim.Scenario
	var what []string
	file := func(name string, s sim.Scenario) { all, what = append(all, s), append(what, name) }
	for _, n := range sizes {
		still := apertureDefaults()
		still.JitterMin, still.JitterMax = 0, 0
		for _, p := range append(policies()[1:], sim.RandomAperture(random+" without jitter", still)) {
			file("backends", rolling(n, p, n.hosts, func(at time.Duration, i int) []sim.Step {
				return []sim.Step{sim.Leave(at, i, i+1), sim.Join(at+away, i, i+1)}
			}))
			file("sidecars", rolling(n, p, n.clients, func(at time.Duration, i int) []sim.Step { return sim.Restart(at, away, i, false) }))
			if p.Name == determined {
				file("sidecars, places are ranks", rolling(n, p, n.clients, func(at time.Duration, i int) []sim.Step { return sim.Restart(at, away, i, true) }))
			}
		}
	}
	results := l.run(all)
	t := l.table("churn", 3, "sidecars × backends", "restarted, one by one", "policy", "connections", "broken by restarts", "opened", "opened for each broken", "CV of the load")
	for i, r := range results {
		s := &all[i]
		t.add(size(s.Clients, s.Hosts), what[i], s.Policy.Name, count(r.Network.Pairs), count(r.Network.Broken), count(r.Network.Opened),
			fmt.Sprintf("%.2f", float64(r.Network.Opened)/float64(max(1, r.Network.Broken))), fmt.Sprintf("%.2f", r.Hosts.CV))
	}
}

// rolling restarts so many of something, and waits until connections that are
// left idle by it have ended.
func rolling(n pair, p sim.Policy, restarts int, step func(at time.Duration, i int) []sim.Step) sim.Scenario {
	s := even(n, p)
	s.Rate, s.Warm = churnRate, 30*time.Second
	s.Length = time.Duration(restarts)*gap + 90*time.Second
	for i := range restarts {
		s.Script = append(s.Script, step(s.Warm+time.Duration(i)*gap, i)...)
	}
	return s
}
