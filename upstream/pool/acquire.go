package pool

import "sidecar"

// acquire is a connection for x, or why there is none. With fresh it does not
// take an idle one. Hot.
func (p *Exclusive) acquire(x *sidecar.Exchange, fresh bool) (*held, *sidecar.Fault) {
	now := x.Now()
	p.mu.Lock()
	for !fresh && len(p.idle) > 0 {
		last := len(p.idle) - 1
		h := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.mu.Unlock()
		if h.alive(now) {
			h.note(x, now)
			return h, nil
		}
		p.params.Metrics.Stale.Inc()
		p.discard(h)
		p.mu.Lock()
		if !h.used {
			p.setback(now, now-h.made)
		}
	}
	return p.enqueue(x, fresh)
}

// enqueue waits for a connection; with the lock held, which it gives back.
func (p *Exclusive) enqueue(x *sidecar.Exchange, fresh bool) (*held, *sidecar.Fault) {
	if p.closed {
		p.mu.Unlock()
		return nil, gone()
	}
	var evicted *held
	if fresh && !p.room() && len(p.idle) > 0 {
		evicted = p.idle[0]
		p.idle = append(p.idle[:0], p.idle[1:]...)
		p.size--
	}
	if !p.room() && p.queue.n-p.dialing-p.looking >= p.settings.Load().MaxWaiters {
		p.mu.Unlock()
		p.params.Metrics.Exhausted.Inc()
		return nil, exhausted()
	}
	w := p.waiters.Get().(*waiter)
	p.queue.push(w)
	p.fill()
	// Of all that wait, those beyond the dials (and the looks, which end in a
	// moment) wait for connections in use.
	full, dials := p.queue.n > p.dialing+p.looking, p.dialing > 0
	p.mu.Unlock()
	if evicted != nil {
		evicted.conn.Close()
	}
	switch {
	case full:
		p.params.Metrics.Waits.Inc()
	case dials:
		p.params.Metrics.DialWaits.Inc()
	}
	return p.wait(x, w)
}

// wait returns when w was given something or x was interrupted.
func (p *Exclusive) wait(x *sidecar.Exchange, w *waiter) (*held, *sidecar.Fault) {
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
				h.note(x, x.Now())
			}
			return h, fault
		}
		if h != nil {
			// Given and interrupted in one instant: the next in the queue
			// must not lose it.
			p.giveBack(h, x.Now())
		}
		fault = cause.Fault(sidecar.StageDial)
		fault.Flags |= sidecar.Unsent
		return nil, fault
	}
}

// giveBack returns a connection that can go on: to the first who waits, else
// to the idle ones. Hot.
func (p *Exclusive) giveBack(h *held, now int64) {
	p.mu.Lock()
	if h.ahead && h.used {
		h.ahead, p.ahead = false, ahead{} // it was of use
	}
	if p.closed || p.size > p.high() {
		p.mu.Unlock()
		p.discard(h)
		return
	}
	p.give(h, now)
	p.mu.Unlock()
}

// discard closes a connection, and dials for those who may now have its place.
func (p *Exclusive) discard(h *held) {
	p.mu.Lock()
	p.size--
	p.fill()
	p.mu.Unlock()
	h.conn.Close()
}

// give hands h to the first who waits, else puts it at the young end of the
// idle ones; with the lock held.
func (p *Exclusive) give(h *held, now int64) {
	if w := p.queue.pop(); w != nil {
		w.got = h
		w.Wake()
		p.note()
		return
	}
	h.since, h.good, h.kept = now, 0, true
	if !h.used {
		h.ahead = true
	}
	p.idle = append(p.idle, h)
}

// fail ends the wait of w; with the lock held. Each gets a copy of the fault:
// it is the exchange's from then on.
func (p *Exclusive) fail(w *waiter, f sidecar.Fault) {
	w.fault = &f
	w.Wake()
}

// fill dials for those who wait and for whom nothing is under way: at most one
// dial each, as each dial that fails takes a waiter with it. With the lock held.
func (p *Exclusive) fill() {
	for !p.closed && p.queue.n > p.dialing+p.looking && p.room() {
		p.dialing++
		p.params.Go(p.run)
	}
	p.note()
}

// note publishes whether somebody waits for a connection that is in use; with
// the lock held, after each change of queue and dials.
func (p *Exclusive) note() {
	p.busy.Store(p.queue.n > p.dialing+p.looking)
}

// room tells whether one more connection may exist; with the lock held.
func (p *Exclusive) room() bool { return p.size+p.dialing < p.high() }

func (p *Exclusive) high() int { return max(1, p.settings.Load().HighWatermark) }
