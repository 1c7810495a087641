package upstream

import (
	"context"

	"sidecar"
	"sidecar/balance"
	"sidecar/upstream/breaker"
	"sidecar/upstream/retry"
	"sidecar/varz"
)

// stack is a cluster's settings with the layers made for them. Immutable: an
// exchange that has begun in one ends in it.
type stack struct {
	cluster  *Cluster
	settings Settings
	rules    *rules
	balancer *balance.Levels
	at       balance.Coordinate // that the balancer goes by; not Known if it has none
	service  sidecar.Service
	spare    sidecar.Service // service without the fallback, see Cluster.Spare
}

// compose states the order in which an exchange meets the layers of a cluster,
// outermost first:
//
//   - stats: what the caller saw, retries included, and under which operation;
//     the others need the operation's settings.
//   - deadline: outside of retry, since the time is for all tries together.
//   - fallback: inside of the deadline, which is for the fallback too, and
//     outside of all that it answers for.
//   - drop: inside of the fallback, which may answer for it; outside of the
//     bulkhead and the circuit: what a control plane wants refused takes no
//     place and says nothing about the upstream.
//   - bulkhead: outside of the circuit: what is refused for our own bound says
//     nothing about the upstream, and the one request that shall close a circuit
//     must not be refused for it.
//   - circuit: outside of retry, as it counts what callers saw: what a retry has
//     mended is well.
//   - aside: inside of all that is about the upstream as a whole. What is outside
//     of the pool has its own connections, and picks and tries again by itself.
//   - hedge: inside of the circuit, which counts a request once. Outside of
//     retry, whose tries are all the first sender's: the second makes one, at
//     the balancer.
//   - retry: outside of the balancer, so that each try may go elsewhere.
//   - pick: the balancer, and the time of one try, which runs from the pick.
func (c *Cluster) compose(s Settings, b *balance.Levels, at balance.Coordinate) *stack {
	out := &stack{cluster: c, settings: s, balancer: b, at: at, rules: newRules(c.ops, s.Operations)}
	again := retry.Layer(retry.Params{
		Rules: s.Retry.Rules, Of: out.rules.retries(), Backoff: s.Retry.Backoff, Budget: c.budget,
		Others: c.others, Random: c.params.Random, Metrics: c.counters.retries,
	})
	inner := sidecar.Stack(sidecar.ServiceFunc(out.pick), out.drop, out.bulkhead, c.guards.circuit.Layer, out.aside, out.hedge, again)
	out.spare = sidecar.Stack(inner, out.stats, out.deadline)
	out.service = out.spare
	if fallback := c.fallback(s.Fallback); fallback != nil {
		out.service = sidecar.Stack(inner, out.stats, out.deadline, fallback)
	}
	return out
}

// aside is the layer that leads past the endpoints what is not theirs.
func (s *stack) aside(next sidecar.Service) sidecar.Service {
	of := s.cluster.params.Aside
	if of == nil {
		return next
	}
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		if to := of(x); to != nil {
			return to.Do(ctx, x)
		}
		return next.Do(ctx, x)
	})
}

// composeEndpoint states the order of an endpoint's layers, outermost first.
// Its statistics (endpoint.Do) stand outside of all, as they count tries.
//
//   - breaker: outside of the pool, since a connect failure must eject.
//   - pool: innermost; what is inside of it is one connection.
func composeEndpoint(b *breaker.Breaker, p sidecar.Service) sidecar.Service {
	return sidecar.Stack(p, b.Layer())
}

func retryMetrics(r *varz.Registry, name string) retry.Metrics {
	s := varz.Source{Service: name}
	return retry.Metrics{
		Retries: r.Counter(varz.Retries, s), Requeues: r.Counter(varz.Requeues, s), Paid: r.Counter(varz.RequeuesPaid, s),
		Waiting: r.Gauge(varz.RetriesWaiting, s), Exhausted: r.Counter(varz.BudgetExhausted, s), Held: r.Counter(varz.HeldReplies, s),
	}
}
