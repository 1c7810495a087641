package upstream

import (
	"context"
	"strconv"
	"sync/atomic"

	"sidecar"
	"sidecar/upstream/limit"
	"sidecar/varz"
)

// guards are what keeps a cluster's callers from waiting for it in vain. They
// outlive settings.
type guards struct {
	circuit  *limit.Circuit
	bulkhead limit.Bulkhead
	full     *varz.Counter // refused by the bulkhead
	drops    drops
}

// newGuards makes the guards of a cluster; a circuit tells the log of each
// change, since it concerns all callers at once.
func newGuards(p *Params) *guards {
	r, s := p.Registry, varz.Source{Service: p.Name}
	g := &guards{full: r.Counter(varz.BulkheadRefused, s), drops: drops{params: p, of: map[string]*dropped{}}}
	g.circuit = limit.NewCircuit(limit.CircuitParams{
		Settings: p.Settings.Circuit, Now: p.Now,
		Changed: func(to limit.State, why string) {
			level := p.Log.Warn
			if to == limit.StateClosed {
				level = p.Log.Info
			}
			level("circuit is "+to.String(), "upstream", p.Name, "why", why, "mode", g.circuit.Snapshot().Mode.String())
		},
		Metrics: limit.CircuitMetrics{
			Refused: r.Counter(varz.CircuitRefused, s), Dark: r.Counter(varz.CircuitDarkRefused, s),
			Opened: r.Counter(varz.CircuitOpened, s), Probes: r.Counter(varz.CircuitProbes, s),
		},
	})
	r.GaugeFunc(varz.CircuitState, s, func() float64 { return float64(g.circuit.Snapshot().Level()) })
	return g
}

// Circuit is the cluster's circuit, to be looked at and forced.
func (c *Cluster) Circuit() *limit.Circuit { return c.guards.circuit }

// bulkhead is the layer that bounds what is under way, by the upstream and by
// operation. Without a bound there is none.
func (s *stack) bulkhead(next sidecar.Service) sidecar.Service {
	most, own := s.settings.MaxInFlight, false
	for _, r := range s.rules.byOp {
		own = own || r.MaxInFlight > 0
	}
	if most == 0 && !own {
		return next
	}
	g := s.cluster.guards
	// Made once: what is refused in numbers must cost nothing.
	full := limit.Full("the upstream has " + strconv.Itoa(most) + " under way")
	fullOf := map[*rule]error{}
	for _, r := range s.rules.byOp {
		fullOf[r] = limit.Full("the operation has " + strconv.Itoa(r.MaxInFlight) + " under way")
	}
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		n := x.N // a session may change it
		if !g.bulkhead.Enter(n, most) {
			g.full.Add(uint64(n))
			return full
		}
		defer g.bulkhead.Leave(n)
		if r := s.rules.byOp[x.Op]; r != nil && r.MaxInFlight > 0 {
			of := &s.cluster.ops.get(r.op).bulkhead
			if !of.Enter(n, r.MaxInFlight) {
				g.full.Add(uint64(n))
				return fullOf[r]
			}
			defer of.Leave(n)
		}
		return next.Do(ctx, x)
	})
}

// fallback is the layer that answers in the cluster's place, nil if nothing is
// configured to.
func (c *Cluster) fallback(f Fallback) sidecar.Layer {
	r := c.params.Registry
	used := make([]atomic.Pointer[varz.Counter], sidecar.ReasonCount)
	return limit.Fallback(limit.FallbackParams{
		On: f.On, Static: f.Static, Other: f.Upstream, Find: c.params.Other,
		Used: func(why sidecar.Reason, n int) {
			counterOf(used, why, func(reason string) *varz.Counter {
				return r.Counter(varz.Fallbacks, varz.Source{Service: c.params.Name, Reason: reason})
			}).Add(uint64(n))
		},
		Failed: r.Counter(varz.FallbackFailures, varz.Source{Service: c.params.Name}),
	})
}

// Spare is the cluster as the fallback of another: without a fallback of its
// own, so that two cannot send a request back and forth.
func (c *Cluster) Spare() sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		return c.stack.Load().spare.Do(ctx, x)
	})
}
