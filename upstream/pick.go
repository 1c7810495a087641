package upstream

import (
	"context"
	"errors"

	"sidecar"
	"sidecar/balance"
)

// maxPicks is how often one try asks the balancer. It is asked again when
// somebody else was faster to the turn of an ejected endpoint, or the endpoint
// ended in between.
const maxPicks = 4

// pick is the layer that makes one try: it chooses an endpoint, counts what is
// outstanding there and runs the exchange in it. Hot.
func (s *stack) pick(ctx context.Context, x *sidecar.Exchange) error {
	c := s.cluster
	now := x.Now()
	e, from := s.first(x, now)
	if from != nil && x.Tries.Len() > 0 {
		e, from = s.untried(e, from, x, now)
	}
	if e == nil && x.Endpoint == "" {
		// The balancer of former settings, in which x began, is not told of
		// new endpoints.
		if e = c.set.Load().untried(x, now); e != nil {
			e.breaker.Claim(x, now)
		}
	}
	if e == nil {
		return c.noEndpoint(x)
	}
	n := x.N
	e.pending.Add(int64(n))
	defer s.done(x, e, n, from)
	x.Try(e.address, e.id, now)
	if d := s.rules.attemptTimeout(x.Op, s.settings.AttemptTimeout); d > 0 {
		x.SetAttemptTimeout(int64(d), now)
	}
	return e.Do(ctx, x)
}

// first is the endpoint that x names, one that awaits its probe, or the
// balancer's choice: then from is what the balancer picked, else nil.
func (s *stack) first(x *sidecar.Exchange, now int64) (e *endpoint, from balance.Node) {
	c := s.cluster
	if x.Endpoint != "" {
		if e = c.set.Load().named(x.Endpoint); e != nil {
			e.breaker.Claim(x, now) // refused or not: the caller names this one
		}
		return e, nil
	}
	if c.forgotten.Load() != nil {
		if e = c.probe(x, now); e != nil {
			return e, nil
		}
	}
	return s.choose(x, now)
}

// probe gives the first try of x to an ejected endpoint whose time out is over
// and which no picker would come to, as it is outside of the aperture: left
// alone it would stay ejected, and hold a place of max_ejected that another
// needs. nil if there is none.
func (c *Cluster) probe(x *sidecar.Exchange, now int64) *endpoint {
	if x.Tries.Len() > 0 || x.Kind == sidecar.Session {
		return nil
	}
	e := c.forgotten.Swap(nil)
	if e == nil || !e.enter() {
		return nil
	}
	if _, probe := e.breaker.Claim(x, now); !probe {
		e.leave()
		return nil
	}
	return e
}

// done ends x's try of n requests at e, which the balancer picked as from.
func (s *stack) done(x *sidecar.Exchange, e *endpoint, n int, from balance.Node) {
	e.pending.Add(int64(-n))
	if from != nil {
		s.balancer.Done(from, n, x.Now())
	}
	e.leave()
}

// choose asks the balancer for an endpoint and enters it; nil if there is none.
// Where the breaker gives no turn and no other is found, or its word does not
// count as too many are out, the endpoint is used nevertheless: no exchange is
// refused while an endpoint is known.
func (s *stack) choose(x *sidecar.Exchange, now int64) (*endpoint, balance.Node) {
	for i := 1; i <= maxPicks; i++ {
		n := s.balancer.Pick(x, now)
		if n == nil {
			return nil, nil
		}
		e := balance.Under(n).(*endpoint)
		if e.enter() {
			if ok, _ := e.breaker.Claim(x, now); ok || i == maxPicks || balance.Panics(n) {
				return e, n
			}
			e.leave()
		}
		s.balancer.Done(n, x.N, now)
	}
	return nil, nil
}

// untried is e, or in its place an endpoint that x has not tried. Balancers
// rather go to a tried endpoint again than to one that is Closed; but an
// exchange that has reached nobody yet is better off with one of which it is
// only suspected that it is dead. from is what the balancer picked e as.
func (s *stack) untried(e *endpoint, from balance.Node, x *sidecar.Exchange, now int64) (*endpoint, balance.Node) {
	if x.Tries.Last().Flags&sidecar.Unsent == 0 || !x.Tries.Tried(e.id) {
		return e, from
	}
	other := s.cluster.set.Load().untried(x, now)
	if other == nil {
		return e, from
	}
	e.breaker.Return(x)
	e.leave()
	s.balancer.Done(from, x.N, now)
	other.breaker.Claim(x, now)
	return other, nil
}

// others tells retry whether x has an endpoint left to try.
func (c *Cluster) others(x *sidecar.Exchange) bool {
	if x.Endpoint != "" {
		return false
	}
	for _, e := range c.set.Load().list {
		if !x.Tries.Tried(e.id) {
			return true
		}
	}
	return false
}

// noEndpoint is the fault of an exchange for which there is no endpoint at all.
func (c *Cluster) noEndpoint(x *sidecar.Exchange) error {
	if len(c.set.Load().list) == 0 {
		c.counters.noMembers.Add(uint64(x.N))
	}
	f := &sidecar.Fault{Stage: sidecar.StagePick, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.NoEndpoints}
	switch ok, why := c.Ready(); {
	case !ok, why != "" && x.Endpoint == "":
		f.Err = errors.New(why)
	case x.Endpoint != "":
		f.Err = errors.New("the endpoint that the request names is not announced")
	default:
		f.Err = errors.New("no endpoint is announced")
	}
	return f
}
