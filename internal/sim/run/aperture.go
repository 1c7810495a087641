package main

import (
	"fmt"
	"time"

	"sidecar/internal/sim"
)

// aperture asks what the settings of the apertures do.
func aperture(l *lab) {
	bands(l)
	leasts(l)
}

// bands shows the random aperture's load band: the size that it settles at for
// what is outstanding at a sidecar, and how restless it is.
func bands(l *lab) {
	type band struct{ low, high float64 }
	outstanding := pick(l, []float64{0.3, 1, 3, 10, 30}, []float64{1, 3})
	var all []sim.Scenario
	var of []band
	for _, b := range []band{{0.5, 2}, {0.875, 1.125}, {0.25, 4}, {1, 2}} {
		for _, load := range outstanding {
			p := apertureDefaults()
			p.LowLoad, p.HighLoad = b.low, b.high
			s := even(pair{pick(l, 50, 3), 100}, sim.RandomAperture(random, p))
			s.Service = service(50 * time.Millisecond)
			s.Rate, s.Warm, s.Length = load/s.Service.Mean.Seconds(), pick(l, time.Minute, time.Second), pick(l, time.Minute, 5*time.Second)
			all, of = append(all, s), append(of, b)
			// The same, for whom there was four times as much for a while before.
			s.Script = []sim.Step{sim.Busy(0, 4), sim.Busy(s.Warm/2, 1)}
			all, of = append(all, s), append(of, b)
		}
	}
	t := l.table("band", 2, "low and high load", "outstanding at a sidecar", "size", "size after a rush", "changes a minute", "CV of the load")
	results := l.run(all)
	for i := 0; i < len(all); i += 2 {
		s, r, rushed := &all[i], &results[i], &results[i+1]
		changes := float64(r.Network.Opened) / s.Length.Minutes() / float64(s.Clients)
		t.add(fmt.Sprintf("%g to %g", of[i].low, of[i].high), fmt.Sprintf("%g", s.Rate*s.Service.Mean.Seconds()),
			fmt.Sprintf("%.1f", r.Network.InAperture.Mean), fmt.Sprintf("%.1f", rushed.Network.InAperture.Mean),
			fmt.Sprintf("%.2f", changes), fmt.Sprintf("%.2f", r.Hosts.CV))
	}
}

// leasts shows the least size: few members are cheap and have little choice.
// One of them is slow.
func leasts(l *lab) {
	var all []sim.Scenario
	var of []int
	for _, least := range pick(l, []int{1, 2, 3, 4, 6, 12, 24}, []int{1, 12}) {
		p := apertureDefaults()
		p.MinSize = least
		policies := []sim.Policy{sim.RandomAperture(random, p)}
		if least > 1 {
			policies = append(policies, sim.Deterministic(determined, least))
		}
		for _, policy := range policies {
			s := even(pair{pick(l, 100, 5), pick(l, 100, 20)}, policy)
			s.Apart, s.Rate, s.Workers, s.Warm, s.Length = false, 50, 32, pick(l, 20*time.Second, time.Second), pick(l, time.Minute, 2*time.Second)
			for i := 0; i < s.Hosts; i += 10 {
				s.Script = append(s.Script, sim.Slow(0, i, 10))
			}
			all, of = append(all, protected(s)), append(of, least)
		}
	}
	t := l.table("least", 2, "least size", "policy", "connections", "CV of the load on the others", "share of the slow tenth", "p50", "p99")
	for i, r := range l.run(all) {
		slow := 0.0
		var well []float64
		for h, share := range r.Shares {
			if h%10 == 0 {
				slow += share
			} else {
				well = append(well, share)
			}
		}
		t.add(fmt.Sprint(of[i]), all[i].Policy.Name, count(r.Network.Pairs), fmt.Sprintf("%.2f", sim.SpreadOf(well).CV),
			percent(slow), ms(r.Tally.Percentile(0.5)), ms(r.Tally.Percentile(0.99)))
	}
}
