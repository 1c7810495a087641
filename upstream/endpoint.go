package upstream

import (
	"context"
	"math"
	"sync/atomic"

	"sidecar"
	"sidecar/balance"
	"sidecar/discovery"
	"sidecar/upstream/breaker"
	"sidecar/varz"
)

// identity is what makes two announcements the same endpoint. A cluster speaks
// one protocol.
type identity struct{ address, tlsName, what string }

func identityOf(e discovery.Endpoint) identity { return identity{e.Address, e.TLSName, e.Identity} }

// endpoint is one place where the service runs. It outlives settings and
// discovery's snapshots; it ends when it is removed and the last exchange has
// left it.
type endpoint struct {
	id      uint64
	address string
	known   atomic.Pointer[discovery.Known] // as last announced
	weight  atomic.Uint64                   // float64 bits
	pool    lines
	breaker *breaker.Breaker
	service sidecar.Service // breaker and pool
	stats   endpointStats
	pending atomic.Int64 // requests outstanding
	costs   *balance.Costs
	ewma    balance.Ewma
	ramp    balance.Ramp

	life
	redialing atomic.Bool
	warming   atomic.Bool
	kept      keptTale               // upkeep's
	undialled atomic.Pointer[string] // why the latest dial failed, nil if it did not
}

// ID is the endpoint's number.
func (e *endpoint) ID() uint64 { return e.id }

// Status is the worst of what knows about the endpoint. Hot.
func (e *endpoint) Status(now int64) sidecar.Status {
	if e.removed.Load() {
		return sidecar.Closed
	}
	return max(e.breaker.Status(now), e.pool.Status())
}

// At is what the endpoint of that address has to do, and how it stands; one that
// is not in use is Closed. Hot.
func (c *Cluster) At(address string) (pending int64, status sidecar.Status) {
	e := c.set.Load().byAddress[address]
	if e == nil {
		return 0, sidecar.Closed
	}
	return e.pending.Load(), e.Status(c.params.Now())
}

// Load is what is outstanding, what a request costs, the announced weight and
// the share of it while the endpoint starts slowly. Hot.
func (e *endpoint) Load(now int64) balance.Load {
	l := balance.Load{
		Pending: e.pending.Load(), Cost: 1,
		Weight: math.Float64frombits(e.weight.Load()), Share: e.ramp.Share(now),
	}
	if e.costs.On() {
		l.Cost = e.ewma.Cost(now, e.costs)
		l.Dear = e.costs.Dear(l.Cost)
	}
	return l
}

// Barred tells whether it was ejected by hand.
func (e *endpoint) Barred() bool { return e.breaker.Forced() }

// Failing tells whether it is in use only because too many others are ejected.
func (e *endpoint) Failing() bool { return e.breaker.Kept() != "" }

// Place is where discovery says that it stands.
func (e *endpoint) Place() balance.Place {
	k := e.known.Load()
	return balance.Place{Name: e.address, Zone: k.Zone, Priority: k.Priority}
}

// describe takes what discovery says now.
func (e *endpoint) describe(k discovery.Known) {
	e.known.Store(&k)
	w := k.Weight
	if !(w > 0) || math.IsInf(w, 1) {
		w = 1
	}
	e.weight.Store(math.Float64bits(w))
}

// Do performs one try of x at the endpoint and records it. Hot.
func (e *endpoint) Do(ctx context.Context, x *sidecar.Exchange) error {
	if x.Kind == sidecar.Session {
		x.Watch(&e.stats)
		defer x.Unwatch()
		e.hold(x)
		defer e.drop(x)
	}
	err := e.service.Do(ctx, x)
	t := x.Tries.Last()
	t.End = x.Now()
	if err == nil {
		t.Class = x.Msg.Class()
	} else {
		f := sidecar.FaultOf(err)
		t.Stage, t.Flags, t.Reason, t.Class, t.Code = f.Stage, f.Flags, f.Reason, f.Class, f.Code
	}
	e.learn(x, t, err)
	e.stats.count(x, t, err)
	e.stats.sent.Add(uint64(t.Out))
	e.stats.received.Add(uint64(t.In))
	return err
}

// endpointStats is what the peer did.
type endpointStats struct {
	requests, succeeded, failed *varz.Counter
	sent, received              *varz.Counter // bytes
	latency                     *varz.Histogram
	reasons                     []atomic.Pointer[varz.Counter]
	reason                      func(string) *varz.Counter
}

func newEndpointStats(p *Params, s varz.Source) endpointStats {
	r := p.Registry
	bytes := func(d *varz.Desc) *varz.Counter {
		if d == nil {
			return new(varz.Counter)
		}
		return r.Counter(d, s)
	}
	return endpointStats{
		sent: bytes(p.Sent), received: bytes(p.Received),
		requests: r.Counter(varz.EndpointDispatches, s), succeeded: r.Counter(varz.EndpointSuccesses, s),
		failed: r.Counter(varz.EndpointExceptions, s), latency: r.Histogram(varz.EndpointLatency, s),
		reasons: make([]atomic.Pointer[varz.Counter], sidecar.ReasonCount),
		reason: func(reason string) *varz.Counter {
			from := s // not s itself: several may ask at once
			from.Reason = reason
			return r.Counter(varz.EndpointFailures, from)
		},
	}
}

// count counts one try. What the client caused is no failure of the endpoint
// and no success either, nor is a try that another sender's reply ended. A try
// that got no connection, or sent nothing on it, has no latency: a host that is
// down refuses at once, and would look the fastest of all. Hot.
func (s *endpointStats) count(x *sidecar.Exchange, t *sidecar.Try, err error) {
	n := uint64(x.N)
	s.requests.Add(n)
	if x.Kind == sidecar.Unary && t.Connected != 0 && (err == nil || t.Flags&sidecar.Unsent == 0) {
		s.latency.ObserveN(t.End-t.Start, x.N)
	}
	r := failure(x, err)
	switch {
	case err == nil && r == sidecar.NoReason:
		s.succeeded.Add(n)
	case err != nil && (r == sidecar.HedgeLost || sidecar.FaultOf(err).Has(sidecar.FromClient)):
	default:
		s.failed.Add(n)
		counterOf(s.reasons, r, s.reason).Add(n)
	}
}

// Observe counts a request inside a session.
func (s *endpointStats) Observe(_ sidecar.Op, o sidecar.Outcome) {
	s.requests.Inc()
	s.latency.Observe(o.Duration)
	if r := reasonOf(o); r == sidecar.NoReason {
		s.succeeded.Inc()
	} else {
		s.failed.Inc()
		counterOf(s.reasons, r, s.reason).Inc()
	}
}
