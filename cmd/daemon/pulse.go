package daemon

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"sidecar/sock"
)

const (
	// pulseEvery is how often the deadline wheel is asked to turn.
	pulseEvery = time.Second
	// pulseLimit is how long what must never stand still may seem to, until
	// the process is told to be dead: far above what a busy machine makes of
	// a second, so that load alone gets nobody restarted.
	pulseLimit = 30 * time.Second
)

// pulse looks whether the deadline wheel turns: without it no deadline fires
// and clients may hang for ever. The wheel rests while nothing is armed, so
// that the pulse arms something.
type pulse struct {
	now   func() int64
	timer sock.Timer
	beat  atomic.Int64 // when the wheel last fired it, or when the pulse was made
}

func newPulse(w *sock.Wheel, now func() int64) *pulse {
	p := &pulse{now: now}
	p.timer.Init(w, p, 0)
	p.beat.Store(now())
	return p
}

// Expire is called by the wheel.
func (p *pulse) Expire(uint8, uint64) { p.beat.Store(p.now()) }

func (p *pulse) run(ctx context.Context) {
	every(ctx, pulseEvery, func() { p.timer.Arm(p.now()+int64(sock.Tick), 0) })
}

// standstill is an error if what was last at work at that time is dead by now.
func standstill(what string, last, now int64) error {
	if since := time.Duration(now - last); since > pulseLimit {
		return fmt.Errorf("%s has stood still for %v: restart the sidecar, and please report it with /debug/pprof/goroutine?debug=2",
			what, since.Round(time.Second))
	}
	return nil
}

// live is an error when the process cannot go on: the deadline wheel or the
// upkeep of an upstream stands still.
func (d *daemon) live() error {
	now := d.pulse.now()
	if err := standstill("the deadline wheel", d.pulse.beat.Load(), now); err != nil {
		return err
	}
	for _, r := range d.ups.sorted() {
		if err := standstill("the upkeep of upstream "+r.name, r.cluster.Tended(), now); err != nil {
			return err
		}
	}
	return nil
}
