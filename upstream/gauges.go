package upstream

import (
	"sidecar/balance"
	"sidecar/varz"
)

// gauges are read from the cluster when somebody looks.
func (c *Cluster) gauges() {
	r, s := c.params.Registry, varz.Source{Service: c.params.Name}
	r.GaugeFunc(varz.HeapSize, s, func() float64 { return float64(len(c.set.Load().list)) })
	r.GaugeFunc(varz.BudgetLeft, s, func() float64 { return float64(c.Retries().Left) })
	r.GaugeFunc(varz.Ejected, s, func() float64 { return float64(c.quota.ejected()) })
	r.GaugeFunc(varz.DiscoveryEndpoints, s, func() float64 { return float64(len(c.keeper.Snapshot().Endpoints)) })
	r.GaugeFunc(varz.DiscoveryHeld, s, func() float64 {
		if snap := c.keeper.Snapshot(); snap.Answered() && (snap.Held != "" || snap.Err != nil) {
			return 1
		}
		return 0
	})
	aperture := func(d *varz.Desc, read func(*balance.Aperture) float64) {
		r.GaugeFunc(d, s, func() float64 {
			if a, ok := c.stack.Load().balancer.(*balance.Aperture); ok {
				return read(a)
			}
			return 0
		})
	}
	aperture(varz.ApertureActive, func(a *balance.Aperture) float64 { return float64(a.Size()) })
	aperture(varz.ApertureIdle, func(a *balance.Aperture) float64 { return float64(a.Idle()) })
	aperture(varz.ApertureLoadAverage, (*balance.Aperture).LoadAverage)
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
