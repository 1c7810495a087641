package upstream

import (
	"sidecar"
	"sidecar/discovery"
	"sidecar/upstream/breaker"
	"sidecar/upstream/pool"
	"sidecar/varz"
)

// newEndpoint makes an endpoint; with the lock held.
func (c *Cluster) newEndpoint(k discovery.Known) *endpoint {
	c.ids++
	id, s, r := c.ids, c.stack.Load().settings, c.params.Registry
	src := varz.Source{Service: c.params.Name, Endpoint: k.Address}
	e := &endpoint{id: id, address: k.Address, stats: newEndpointStats(&c.params, src), costs: &c.costs}
	e.describe(k)
	if len(c.set.Load().list) > 0 {
		// Of the first set none starts slowly: all would, which is the same.
		e.ramp.Start(c.params.Now(), s.Balance.SlowStart)
	}
	reasoned := func(d *varz.Desc, reason string) *varz.Counter {
		from := src
		from.Reason = reason
		return r.Counter(d, from)
	}
	e.pool = c.newLines(e, pool.Params{
		Go: c.dials.Go, Now: c.params.Now, Settings: s.pool(),
		Metrics: pool.Metrics{
			Waits: r.Counter(varz.PoolWaits, src), DialWaits: r.Counter(varz.PoolDialWaits, src),
			Exhausted: r.Counter(varz.PoolExhausted, src), Stale: r.Counter(varz.StaleConnections, src),
			Connects: r.Counter(varz.SocketConnects, src), Latency: r.Histogram(varz.SocketOpenLatency, src),
			Failed: func(why sidecar.Reason) {
				reasoned(varz.ConnectFailures, why.String()).Inc()
				c.unreachable(e, why)
			},
		},
	})
	e.breaker = breaker.New(breaker.Params{
		Settings: s.Breaker, Now: c.params.Now, Random: c.params.Random,
		Ask: func() bool { return c.quota.ask(id) }, Back: func() {
			c.quota.back(id)
			// One probe that worked does not make it as strong as the others.
			e.ramp.Start(c.params.Now(), c.stack.Load().settings.Ramp)
		},
		Ejected: func(reason string) {
			reasoned(varz.Ejections, reason).Inc()
			c.params.Log.Warn("endpoint ejected", "upstream", c.params.Name, "endpoint", e.address, "reason", reason, "cause", e.cause(reason))
		},
		Metrics: breaker.Metrics{
			Refused: r.Counter(varz.EjectionsRefused, src), Readmissions: r.Counter(varz.Readmissions, src),
			Probes: r.Counter(varz.Probes, src), TimeFailed: r.Counter(varz.TimeFailed, src),
			ReconnectAttempts: r.Counter(varz.ReconnectAttempts, src),
		},
	})
	e.service = composeEndpoint(e.breaker, e.pool)
	e.gauges(r, src, c.params.Now)
	return e
}
