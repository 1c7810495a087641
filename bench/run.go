package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// runSuite runs a suite and enters what comes out into the journal as it comes.
func runSuite(ctx context.Context, j *journal, o options, s suite, v values) error {
	if len(s.workloads) == 0 {
		return nil
	}
	if err := os.MkdirAll(v.Dir, 0o755); err != nil {
		return err
	}
	v.Connections = s.conns
	v.Sockets = min(2*s.conns+spareFiles, v.Files)
	if s.subject.upstreams > 0 {
		v.Sockets = v.Files // connections to each of the endpoints are kept
	}
	if _, err := firstPresent(s.backends); err != nil {
		j.skipped(s, err)
		return nil
	}
	if s.client != "" {
		v.Client = filepath.Join(v.Dir, "client")
		if err := compileC(ctx, s.client, v.Client); err != nil {
			return err
		}
	}
	var d bed
	defer d.stop()
	if err := d.startAll(ctx, s, v); err != nil {
		return err
	}
	line, err := environment(ctx, v, d.servers())
	if err != nil {
		return err
	}
	j.begin(s, line, o, d.absent)
	rest, err := d.rest(ctx, s.workloads[0])
	if err != nil {
		return err
	}
	j.rest(rest)
	for i, w := range s.workloads {
		if err := runWorkload(ctx, j, o, s, w, &d); err != nil {
			return err
		}
		if i == 0 && o.profile != "" && w.load != nil && !j.profiled {
			if err := runProfile(ctx, j, w, d.subject, o.profile); err != nil {
				return err
			}
		}
	}
	if o.verbose {
		j.configurations(d.procs)
	}
	return nil
}

func runWorkload(ctx context.Context, j *journal, o options, s suite, w workload, d *bed) error {
	if w.hold > 0 {
		var all []held
		for _, p := range d.proxies() {
			fmt.Fprintf(os.Stderr, "%s, %s: %s\n", s.name, w.name, p.name)
			h, err := hold(ctx, p, w)
			if err != nil {
				return err
			}
			all = append(all, h)
		}
		j.held(w, all)
		return nil
	}
	m := measurement{
		w: w, targets: d.targets(), rounds: o.rounds, length: o.length * time.Duration(max(1, w.stretch)), backend: d.backend,
		step: func(round int) { fmt.Fprintf(os.Stderr, "%s, %s: round %d of %d\n", s.name, w.name, round, o.rounds) },
	}
	if err := m.run(ctx); err != nil {
		return err
	}
	j.workload(w, m.targets, s.subject.name)
	return nil
}

// executable is this program, which is also some of the servers and the
// generator of the open loop.
func executable() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(name)
}
