package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Service is how long a backend works on a request: log-normal, as measured
// times of services mostly are. Sigma 0 is always the mean; with 0.5 the p99 is
// 2.8 times the mean.
type Service struct {
	Mean  time.Duration
	Sigma float64
}

func (s Service) draw(r *rand.Rand) int64 {
	if s.Sigma == 0 {
		return int64(s.Mean)
	}
	return int64(float64(s.Mean) * math.Exp(s.Sigma*r.NormFloat64()-s.Sigma*s.Sigma/2))
}

// state is how a backend does at present.
type state struct {
	slow   float64 // factor on its time
	fails  float64 // share of the requests that it answers with 503
	frozen int64   // it begins nothing before that time
	down   bool    // refuses connections
}

const (
	// fastFailure is how long a failing backend takes to say so, refusal how
	// long it takes to see that nobody listens.
	fastFailure = int64(200 * time.Microsecond)
	refusal     = int64(100 * time.Microsecond)
)

// host is a backend: a first-in-first-out queue before some workers. Its
// requests know their end when they come, as nothing overtakes.
type host struct {
	id     uint64
	name   string
	weight float64
	state  state
	// free is when each worker has done what it was given; none is as many
	// workers as there are requests.
	free     []int64
	requests int64 // since the warm-up
}

// newHosts makes n backends.
func newHosts(n int) []*host {
	slab, hosts := make([]host, n), make([]*host, n)
	for i := range slab {
		slab[i] = host{id: uint64(i + 1), name: fmt.Sprintf("10.%d.%d.%d:80", i>>16, i>>8&255, i&255), weight: 1}
		hosts[i] = &slab[i]
	}
	return hosts
}

// reset makes it idle and well.
func (h *host) reset(workers int) {
	h.state = state{slow: 1}
	h.free = make([]int64, workers)
}

// serve takes a request at now: when its reply comes, and what it is.
func (h *host) serve(s Service, r *rand.Rand, now int64) (int64, outcome) {
	if h.state.down {
		return now + refusal, refused
	}
	if h.state.fails > 0 && r.Float64() < h.state.fails {
		return now + fastFailure, unavailable
	}
	work := int64(float64(s.draw(r)) * h.state.slow)
	start := max(now, h.state.frozen)
	if len(h.free) == 0 {
		return start + work, success
	}
	w := 0
	for i, at := range h.free {
		if at < h.free[w] {
			w = i
		}
	}
	h.free[w] = max(start, h.free[w]) + work
	return h.free[w], success
}
