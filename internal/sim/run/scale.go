package main

import (
	"fmt"
	"runtime"
	"time"

	"sidecar/internal/sim"
)

// scale asks what a sidecar pays for many backends: the memory of its picker
// and the time to plan anew when one backend comes or goes, or one peer. The
// times are of the machine that wrote the table.
func scale(l *lab) {
	t := l.table("scale", 2, "sidecars and backends", "policy", "bytes a backend, picker", "first plan", "one backend less", "one peer more")
	t.clocked = true
	for _, n := range pick(l, []int{100, 1000, largest}, []int{100}) {
		for _, p := range policies()[1:] {
			c := sim.Weigh(p, n)
			t.add(count(n), p.Name, count(c.Bytes/int64(n)), took(c.First), took(c.Less), took(c.Peer))
		}
	}
	runtime.GC()
}

// took writes how long something took, "-" for what is not done.
func took(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3g ms", float64(d)/1e6)
}
