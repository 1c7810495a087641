package upstream

import (
	"context"

	"sidecar"
	"sidecar/upstream/pool"
)

// sets are the connections to one endpoint where its protocol needs several
// kinds of them: each exchange goes over one of its kind. The first set stands
// for all of them wherever no exchange is at hand.
type sets struct {
	list   []lines
	choose func(x *sidecar.Exchange) int
}

// Do performs x on a connection of its kind. Hot.
func (s *sets) Do(ctx context.Context, x *sidecar.Exchange) error {
	if s.choose == nil {
		return s.list[0].Do(ctx, x)
	}
	return s.list[s.choose(x)].Do(ctx, x)
}

// Status is the worst of the shared sets: an endpoint that takes no bytes of one
// takes none of another. Exclusive ones count only where there is nothing else:
// beside shared ones they carry the few exchanges that last, and all others
// would be kept away by some that wait for the end of those. Hot.
func (s *sets) Status() sidecar.Status {
	status := sidecar.Open
	shared := s.Shared()
	for _, l := range s.list {
		if l.Shared() == shared {
			status = max(status, l.Status())
		}
	}
	return status
}

// Shared: one of them is.
func (s *sets) Shared() bool {
	for _, l := range s.list {
		if l.Shared() {
			return true
		}
	}
	return false
}

// Warm dials what the first set lacks: nobody may ever need the others.
func (s *sets) Warm(ctx context.Context) error { return s.list[0].Warm(ctx) }

// Probe asks whether a connection can be made.
func (s *sets) Probe(ctx context.Context) error { return s.list[0].Probe(ctx) }

// Lacks tells whether Warm would dial at now.
func (s *sets) Lacks(now int64) bool { return s.list[0].Lacks(now) }

// Set changes the settings.
func (s *sets) Set(p pool.Settings) {
	for i, l := range s.list {
		if i == 1 {
			p = unwarmed(p)
		}
		l.Set(p)
	}
}

// unwarmed are the settings of a set that is not dialled ahead of need, and of
// which none is kept beyond its time.
func unwarmed(p pool.Settings) pool.Settings {
	p.LowWatermark = 0
	return p
}

// SetCold says whether the endpoint is out of use for now.
func (s *sets) SetCold(cold bool, now int64) {
	for _, l := range s.list {
		l.SetCold(cold, now)
	}
}

// Sweep keeps the idle connections of all in order.
func (s *sets) Sweep(now int64) {
	for _, l := range s.list {
		l.Sweep(now)
	}
}

// Stats are those of all together.
func (s *sets) Stats() pool.Stats {
	all := s.list[0].Stats()
	for _, l := range s.list[1:] {
		o := l.Stats()
		all.Size += o.Size
		all.Idle += o.Idle
		all.InUse += o.InUse
		all.Waiters += o.Waiters
		all.Dialing += o.Dialing
		if o.ServerIdle > 0 && (all.ServerIdle == 0 || o.ServerIdle < all.ServerIdle) {
			all.ServerIdle = o.ServerIdle
		}
	}
	return all
}

// Close ends all of them.
func (s *sets) Close() {
	for _, l := range s.list {
		l.Close()
	}
}
