package xds

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"sidecar/discovery"
)

// source follows one cluster.
type source struct {
	all   *Planes
	uri   string
	l     Location
	names *names
	log   *slog.Logger
}

// String is the URI.
func (s *source) String() string { return s.uri }

// Refresh has names resolved again soon; see discovery.Keeper.
func (s *source) Refresh() { s.names.refresh() }

// Run is discovery.Source's.
func (s *source) Run(ctx context.Context, publish func(discovery.Update)) error {
	w := s.all.join(ctx, s.l)
	defer w.leave()
	defer s.names.end()
	var last verdict
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.wake:
		case <-s.names.wake:
		}
		told, began := w.take(), time.Now()
		s.names.follow(ctx, told)
		v := s.names.resolved(told)
		s.publish(last, v, publish)
		last = v
		if !rest(ctx, max(minBreath, breaths*time.Since(began))) {
			return ctx.Err()
		}
	}
}

// publish tells what is new in now. A set that was told before is told again
// once there is no trouble any more, which confirms it.
func (s *source) publish(last, now verdict, publish func(discovery.Update)) {
	fresh := now.changes != last.changes
	if now.changes != 0 && (fresh || now.trouble == nil && last.trouble != nil) {
		if !slices.Equal(now.drops, last.drops) {
			s.log.Warn("xds: the share of the requests that the control plane wants dropped has changed", "drop_overloads", now.drops)
		}
		publish(discovery.Update{Endpoints: now.set, Drops: now.drops, Retired: now.retired, Empty: now.empty})
	}
	if now.trouble != nil && (fresh || now.trouble != last.trouble) {
		publish(discovery.Update{Err: now.trouble})
	}
}
