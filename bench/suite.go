package main

import (
	"context"
	"time"
)

// suite is one protocol: a backend, the proxies in front of it and the loads
// they are put under. subject is the proxy that is set beside the others.
type suite struct {
	name      string
	backend   server
	subject   server
	peers     []server
	workloads []workload
}

// workload is one load. A generator refuses what it cannot do.
type workload struct {
	name  string
	conns int
	path  string // what is asked for
	body  int    // bytes of the answer
	rate  int    // requests a second; 0 = as many as go, each connection waiting for its answer
	more  bool   // runs with -all only
	load  generator
	goals []goal
}

// goal is the most that the ratio of CPU time beside that peer shall be.
type goal struct {
	peer  string
	ratio float64
	text  string
}

// generator puts a workload on the address for that long, from the client's
// CPU, and tells what was done. An error is also that an answer was not right:
// there is no figure for those.
type generator func(ctx context.Context, w workload, address string, length time.Duration) (load, error)

// load is what a generator has done.
type load struct {
	requests int64
	rps      float64 // a second
	p50, p99 time.Duration
	cpu      time.Duration // of the generator
}

// suites is all that is measured.
func suites() []suite { return []suite{http1()} }

// goalBeside is the workload's goal beside that peer, false if it has none.
func (w workload) goalBeside(peer string) (goal, bool) {
	for _, g := range w.goals {
		if g.peer == peer {
			return g, true
		}
	}
	return goal{}, false
}
