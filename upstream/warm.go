package upstream

import (
	"context"
	"sync/atomic"

	"sidecar"
)

// maxWarmers is how many dials ahead of need a cluster has under way at once:
// after a start or a restart of everything they must not come in one burst
// from every client.
const maxWarmers = 2

// lacks tells whether a connection shall be dialled ahead of need: to an
// endpoint that takes exchanges, so not while it is out, nor for its probe.
func (e *endpoint) lacks(now int64) bool {
	return !e.removed.Load() && e.breaker.Status(now) == sidecar.Open && !e.breaker.Ready(now) && e.pool.Lacks(now)
}

// warm has up to two dial what the endpoints of the list lack. Those of before
// may still be at theirs.
func (c *Cluster) warm(ctx context.Context, own *background, list []*endpoint) {
	if len(list) == 0 || c.draining.Load() {
		return
	}
	next := new(atomic.Int32)
	for range min(maxWarmers, len(list)) {
		if own.warmers.Add(1) > maxWarmers {
			own.warmers.Add(-1)
			return
		}
		own.Go(func() {
			defer own.warmers.Add(-1)
			for i := int(next.Add(1)) - 1; i < len(list) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				c.warmOne(ctx, list[i])
			}
		})
	}
}

// warmOne dials what e lacks, one after the other. That none of them can be
// made tells the breaker what it would tell it after an exchange, which is
// spared that.
func (c *Cluster) warmOne(ctx context.Context, e *endpoint) {
	if e.warming.Swap(true) {
		return
	}
	defer e.warming.Store(false)
	if !e.enter() {
		return
	}
	defer e.leave()
	for ctx.Err() == nil && !c.draining.Load() && e.lacks(c.params.Now()) {
		err := e.pool.Warm(ctx)
		if ctx.Err() == nil && !e.removed.Load() {
			e.breaker.LearnDial(err)
		}
		if err != nil {
			return
		}
	}
}
