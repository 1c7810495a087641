package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// openLoop is the generator that keeps to a rate whatever the proxy does. A
// request's latency counts from when it was to be sent: one that waits for a
// connection because those before it are slow is as late as its user would see
// it. A closed loop would send less instead, and leave out just these.
//
// It runs as a process of its own (runGenerator), pinned beside the backend.
func openLoop(ctx context.Context, w workload, at aim, length time.Duration) (load, error) {
	if w.rate == 0 || w.upload > 0 || w.fresh || w.to != anyUpstream {
		return load{}, errors.New("open loop: it has a rate, and neither request bodies, fresh connections nor hosts")
	}
	self, err := executable()
	if err != nil {
		return load{}, err
	}
	order, err := json.Marshal(errand{Address: at.address, Path: w.path, Body: w.body, Conns: w.conns, Rate: w.rate, Length: length})
	if err != nil {
		return load{}, err
	}
	cmd := pinned(ctx, clientCPU, []string{self, "generate", string(order)})
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return load{}, fmt.Errorf("open loop: %w: %s", err, strings.TrimSpace(failed.String()))
	}
	var latencies []time.Duration
	if err := json.Unmarshal(out, &latencies); err != nil {
		return load{}, fmt.Errorf("open loop: %w", err)
	}
	slices.Sort(latencies)
	return load{
		requests: int64(len(latencies)), rps: float64(len(latencies)) / length.Seconds(),
		p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), p999: quantile(latencies, 0.999),
		cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
	}, nil
}

// quantile is the least of the sorted values that the share q of them does not
// exceed. All are kept: a few thousand a round need no histogram.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// errand is what the generator's process is told.
type errand struct {
	Address, Path string
	Body          int // bytes of each answer
	Conns, Rate   int
	Length        time.Duration
}

// runGenerator carries out an errand and prints the latencies.
func runGenerator(args []string) error {
	var e errand
	if len(args) != 1 {
		return errors.New("usage: bench generate ERRAND")
	}
	if err := json.Unmarshal([]byte(args[0]), &e); err != nil {
		return err
	}
	latencies, err := pace(e)
	if err != nil {
		return err
	}
	text, err := json.Marshal(latencies)
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	return nil
}
