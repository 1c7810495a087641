package pool

import (
	"context"

	"sidecar"
)

// wait returns when w was given something or x was interrupted.
func (p *Shared) wait(x *sidecar.Exchange, w *waiter) (*held, *sidecar.Fault) {
	for {
		if x.Block(w) {
			<-w.signal
		}
		cause := x.Unblock()
		p.mu.Lock()
		if w.queued && cause == sidecar.NoCause {
			p.mu.Unlock()
			continue // a spurious wake
		}
		if w.queued {
			p.queue.remove(w)
			p.note()
		}
		p.mu.Unlock()
		h, fault := w.got, w.fault
		w.clean()
		p.waiters.Put(w)
		if cause == sidecar.NoCause {
			if h != nil {
				h.join(x, x.Now(), true)
			}
			return h, fault
		}
		if h != nil {
			p.leave(h, x.Now(), false)
		}
		fault = cause.Fault(sidecar.StageDial)
		fault.Flags |= sidecar.Unsent
		return nil, fault
	}
}

// dialOne is the life of a dial. It belongs to the pool and serves all who wait
// when it ends.
func (p *Shared) dialOne() {
	conn, fault := p.params.connect(p.ctx, p.settings.Load().ConnectTimeout)
	_ = p.finish(conn, fault, true)
}

// Probe dials one connection and keeps it, for whoever wants to know whether
// the endpoint can be reached again. Waiters share its fate. ctx ends it early.
func (p *Shared) Probe(ctx context.Context) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return gone()
	}
	return p.dialWithin(ctx)
}

// dialWithin dials one connection and keeps it; with the lock held, which it
// gives back.
func (p *Shared) dialWithin(ctx context.Context) error {
	p.dialing++
	p.mu.Unlock()
	both, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.ctx, cancel)
	conn, fault := p.params.connect(both, p.settings.Load().ConnectTimeout)
	stop()
	cancel()
	if fault = p.finish(conn, fault, false); fault != nil {
		return fault
	}
	return nil
}

// finish ends a dial. Its connection is for all who wait, its fault too unless
// another dial is under way. One that was for those who come later starts a
// pause if it failed.
func (p *Shared) finish(conn Conn, fault *sidecar.Fault, own bool) *sidecar.Fault {
	now := p.params.Now()
	p.mu.Lock()
	p.dialing--
	if fault == nil && (p.closed || len(*p.lines.Load()) >= p.high()) {
		closed := p.closed
		p.mu.Unlock()
		conn.Close()
		if closed {
			return gone()
		}
		return nil // a probe of a full pool, which has its answer
	}
	if fault == nil {
		h := &held{conn: conn, made: now, since: now}
		more := append(append(make([]*held, 0, len(*p.lines.Load())+1), *p.lines.Load()...), h)
		p.lines.Store(&more)
		for w := p.queue.pop(); w != nil; w = p.queue.pop() {
			h.users++
			w.got = h
			w.Wake()
		}
	} else {
		if own && p.ctx.Err() == nil {
			p.ahead.setback(p.settings.Load(), now, 0)
		}
		for p.dialing == 0 && p.queue.n > 0 {
			w := p.queue.pop()
			f := *fault // each gets its own: it is the exchange's from then on
			w.fault = &f
			w.Wake()
		}
	}
	p.note()
	p.mu.Unlock()
	return fault
}

// short tells whether fewer are open or dialled than shall be without traffic;
// with the lock held.
func (p *Shared) short() bool {
	return !p.closed && !p.cold.Load() && len(*p.lines.Load())+p.dialing < p.lowest()
}

// lowest is the low watermark within the number of connections.
func (p *Shared) lowest() int { return max(0, min(p.settings.Load().LowWatermark, p.high())) }

// Lacks tells whether Warm would dial at now.
func (p *Shared) Lacks(now int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.short() && p.ahead.left(now) == 0
}

// Warm dials one connection ahead of need, as that of Exclusive does.
func (p *Shared) Warm(ctx context.Context) error {
	now := p.params.Now()
	p.mu.Lock()
	if !p.short() || p.ahead.left(now) > 0 {
		p.mu.Unlock()
		return nil
	}
	err := p.dialWithin(ctx)
	if err != nil && ctx.Err() == nil {
		p.mu.Lock()
		p.ahead.setback(p.settings.Load(), p.params.Now(), 0)
		p.mu.Unlock()
	}
	return err
}

// Sweep closes what has ended and what was idle for too long; the owner calls
// it about once a second. A connection that ended unused starts a pause, as in
// Exclusive.
func (p *Shared) Sweep(now int64) {
	s := p.settings.Load()
	low := p.lowest()
	if p.cooled(now, s) {
		low = 0
	}
	var shut []*held
	p.mu.Lock()
	for _, h := range *p.lines.Load() {
		switch {
		case h.conn.Status(true) == sidecar.Closed:
			if !h.used {
				p.ahead.setback(s, now, now-h.made)
			}
			shut = p.retire(h, shut)
		case h.users == 0 && s.IdleTimeout > 0 && now-h.since > int64(s.IdleTimeout) && len(*p.lines.Load()) > low:
			shut = p.retire(h, shut)
		}
	}
	p.mu.Unlock()
	closeAll(shut)
}

// Stats is the present state. A connection is in use while one exchange or more
// is on it.
func (p *Shared) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Size: len(*p.lines.Load()) + p.leaving, InUse: p.leaving, Waiters: p.queue.n, Dialing: p.dialing}
	for _, h := range *p.lines.Load() {
		if h.users > 0 {
			s.InUse++
		}
	}
	s.Idle = s.Size - s.InUse
	if p.short() {
		s.WarmIn = p.ahead.left(p.params.Now())
	}
	return s
}

// Close ends the pool: idle connections at once, the others when the last
// exchange has left them, dials by their context. Those who wait get a fault.
func (p *Shared) Close() {
	var shut []*held
	p.mu.Lock()
	p.closed = true
	for _, h := range *p.lines.Load() {
		shut = p.retire(h, shut)
	}
	for p.queue.n > 0 {
		w := p.queue.pop()
		w.fault = gone()
		w.Wake()
	}
	p.note()
	p.mu.Unlock()
	p.cancel()
	closeAll(shut)
}
