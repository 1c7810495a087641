package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settle is how long a proxy is given after a load to close its connections:
// that is part of what the load costs.
const settle = 50 * time.Millisecond

// target is what a load is put on: a proxy, or the backend itself.
type target struct {
	name    string
	proc    *process
	proxy   bool
	samples []sample
	rss     int64
	idle    float64 // CPU seconds a second outside its rounds
}

// sample is one round of one target.
type sample struct {
	load
	wall       time.Duration // start to settled
	proxy      time.Duration // CPU time of the proxy, 0 in the direct case
	clientSide time.Duration // of generator and backend
	conns      int64         // over which requests came to the backend, where it tells
}

// perRequest is the proxy's CPU time a request in microseconds.
func (s sample) perRequest() float64 {
	return float64(s.proxy.Nanoseconds()) / 1e3 / float64(s.requests)
}

func (t *target) series(of func(sample) float64) []float64 {
	xs := make([]float64, len(t.samples))
	for i, s := range t.samples {
		xs[i] = of(s)
	}
	return xs
}

// order is the sequence of n targets in a round: reversed every second round,
// so that none always comes after the same other.
func order(n, round int) []int {
	turns := make([]int, n)
	for i := range turns {
		turns[i] = i
		if round%2 == 1 {
			turns[i] = n - 1 - i
		}
	}
	return turns
}

// measurement is the rounds of one workload over all targets.
type measurement struct {
	w       workload
	targets []*target
	rounds  int // kept; one more before them is dropped
	length  time.Duration
	backend *process
	step    func(round int) // told at the beginning of each, 0 is the dropped one
}

func (m *measurement) run(ctx context.Context) error {
	for _, t := range m.targets {
		if err := t.proc.answers(ctx, m.w); err != nil {
			return err
		}
	}
	began := time.Now()
	before, err := m.proxiesCPU()
	if err != nil {
		return err
	}
	dropped := make([]sample, len(m.targets))
	for round := range m.rounds + 1 {
		m.step(round)
		for _, i := range order(len(m.targets), round) {
			t := m.targets[i]
			s, err := m.one(ctx, t)
			if err != nil {
				return fmt.Errorf("%s, %s, round %d: %w", t.name, m.w.name, round, errors.Join(err, t.proc.gone(), m.backend.gone()))
			}
			if round == 0 {
				dropped[i] = s
				continue
			}
			t.samples = append(t.samples, s)
		}
	}
	after, err := m.proxiesCPU()
	if err != nil {
		return err
	}
	for i, t := range m.targets {
		all := append([]sample{dropped[i]}, t.samples...)
		t.idle = idleShare(time.Since(began), after[i]-before[i], all)
		if t.rss, err = groupRSS(t.proc.group); err != nil {
			return err
		}
	}
	return nil
}

// idleShare is the share of a CPU that was used outside of the samples.
func idleShare(wall, cpu time.Duration, samples []sample) float64 {
	for _, s := range samples {
		wall -= s.wall
		cpu -= s.proxy
	}
	if wall <= 0 {
		return 0
	}
	return max(0, cpu.Seconds()/wall.Seconds())
}

func (m *measurement) proxiesCPU() ([]time.Duration, error) {
	all := make([]time.Duration, len(m.targets))
	for i, t := range m.targets {
		var err error
		if all[i], err = t.cpu(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// cpu is the proxy's CPU time so far.
func (t *target) cpu() (time.Duration, error) {
	if !t.proxy {
		return 0, nil
	}
	return groupCPU(t.proc.group)
}

func (m *measurement) one(ctx context.Context, t *target) (sample, error) {
	proxyBefore, err := t.cpu()
	if err != nil {
		return sample{}, err
	}
	backendBefore, err := groupCPU(m.backend.group)
	if err != nil {
		return sample{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	count := func() (int64, error) { return 0, nil }
	if m.w.counts != nil {
		if count, err = m.w.counts(ctx, m, t); err != nil {
			return sample{}, err
		}
	}
	began := time.Now()
	l, err := m.w.load(ctx, m.w, t.proc.aim(), m.length)
	if err != nil {
		return sample{}, err
	}
	time.Sleep(settle)
	wall := time.Since(began)
	proxyAfter, err := t.cpu()
	if err != nil {
		return sample{}, err
	}
	backendAfter, err := groupCPU(m.backend.group)
	if err != nil {
		return sample{}, err
	}
	s := sample{load: l, wall: wall, proxy: proxyAfter - proxyBefore, clientSide: l.cpu + backendAfter - backendBefore}
	s.conns, err = count()
	return s, err
}
