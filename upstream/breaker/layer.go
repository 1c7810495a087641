package breaker

import (
	"context"

	"sidecar"
)

// Layer learns from the exchanges that go through it. It refuses none: who
// picked an endpoint that is out had no better one. Hot.
func (b *Breaker) Layer() sidecar.Layer {
	return func(next sidecar.Service) sidecar.Service {
		return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			if x.Kind == sidecar.Session {
				x.Watch(b)
				defer x.Unwatch()
			}
			over := false
			defer func() {
				if !over { // a panic: the turn must not be lost
					b.Return(x)
				}
			}()
			err := next.Do(ctx, x)
			over = true
			b.learn(x, err)
			return err
		})
	}
}

// Observe learns from a request inside a session. Hot.
func (b *Breaker) Observe(_ sidecar.Op, o sidecar.Outcome) {
	v := ofClass(o.Class)
	if o.Reason != sidecar.NoReason && !o.Class.Failed() && o.Class != sidecar.Shed {
		v = ofReason(o.Reason, sidecar.StageRead, false)
	}
	b.record(v, 1, b.params.Now())
}

// LearnDial learns from a dial that no exchange had asked for, and that failed
// unless err is nil. One that is out learns nothing from it: it is dialled at
// its own times.
func (b *Breaker) LearnDial(err error) {
	if err == nil {
		if b.kept.why() == Connect { // what it was kept for is over, with or without traffic
			b.kept.end()
		}
		return
	}
	b.record(ofFault(sidecar.FaultOf(err)), 1, b.params.Now())
}

// learn takes the outcome of an exchange.
func (b *Breaker) learn(x *sidecar.Exchange, err error) {
	v := judge(x, err)
	now := x.Now()
	if b.prober.Load() == x && b.endProbe(x, v, now) {
		return
	}
	if x.Kind == sidecar.Session && v == good && now-x.Replied() > int64(b.settings.Load().Window) {
		return // established too long ago to tell of now
	}
	if s, _ := b.load(); s != Healthy {
		b.lastResort(x, v, now)
		return
	}
	b.record(v, x.N, now)
}

// record counts a verdict about n requests. Hot.
func (b *Breaker) record(v verdict, n int, now int64) {
	if v == silent {
		return
	}
	if s, _ := b.load(); s != Healthy {
		return // exchanges that were under way tell of before
	}
	s := b.settings.Load()
	width := int64(s.Window) / slots
	switch v {
	case good:
		if b.row.Load() != 0 {
			b.row.Store(0)
		}
		b.kept.worked()
		b.recent.add(now, width, n, 0)
	case unreachable:
		b.kept.failed(b.recovery())
		if b.kept.mayAsk(now) {
			b.trip(Disconnected, Connect, now)
		}
	case bad:
		b.recent.add(now, width, n, n)
		b.kept.failed(b.recovery())
		if reason := b.evidence(s, now); reason != "" && b.kept.mayAsk(now) {
			b.trip(Ejected, reason, now)
		}
	}
}

// evidence counts a failed request and is the reason why that ejects, "" if it
// does not. For an endpoint that is kept because of its requests one more is
// enough, as what was asked for before still holds; one that is kept because a
// dial failed was connected to since, and has to fail as any other.
func (b *Breaker) evidence(s *Settings, now int64) string {
	// A burst that fails is one event, not n in a row.
	row, why := int(b.row.Add(1)), b.kept.why()
	if s.ConsecutiveFailures > 0 && (row >= s.ConsecutiveFailures || why == Consecutive) {
		return Consecutive
	}
	if s.SuccessRate > 0 && why == Rate {
		return Rate
	}
	all, failed := b.recent.sum(now, int64(s.Window)/slots)
	if all >= uint64(max(1, s.MinRequests)) && float64(all-failed) < s.SuccessRate*float64(all) {
		return Rate
	}
	return ""
}

// endProbe ends the turn of x; false if x had lost it already.
func (b *Breaker) endProbe(x *sidecar.Exchange, v verdict, now int64) bool {
	b.mu.Lock()
	if s, _ := b.load(); s != Probing || b.prober.Load() != x {
		b.mu.Unlock()
		return false
	}
	switch v {
	case good:
		b.readmit(now)
	case bad:
		b.count(now)
		b.out(Ejected, b.reason, now)
	case unreachable:
		b.count(now)
		b.out(Disconnected, Connect, now)
	default: // no word about the endpoint: the next may try
		b.prober.Store(nil)
		b.until.Store(now)
		b.become(Ejected, now)
	}
	b.mu.Unlock()
	return true
}

// lastResort learns from an exchange that went to an endpoint that is out,
// since all were. A new connection that was made since then and worked proves
// what the dial in the background would; an old one does not, and a success
// among ejected requests is no more than that.
func (b *Breaker) lastResort(x *sidecar.Exchange, v verdict, now int64) {
	t := x.Tries.Last()
	if v != good || t == nil || t.Connected == 0 || t.ConnAge != 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, _ := b.load(); s == Disconnected && t.Start >= b.since {
		b.readmit(now)
	}
}
