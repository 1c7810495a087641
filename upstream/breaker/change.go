package breaker

// trip ejects a healthy endpoint, if the owner lets it.
func (b *Breaker) trip(to State, reason string, now int64) {
	b.mu.Lock()
	if s, _ := b.load(); s != Healthy {
		b.mu.Unlock()
		return
	}
	if !b.params.Ask() {
		b.forget() // fresh evidence before the window asks again
		b.keep(reason, now)
		b.mu.Unlock()
		b.params.Metrics.Refused.Inc()
		return
	}
	if now-b.since >= int64(b.settings.Load().MaxBackoff) {
		b.series = 0 // it had been well for long enough
	}
	b.total++
	b.counted = now
	b.out(to, reason, now)
	b.mu.Unlock()
	b.params.Ejected(reason)
}

// out starts a time out, longer than the one before; with the lock held.
func (b *Breaker) out(to State, reason string, now int64) {
	s := b.settings.Load()
	b.series++
	b.reason = reason
	b.kept.end()
	b.prober.Store(nil)
	b.until.Store(now + backoff(b.series, s.MinBackoff, s.MaxBackoff, b.params.Random()))
	b.become(to, now)
}

// readmit makes the endpoint healthy; with the lock held.
func (b *Breaker) readmit(now int64) {
	b.count(now)
	b.prober.Store(nil)
	b.forget()
	b.become(Healthy, now)
	b.params.Back()
	b.params.Metrics.Readmissions.Inc()
}

// forget starts the evidence afresh.
func (b *Breaker) forget() {
	b.row.Store(0)
	b.recent.clear()
}

// count adds to the metric the time out since it last did; with the lock held.
func (b *Breaker) count(now int64) {
	b.params.Metrics.TimeFailed.Add(uint64(max(0, now-b.counted)))
	b.counted = now
}

// Due is when the owner shall dial the endpoint, 0 if it need not.
func (b *Breaker) Due() int64 {
	if s, _ := b.load(); s == Disconnected {
		return b.until.Load()
	}
	return 0
}

// Dialled tells how a dial that was Due went. It does nothing if the endpoint
// has come back otherwise.
func (b *Breaker) Dialled(ok bool, now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, _ := b.load(); s != Disconnected {
		return
	}
	b.params.Metrics.ReconnectAttempts.Inc()
	b.count(now)
	if ok {
		b.readmit(now)
		return
	}
	since := b.since
	b.out(Disconnected, Connect, now)
	b.since = since // the state has not changed
}

// Snapshot is the breaker at one moment, for people.
type Snapshot struct {
	State  State
	Reason string // of the present or else the latest ejection
	Since  int64  // of the state
	Until  int64  // end of the time out, 0 if there is none
	// Kept: it is healthy by name only, as the owner let it not be ejected for
	// Reason; since then it has not worked as often in a row as would tell of
	// recovery.
	Kept bool
	// Ejections counts all since the endpoint is known.
	Ejections int
}

// Snapshot is the present state.
func (b *Breaker) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	state, _ := b.load()
	s := Snapshot{State: state, Reason: b.reason, Since: b.since, Ejections: b.total}
	switch {
	case state == Forced:
	case state != Healthy:
		s.Until = b.until.Load()
	case b.kept.why() != "":
		s.Kept, s.Reason = true, b.kept.why()
	}
	return s
}
