package main

import (
	"fmt"
	"time"

	"sidecar/internal/sim"
)

// pair is a number of sidecars and of backends.
type pair struct{ clients, hosts int }

const (
	// spreadRate is how many requests a second a sidecar has; with answers in
	// 10 ms one is outstanding, on average.
	spreadRate = 100
	// spreadEach is how many requests each backend gets, on average: chance
	// alone then makes a CV of 0.03.
	spreadEach = 1000
	// largest is where each backend gets a tenth of that.
	largest = 10_000
)

// spread asks how evenly backends are loaded and what connections that takes.
func spread(l *lab) {
	sizes := pick(l, []pair{{3, 3}, {10, 10}, {30, 100}, {100, 30}, {100, 100}, {1000, 100}, {100, 1000}, {1000, 1000}, {largest, largest}},
		[]pair{{2, 2}, {3, 3}})
	var all []sim.Scenario
	for _, n := range sizes {
		for _, p := range policies() {
			all = append(all, even(n, p))
		}
	}
	results := l.run(all)
	t := l.table("spread", 2, "sidecars × backends", "policy", "connections", "a sidecar", "a backend, least to most",
		"load, most by least", "CV", "CV by chance")
	links := drawing{name: "connections", title: "Connections of as many sidecars as backends", x: "sidecars and backends", y: "connections", logarithmic: true}
	loads := drawing{name: "spread", title: "How unevenly backends are loaded (CV; chance is 0.03, at the right end 0.1)", x: "sidecars and backends", y: "coefficient of variation", logarithmic: true}
	for i, r := range results {
		s := &all[i]
		t.add(size(s.Clients, s.Hosts), s.Policy.Name, count(r.Network.Pairs), fmt.Sprintf("%.1f", r.Network.PerClient.Mean),
			fmt.Sprintf("%.0f to %.0f", r.Network.PerHost.Min, r.Network.PerHost.Max),
			ratio(r.Hosts.Ratio()), fmt.Sprintf("%.3f", r.Hosts.CV), fmt.Sprintf("%.3f", r.Hosts.Chance()))
		if s.Clients == s.Hosts {
			row := t.rows[len(t.rows)-1]
			links.point(s.Policy.Name, float64(s.Hosts), figure(row[2]))
			loads.point(s.Policy.Name, float64(s.Hosts), max(0.001, figure(row[6])))
		}
	}
	l.plots = append(l.plots, links, loads)
}

// even is n sidecars and backends with nothing wrong.
func even(n pair, p sim.Policy) sim.Scenario {
	each, warm := float64(spreadEach), 5*time.Second
	if n.clients >= largest {
		each, warm = each/10, 500*time.Millisecond
	}
	return sim.Scenario{
		Clients: n.clients, Hosts: n.hosts, Policy: p, Rate: spreadRate, Service: service(10 * time.Millisecond),
		Warm: warm, Length: seconds(each * float64(n.hosts) / float64(n.clients) / spreadRate),
		Apart: true, Seed: seed,
	}
}
