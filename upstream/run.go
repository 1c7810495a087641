package upstream

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidecar/balance"
	"sidecar/upstream/breaker"
)

const (
	// upkeep is how often idle connections, the aperture and dials in the
	// background are looked after.
	upkeep = time.Second
	// maxRedials is how many endpoints are dialled in the background at once.
	maxRedials = 32
)

// background is what Run has under way beside itself.
type background struct {
	sync.WaitGroup
	redials, warmers atomic.Int32
}

// Run keeps the cluster until ctx ends: discovery, idle connections, the
// aperture, and dials to endpoints that could not be connected to. It returns
// when all that it started has ended.
func (c *Cluster) Run(ctx context.Context) error {
	var own background
	own.Go(func() { _ = c.keeper.Run(ctx) }) // it ends with ctx only
	ticker := time.NewTicker(c.firstTurn())
	defer ticker.Stop()
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			own.Wait()
			return ctx.Err()
		case <-ticker.C:
		}
		if first {
			ticker.Reset(upkeep)
		}
		c.tend(ctx, &own)
	}
}

// firstTurn is how long it is to the first turn. Of many clusters that begin
// together each has its own moment of the period, or all would dial in the same
// one, second after second; but moments are the same for some of them, or an
// idle process would be woken for each by itself.
func (c *Cluster) firstTurn() time.Duration {
	now := c.params.Now()
	at := now + int64(upkeep) - int64(c.params.Random()*float64(upkeep))
	return max(1, time.Duration((at+moment-1)&^(moment-1)-now))
}

// moment is how far moments of upkeep are apart, some 67 ms: a power of two, as
// times may be negative in tests.
const moment = 1 << 26

// tend is one turn of the upkeep.
func (c *Cluster) tend(ctx context.Context, own *background) {
	now := c.params.Now()
	c.tended.Store(now)
	c.follow(now)
	s := c.stack.Load()
	for _, p := range s.balancer.Pickers() {
		if a, ok := p.(*balance.Aperture); ok {
			a.Tick(now)
		}
	}
	s.balancer.Tick(now)
	part, told := s.parts(), s.balancer.Told()
	c.forgotten.Store(nil)
	c.learnUsual(now)
	c.tendHedges()
	var lacking []*endpoint
	ramping := false
	for _, e := range c.present() {
		outside := !part.has(e.id)
		e.pool.SetCold(e.removed.Load() || outside, now)
		e.pool.Sweep(now)
		if e.removed.Load() {
			continue
		}
		// Of a level that gets no requests, too, nobody would try it.
		level := s.balancer.At(e.id)
		unused := level < len(told) && told[level].Share == 0
		if (outside || unused) && e.breaker.Ready(now) {
			c.forgotten.Store(e)
		}
		c.tellKept(e)
		ramping = ramping || e.ramp.Under(now)
		if e.lacks(now) {
			lacking = append(lacking, e)
		}
		if due := e.breaker.Due(); due != 0 && now >= due && own.redials.Load() < maxRedials && !e.redialing.Swap(true) {
			own.redials.Add(1)
			own.Go(func() {
				c.redial(ctx, e)
				own.redials.Add(-1)
			})
		}
	}
	c.tellEjected(now)
	c.compare(now)
	if ramping || c.ramping { // once more after the end, for the whole weight
		c.reweigh(now)
	}
	c.ramping = ramping
	c.warm(ctx, own, lacking)
	c.reap(now)
}

// compare ejects endpoints that fail much more than the others do. It is done
// here and not with each exchange: it is about all endpoints, and takes a look
// at the whole window of each.
func (c *Cluster) compare(now int64) {
	s := &c.stack.Load().settings.Breaker
	list := c.set.Load().list
	if s.Deviation <= 0 || len(list) == 0 {
		return
	}
	samples := make([]breaker.Sample, len(list))
	for i, e := range list {
		samples[i] = e.breaker.Recent(now)
	}
	breaker.Deviates(samples, uint64(s.MinRequests), s.Deviation, func(i int) { list[i].breaker.Outdone(now) })
}

// present are all endpoints that have not ended.
func (c *Cluster) present() []*endpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(c.set.Load().list, c.leaving)
}

// redial finds out whether an endpoint can be connected to again.
func (c *Cluster) redial(ctx context.Context, e *endpoint) {
	defer e.redialing.Store(false)
	if !e.enter() {
		return
	}
	defer e.leave()
	err := e.pool.Probe(ctx)
	if ctx.Err() != nil {
		return
	}
	e.breaker.Dialled(err == nil, c.params.Now())
	// Not told from within the breaker, whose lock pickers may wait for: a
	// blocked log would block them all.
	if err == nil {
		c.params.Log.Info("endpoint readmitted", "upstream", c.params.Name, "endpoint", e.address)
	} else {
		c.params.Log.Info("endpoint still cannot be connected to", "upstream", c.params.Name, "endpoint", e.address, "error", err)
	}
}
