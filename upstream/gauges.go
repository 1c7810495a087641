package upstream

import (
	"time"

	"sidecar/balance"
	"sidecar/discovery"
	"sidecar/varz"
)

// gauges are read from the cluster when somebody looks.
func (c *Cluster) gauges() {
	r, s := c.params.Registry, varz.Source{Service: c.params.Name}
	r.GaugeFunc(varz.HeapSize, s, func() float64 { return float64(len(c.set.Load().list)) })
	r.GaugeFunc(varz.BudgetLeft, s, func() float64 { return float64(c.Retries().Left) })
	r.GaugeFunc(varz.Ejected, s, func() float64 { return float64(c.quota.ejected()) })
	c.discoveryGauges(r, s)
	read := func(d *varz.Desc, value func(*stack) float64) {
		r.GaugeFunc(d, s, func() float64 { return value(c.stack.Load()) })
	}
	read(varz.ApertureActive, func(s *stack) float64 {
		size, _ := s.parts().sizes()
		return float64(size)
	})
	read(varz.ApertureIdle, func(s *stack) float64 {
		_, idle := s.parts().sizes()
		return float64(idle)
	})
	read(varz.ApertureLoadAverage, func(s *stack) float64 {
		if a, ok := s.balancer.Pickers()[0].(*balance.Aperture); ok {
			return a.LoadAverage()
		}
		return 0
	})
	read(varz.VectorHash, func(s *stack) float64 {
		if d := s.parts().arc(); d != nil {
			return float64(d.VectorHash())
		}
		return 0
	})
	read(varz.BalancerLevels, func(s *stack) float64 { return float64(len(s.balancer.Told())) })
	read(varz.BalancerPanics, func(s *stack) float64 {
		n := 0
		for _, l := range s.balancer.Told() {
			if l.Panic {
				n++
			}
		}
		return float64(n)
	})
	read(varz.PeerIndex, func(s *stack) float64 {
		if s.at.Known() {
			return float64(s.at.Index)
		}
		return -1
	})
	read(varz.PeerTotal, func(s *stack) float64 { return float64(s.at.Total) })
}

// gauges are read from the endpoint when somebody looks.
func (e *endpoint) gauges(r *varz.Registry, src varz.Source, now func() int64) {
	r.GaugeFunc(varz.EndpointInFlight, src, func() float64 { return float64(e.pending.Load()) })
	r.GaugeFunc(varz.EndpointWeight, src, func() float64 {
		l := e.Load(now())
		return l.Weight * l.Share
	})
	r.GaugeFunc(varz.EndpointCost, src, func() float64 { return e.cost(now()).Seconds() })
	r.GaugeFunc(varz.PoolSize, src, func() float64 { return float64(e.pool.Stats().Size) })
	r.GaugeFunc(varz.SocketNumConnections, src, func() float64 { return float64(e.pool.Stats().Size) })
	r.GaugeFunc(varz.PoolQueueSize, src, func() float64 { return float64(e.pool.Stats().Waiters) })
}

// discoveryGauges tell of each of the ways in which what is in use differs from
// what is announced.
func (c *Cluster) discoveryGauges(r *varz.Registry, s varz.Source) {
	r.GaugeFunc(varz.DiscoveryEndpoints, s, func() float64 { return float64(len(c.keeper.Snapshot().Endpoints)) })
	r.GaugeFunc(varz.SubsetLeftOut, s, func() float64 { return float64(c.set.Load().leftOut()) })
	r.GaugeFunc(varz.DiscoveryHeld, s, func() float64 {
		if snap := c.keeper.Snapshot(); snap.Answered() && (snap.Held != "" || snap.Err != nil) {
			return 1
		}
		return 0
	})
	r.GaugeFunc(varz.DiscoveryAnnounced, s, func() (n float64) {
		for _, o := range c.keeper.Snapshot().Sources {
			n += float64(o.Raw)
		}
		return n
	})
	r.GaugeFunc(varz.DiscoveryStale, s, func() (longest float64) {
		for _, o := range c.keeper.Snapshot().Sources {
			if !o.Stale.IsZero() {
				longest = max(longest, time.Since(o.Stale).Seconds())
			}
		}
		return longest
	})
	r.GaugeFunc(varz.DiscoveryHeldEndpoints, s, func() (n float64) {
		for _, e := range c.keeper.Snapshot().Endpoints {
			if e.Held != discovery.NotHeld {
				n++
			}
		}
		return n
	})
	r.GaugeFunc(varz.DiscoveryLimbo, s, func() float64 { return float64(c.countLeaving((*endpoint).inLimbo)) })
	r.GaugeFunc(varz.DiscoveryLeaving, s, func() float64 {
		return float64(c.countLeaving(func(e *endpoint) bool { return !e.inLimbo() && !e.over() }))
	})
}

// countLeaving counts those endpoints that are no longer announced.
func (c *Cluster) countLeaving(those func(*endpoint) bool) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.leaving {
		if those(e) {
			n++
		}
	}
	return n
}
