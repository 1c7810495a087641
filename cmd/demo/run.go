package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// params make a demonstration.
type params struct {
	Path     string // of the configuration
	Out      io.Writer
	Terminal bool // Out takes cursor movements
	Shipped  bool // the configuration's own addresses are used where they are free
	Cycle    cycle
	Every    time.Duration // between two tables
	// Seen is told what each table shows. Usually nil.
	Seen func(scene)
}

const (
	slowOne  = 5 // the number of the backend that is slow
	flapping = 3 // and of the one that dies
)

// times are what the backends take for a GET.
func times() []time.Duration {
	list := make([]time.Duration, 6)
	for i := range list {
		list[i] = quick
	}
	list[slowOne-1] = slow
	return list
}

// demo is a running demonstration.
type demo struct {
	p        params
	backends []*backend
	flap     *flapper
	sidecar  *sidecar
	admin    admin
	traffic  *traffic
	table    table
	last     scene
}

// run shows everything until ctx ends or the sidecar does.
func run(ctx context.Context, p params) error {
	backends, err := startBackends(times(), flapping)
	if err != nil {
		return err
	}
	defer stopBackends(backends)
	side, err := startSidecar(p, backends)
	if err != nil {
		return err
	}
	d := &demo{
		p: p, backends: backends, sidecar: side, admin: newAdmin(side.admin), table: table{out: p.Out, terminal: p.Terminal},
		flap: &flapper{backend: backends[flapping-1], cycle: p.Cycle, since: time.Now()},
	}
	defer d.admin.close()
	switch err := d.admin.ready(ctx); {
	case ctx.Err() != nil:
		return side.end() // asked to end before it began
	case err != nil:
		return errors.Join(err, side.end())
	}
	// Not ctx: its end is the demonstration's, and the requests then under
	// way still get their replies.
	d.traffic = startTraffic(context.WithoutCancel(ctx), side.listener)
	d.table.top(d.heading())
	err = d.show(ctx)
	return errors.Join(err, d.finish())
}

// show draws a table again and again.
func (d *demo) show(ctx context.Context) error {
	tick := time.NewTicker(d.p.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.sidecar.ended:
			return nil
		case now := <-tick.C:
			if err := d.draw(ctx, now); err != nil && ctx.Err() == nil && !d.sidecar.over() {
				return fmt.Errorf("the admin port: %w", err)
			}
		}
	}
}

// draw looks, lets the flapping backend do what is due and shows it.
func (d *demo) draw(ctx context.Context, now time.Time) error {
	s, err := d.admin.look(ctx)
	if err != nil {
		return err
	}
	row := s.row(d.flap.backend.address)
	d.flap.step(now, row.Breaker.State == "healthy" && row.InAperture)
	d.last = d.scene(now, s)
	d.table.draw(d.last.lines())
	if d.p.Seen != nil {
		d.p.Seen(d.last)
	}
	return nil
}

// finish ends the traffic, then drains the sidecar, and tells the totals.
func (d *demo) finish() error {
	drained := d.sidecar.over()
	d.traffic.finish()
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	if !drained {
		s, err := d.admin.look(ctx)
		if err != nil {
			return errors.Join(fmt.Errorf("the admin port: %w", err), d.sidecar.end())
		}
		d.last = d.scene(time.Now(), s)
	}
	err := d.sidecar.end()
	if drained {
		fmt.Fprintln(d.p.Out, "\nThe sidecar was drained by another than the demonstration; the numbers are those of the last table.")
	}
	for _, line := range d.last.summary(err) {
		fmt.Fprintln(d.p.Out, line)
	}
	return err
}
