package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// restFor is how long servers are left alone before their memory at rest is
// read.
const restFor = 3 * time.Second

// bed is a suite's servers, running.
type bed struct {
	backend *process
	subject *process
	procs   []*process // all, in the order of starting
	absent  []string   // peers that are not here, with the reason
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
	if v.Backend == "" {
		v.Endpoints = endpointsAt(v.Address)
	}
	p, err := s.start(ctx, cpu, v)
	if err != nil {
		return nil, err
	}
	d.procs = append(d.procs, p)
	return p, nil
}

func (d *bed) startAll(ctx context.Context, s suite, v values) error {
	backend, err := firstPresent(s.backends)
	if err != nil {
		return err
	}
	if d.backend, err = d.start(ctx, backend, clientCPU, v); err != nil {
		return err
	}
	v.Backend, v.Endpoints = d.backend.Address, d.backend.Endpoints
	if d.subject, err = d.start(ctx, s.subject, proxyCPU, v); err != nil {
		return err
	}
	for _, peer := range s.peers {
		if reason := peer.missing(); reason != "" {
			d.absent = append(d.absent, peer.name+": "+reason)
			continue
		}
		if _, err := d.start(ctx, peer, proxyCPU, v); err != nil {
			return err
		}
	}
	return nil
}

func firstPresent(servers []server) (server, error) {
	var reasons string
	for _, s := range servers {
		reason := s.missing()
		if reason == "" {
			return s, nil
		}
		reasons += "; " + reason
	}
	return server{}, fmt.Errorf("no backend%s", reasons)
}

func (d *bed) servers() []server {
	var all []server
	for _, p := range d.procs {
		all = append(all, p.server)
	}
	return all
}

// proxies are all but the backend.
func (d *bed) proxies() []*process {
	var all []*process
	for _, p := range d.procs {
		if p != d.backend {
			all = append(all, p)
		}
	}
	return all
}

// targets are new ones for a workload: the direct case, then the proxies.
func (d *bed) targets() []*target {
	ts := []*target{{name: "direct", proc: d.backend}}
	for _, p := range d.proxies() {
		ts = append(ts, &target{name: p.name, proc: p, proxy: true})
	}
	return ts
}

// rest waits until all serve and reads their memory before any load.
func (d *bed) rest(ctx context.Context, w workload) ([]held, error) {
	for _, p := range d.procs {
		if err := p.answers(ctx, w); err != nil {
			return nil, err
		}
	}
	if err := wait(ctx, restFor); err != nil {
		return nil, err
	}
	var all []held
	for _, p := range d.proxies() {
		rss, err := groupRSS(p.group)
		if err != nil {
			return nil, err
		}
		all = append(all, held{name: p.name, before: rss})
	}
	return all, nil
}
