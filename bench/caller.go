package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// caller is the generator of Thrift calls in a closed loop: testdata/caller.c,
// pinned beside the backend.
func caller(ctx context.Context, w workload, at aim, length time.Duration) (load, error) {
	if w.rate != 0 || w.upload > 0 || w.fresh || w.to != anyUpstream {
		return load{}, errors.New("caller: it has no rate, kept connections, and bytes that go there and back")
	}
	return compiled(ctx, at, length, strconv.Itoa(w.conns), strconv.Itoa(w.body))
}

// compiled runs the suite's generator, a program of testdata: it takes address and
// port, what the load is, and for how long.
func compiled(ctx context.Context, at aim, length time.Duration, what ...string) (load, error) {
	host, port, err := net.SplitHostPort(at.address)
	if err != nil {
		return load{}, err
	}
	args := append([]string{at.client, host, port}, what...)
	args = append(args, strconv.FormatInt(length.Milliseconds(), 10))
	cmd := pinned(ctx, clientCPU, args)
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return load{}, fmt.Errorf("generator: %w: %s", err, strings.TrimSpace(failed.String()))
	}
	l, err := parseCaller(out)
	l.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return l, err
}

// parseCaller reads what the program prints; times are in microseconds.
func parseCaller(out []byte) (load, error) {
	var told struct {
		Requests            int64
		RPS, P50, P99, P999 float64
	}
	if err := json.Unmarshal(out, &told); err != nil {
		return load{}, fmt.Errorf("generator: %w: %q", err, out)
	}
	if told.Requests == 0 {
		return load{}, errors.New("generator: nothing was answered")
	}
	return load{
		requests: told.Requests, rps: told.RPS,
		p50: micros(told.P50), p99: micros(told.P99), p999: micros(told.P999),
	}, nil
}

func micros(us float64) time.Duration { return time.Duration(us * float64(time.Microsecond)) }
