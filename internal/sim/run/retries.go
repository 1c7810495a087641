package main

import (
	"fmt"
	"time"

	"sidecar/internal/sim"
)

// retries asks what the budget allows and what it is worth.
func retries(l *lab) {
	rates := pick(l, []float64{5, 50, 1000}, []float64{5, 50})
	var all []sim.Scenario
	var of []float64
	for _, fails := range []float64{0.01, 0.1, 0.3, 0.5, 1} {
		for _, rate := range rates {
			s := protected(sim.Scenario{
				Clients: pick(l, 10, 2), Hosts: 10, Policy: sim.P2C(), Rate: rate, Service: service(5 * time.Millisecond),
				Warm: pick(l, 20*time.Second, time.Second), Length: pick(l, time.Minute, 5*time.Second), Apart: true, Seed: seed,
			})
			s.Breaker = nil
			for h := range s.Hosts {
				s.Script = append(s.Script, sim.Fail(0, h, fails))
			}
			all, of = append(all, s), append(of, fails)
		}
	}
	t := l.table("retries", 2, "backends fail", "requests a second", "succeed", "without retries", "tries a request", "at most")
	for i, r := range l.run(all) {
		s := &all[i]
		t.add(percent(of[i]), fmt.Sprintf("%g", s.Rate), percent(r.Tally.Success()), percent(1-of[i]),
			fmt.Sprintf("%.3f", r.Tally.Tries()), fmt.Sprintf("%.3f", 1+min(float64(s.Retries), s.Budget+float64(s.PerSecond)/s.Rate)))
	}
}
