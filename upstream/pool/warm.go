package pool

import (
	"context"
	"time"
)

// ahead says when connections may be dialled ahead of need. After a dial that
// failed, or a connection that ended before any exchange used it, the next one
// has a pause to wait from that dial on, which doubles until one is of use: a
// server that is down, or that closes idle connections quickly, is not dialled
// again and again for nobody. The limit learned from the server would not do
// instead: it says when a connection ends, not whether the next one will be of
// use before that.
type ahead struct {
	vain  int   // in a row
	after int64 // no dial before, 0 for no pause
}

// left is for how long no dial may be made at now.
func (a *ahead) left(now int64) int64 {
	if a.after == 0 {
		return 0
	}
	return max(0, a.after-now)
}

// minPause is the least pause: the owner's upkeep comes once a second.
const minPause = time.Second

// setback starts a pause for something that was for nothing after having lived
// so long; with the lock held. What ends together counts once. The pause counts
// from the dial, so that a connection which the server ends after a minute is
// replaced at once and one that it ends after a second is not.
func (p *Exclusive) setback(now, lived int64) { p.ahead.setback(p.settings.Load(), now, lived) }

func (a *ahead) setback(s *Settings, now, lived int64) {
	if a.left(now) > 0 {
		return
	}
	pause, most := max(minPause, s.MinPause), max(minPause, s.MinPause, s.MaxPause)
	for range a.vain {
		pause = min(most, 2*pause)
	}
	if pause < most {
		a.vain++
	}
	a.after = now + max(int64(minPause), int64(pause)-lived)
}

// low is how many connections are opened without traffic.
func (p *Exclusive) low() int {
	if p.cold.Load() {
		return 0
	}
	return p.lowest()
}

// kept is how many connections are kept open without traffic.
func (p *Exclusive) kept(now int64) int {
	if p.cooled(now, p.settings.Load()) {
		return 0
	}
	return p.lowest()
}

// lowest is the low watermark within the high one.
func (p *Exclusive) lowest() int {
	return max(0, min(p.settings.Load().LowWatermark, p.high()))
}

// short tells whether fewer are open or dialled than shall be without traffic;
// with the lock held.
func (p *Exclusive) short() bool { return !p.closed && p.size+p.dialing < p.low() }

// Lacks tells whether Warm would dial at now.
func (p *Exclusive) Lacks(now int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.short() && p.ahead.left(now) == 0
}

// Warm dials one connection ahead of need, if the pool lacks one; the owner
// calls it while it would send exchanges here, and bounds how many such dials
// run at once. Who comes to wait meanwhile shares its fate. ctx ends it early.
func (p *Exclusive) Warm(ctx context.Context) error {
	now := p.params.Now()
	p.mu.Lock()
	if !p.short() || p.ahead.left(now) > 0 {
		p.mu.Unlock()
		return nil
	}
	err := p.dialWithin(ctx)
	if err != nil && ctx.Err() == nil {
		p.mu.Lock()
		p.setback(p.params.Now(), 0)
		p.mu.Unlock()
	}
	return err
}
