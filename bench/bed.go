package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// introduction stands above the tables in the document.
const introduction = `# Performance

Written by ` + "`go run ./bench -write`" + `, which measures the sidecar beside other proxies with equal features on (connections to
the backend kept, no access log, one thread, the same CPU); their configurations are in bench/testdata.

CPU time is that of the proxy's process and its workers, divided by the requests done. Ratios are taken within a round,
the targets take turns, and what is printed is the median over rounds with its 95 % bootstrap interval. A goal is met if
the interval's upper end is at or below it, missed if the lower end is above it, else not shown. Absolute figures are of
the machine named. "direct" is the client at the backend without a proxy: where its requests/s are not well above a
proxy's, the client's side was the limit, and requests/s and latencies say nothing about that proxy.

`

// bed is a suite's servers, running.
type bed struct {
	backend *process
	subject *process
	procs   []*process // all, in the order of starting
}

func (d *bed) stop() {
	for _, p := range d.procs {
		p.stop()
	}
}

// start starts one server on a free address.
func (d *bed) start(ctx context.Context, s server, cpu int, v values) (*process, error) {
	v.Dir = filepath.Join(v.Dir, s.name)
	if err := os.MkdirAll(v.Dir, 0o755); err != nil {
		return nil, err
	}
	var err error
	if v.Address, err = freeAddress(); err != nil {
		return nil, err
	}
	if v.Admin, err = freeAddress(); err != nil {
		return nil, err
	}
	p, err := s.start(ctx, cpu, v)
	if err != nil {
		return nil, err
	}
	d.procs = append(d.procs, p)
	return p, nil
}

func (d *bed) startAll(ctx context.Context, s suite, v values) error {
	var err error
	if d.backend, err = d.start(ctx, s.backend, clientCPU, v); err != nil {
		return err
	}
	v.Backend = d.backend.Address
	if d.subject, err = d.start(ctx, s.subject, proxyCPU, v); err != nil {
		return err
	}
	for _, peer := range s.peers {
		if _, err := d.start(ctx, peer, proxyCPU, v); err != nil {
			return err
		}
	}
	return nil
}

// targets are new ones for a workload: the direct case, then the proxies.
func (d *bed) targets() []*target {
	ts := []*target{{name: "direct", proc: d.backend}}
	for _, p := range d.procs {
		if p != d.backend {
			ts = append(ts, &target{name: p.name, proc: p, proxy: true})
		}
	}
	return ts
}

// measure runs a suite and adds its part of the result to b.
func measure(ctx context.Context, b *strings.Builder, o options, s suite, dir, sidecar string) error {
	v := values{Dir: filepath.Join(dir, strings.ReplaceAll(s.name, "/", "")), Sidecar: sidecar}
	line, err := environment(ctx, v, append([]server{s.backend, s.subject}, s.peers...))
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "## %s\n\n%s; %d rounds of %v kept.\n\n", s.name, line, o.rounds, o.length)
	var d bed
	defer d.stop()
	if err := d.startAll(ctx, s, v); err != nil {
		return err
	}
	for i, w := range s.workloads {
		if w.more && !o.all {
			continue
		}
		m := measurement{
			w: w, targets: d.targets(), rounds: o.rounds, length: o.length, backend: d.backend,
			step: func(round int) { fmt.Fprintf(os.Stderr, "%s, %s: round %d of %d\n", s.name, w.name, round, o.rounds) },
		}
		if err := m.run(ctx); err != nil {
			return err
		}
		report(b, w, m.targets, s.subject.name)
		if i == 0 && o.profile != "" {
			if err := profile(ctx, w, d.subject, o.profile); err != nil {
				return err
			}
		}
	}
	if o.verbose {
		configurations(b, d.procs)
	}
	return nil
}
