package main

import (
	"context"
	"time"
)

// suite is one protocol, or one shape of configuration for it: a backend, the
// proxies in front of it and the loads they are put under. subject is the proxy
// that is set beside the others.
type suite struct {
	name      string
	backends  []server // the first that can be started here serves
	subject   server
	peers     []server
	client    string // the C program of testdata that is its generator, "" for none
	workloads []workload
	conns     int // that proxies must take at once
}

// workload is one load. A generator refuses what it cannot do.
type workload struct {
	name     string
	conns    int
	path     string    // what is asked for
	body     int       // bytes of the answer
	upload   int       // bytes of the request's body
	fresh    bool      // a connection for each request
	rate     int       // requests a second; 0 = as many as go, each connection waiting for its answer
	stretch  int       // a round is so many times as long as others; 0 = 1
	to       recipient // of many upstreams
	more     bool      // runs with -all only
	load     generator
	hold     int      // no load: so many idle connections are held
	greet    greeting // what each of these says first; nil is one of HTTP
	ask      question
	depth    int       // commands that are sent at once, or bytes of records in a batch, where a protocol has that
	acks     int       // of brokers for what is produced: -1 is of all
	unit     unit      // what is counted
	counts   census    // over how many connections requests come to the backend; nil = not told
	measures []measure // that ratios are taken of; none is CPU time
	goals    []goal
}

// recipient says which of the upstreams behind a proxy requests go to.
type recipient int

const (
	anyUpstream recipient = iota // there is one, or the request's Host does not matter
	lastUpstream
	spreadUpstreams // over many, in turns
)

// hosts are what stands in the Host fields of requests, in turns, at a proxy
// with so many upstreams; none is that of its address.
func (w workload) hosts(n int) []string {
	var hosts []string
	switch w.to {
	case lastUpstream:
		hosts = append(hosts, hostOf(n-1))
	case spreadUpstreams:
		over := min(n, spreadOver())
		for i := range over {
			hosts = append(hosts, hostOf(i*n/over))
		}
	}
	return hosts
}

// ratiosOf are the measures that are set beside those of peers.
func (w workload) ratiosOf() []measure {
	if len(w.measures) == 0 {
		return []measure{cpuTime}
	}
	return w.measures
}

// goal is the most that the ratio of a measure beside that peer's shall be; the
// least for one of which more is better.
type goal struct {
	peer  string
	of    measure
	ratio float64
}

// aim is where a load goes.
type aim struct {
	address   string
	upstreams int    // behind it
	client    string // the suite's generator, compiled
}

// question puts one request of the workload's and looks that its answer is
// whole; nil is one of HTTP.
type question func(ctx context.Context, w workload, at aim) error

// generator puts a workload on the address for that long, from the client's
// CPU, and tells what was done. An error is also that an answer was not right:
// there is no figure for those.
type generator func(ctx context.Context, w workload, at aim, length time.Duration) (load, error)

// load is what a generator has done.
type load struct {
	requests       int64
	rps            float64 // a second
	p50, p99, p999 time.Duration
	cpu            time.Duration // of the generator
}

// suites is all that is measured.
func suites() []suite {
	return []suite{http1(), http1Idle(), http1Many(), thrift(), thriftMux(), thriftMuxSlow(), redis(), redisIdle(), kafka()}
}

// goalBeside is the workload's goal for a measure beside that peer's, false if
// it has none.
func (w workload) goalBeside(peer string, of measure) (goal, bool) {
	for _, g := range w.goals {
		if g.peer == peer && g.of == of {
			return g, true
		}
	}
	return goal{}, false
}
