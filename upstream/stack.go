package upstream

import (
	"sidecar"
	"sidecar/balance"
	"sidecar/upstream/breaker"
	"sidecar/upstream/pool"
	"sidecar/upstream/retry"
	"sidecar/varz"
)

// stack is a cluster's settings with the layers made for them. Immutable: an
// exchange that has begun in one ends in it.
type stack struct {
	cluster  *Cluster
	settings Settings
	rules    *rules
	balancer Balancer
	at       balance.Coordinate // that the balancer goes by; not Known if it has none
	service  sidecar.Service
}

// compose states the order in which an exchange meets the layers of a cluster,
// outermost first:
//
//   - stats: what the caller saw, retries included, and under which operation;
//     the others need the operation's settings.
//   - deadline: outside of retry, since the time is for all tries together.
//   - retry: outside of the balancer, so that each try may go elsewhere.
//   - pick: the balancer, and the time of one try, which runs from the pick.
//
// A circuit, a fallback and hedging belong between deadline and retry, when
// there are any.
func (c *Cluster) compose(s Settings, b Balancer, at balance.Coordinate) *stack {
	out := &stack{cluster: c, settings: s, balancer: b, at: at, rules: newRules(c.ops, s.Operations)}
	out.service = sidecar.Stack(sidecar.ServiceFunc(out.pick),
		out.stats,
		out.deadline,
		retry.Layer(retry.Params{
			Rules: s.Retry.Rules, Of: out.rules.retries(), Backoff: s.Retry.Backoff, Budget: c.budget,
			Others: c.others, Random: c.params.Random, Metrics: c.retries,
		}),
	)
	return out
}

// composeEndpoint states the order of an endpoint's layers, outermost first.
// Its statistics (endpoint.Do) stand outside of all, as they count tries.
//
//   - breaker: outside of the pool, since a connect failure must eject.
//   - pool: innermost; what is inside of it is one connection.
func composeEndpoint(b *breaker.Breaker, p *pool.Exclusive) sidecar.Service {
	return sidecar.Stack(p, b.Layer())
}

func retryMetrics(r *varz.Registry, name string) retry.Metrics {
	s := varz.Source{Service: name}
	return retry.Metrics{
		Retries: r.Counter(varz.Retries, s), Requeues: r.Counter(varz.Requeues, s), Paid: r.Counter(varz.RequeuesPaid, s),
		Waiting: r.Gauge(varz.RetriesWaiting, s), Exhausted: r.Counter(varz.BudgetExhausted, s), Held: r.Counter(varz.HeldReplies, s),
	}
}
