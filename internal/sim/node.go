package sim

import (
	"context"

	"sidecar"
	"sidecar/balance"
	"sidecar/upstream/breaker"
)

// node is a backend as one sidecar sees it.
type node struct {
	host    *host
	pending int64
	gone    bool
	ewma    balance.Ewma
	ramp    balance.Ramp
	costs   *balance.Costs   // nil where requests alone count
	breaker *breaker.Breaker // nil without breakers
	service sidecar.Service  // the breaker's layer
	result  outcome          // of the try that the layer is told of
	link    link
}

// ID is the backend's number, for all sidecars the same.
func (n *node) ID() uint64 { return n.host.id }

// Status is the worst of discovery and breaker.
func (n *node) Status(now int64) sidecar.Status {
	switch {
	case n.gone:
		return sidecar.Closed
	case n.breaker == nil:
		return sidecar.Open
	}
	return n.breaker.Status(now)
}

// Load is what is outstanding, with the weight and perhaps the reply time.
func (n *node) Load(now int64) balance.Load {
	l := balance.Load{Pending: n.pending, Cost: 1, Weight: n.host.weight, Share: n.ramp.Share(now)}
	if n.costs != nil {
		l.Cost = n.ewma.Cost(now, n.costs)
		l.Dear = n.costs.Dear(l.Cost)
	}
	return l
}

// Place is where discovery says that it is.
func (n *node) Place() balance.Place { return balance.Place{Name: n.host.name} }

// observe takes the reply time of a try that began at that time.
func (n *node) observe(o outcome, began, now int64) {
	switch {
	case n.costs == nil:
	case o == success:
		n.ewma.Observe(now-began, now, n.costs)
	default:
		n.ewma.Penalize(now-began, 0, now, n.costs)
	}
}

// guard gives the node a breaker.
func (n *node) guard(c *client) {
	q := &c.quota
	n.breaker = breaker.New(breaker.Params{
		Settings: *c.world.scenario.Breaker,
		Now:      func() int64 { return c.world.now },
		Ask:      func() bool { return q.ask(c.known) },
		Back:     q.back,
		Ejected:  func(string) { c.world.count(&c.world.tally.ejections) },
		Random:   c.random.Float64,
	})
	n.service = n.breaker.Layer()(sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error {
		return n.result.err()
	}))
}

// claim asks the breaker for leave to send f there.
func (n *node) claim(f *flight, now int64) bool {
	if n.breaker == nil {
		return true
	}
	ok, _ := n.breaker.Claim(&f.exchange, now)
	return ok
}

// learn tells the breaker how f's try ended. The layer, which in production
// stands around the try, is run when it is over. Its exchange must say that it
// is now, which only Begin can tell it; the tries are carried over.
func (n *node) learn(f *flight, o outcome, now int64) {
	if n.breaker == nil {
		return
	}
	n.result, f.result = o, o
	tries := f.exchange.Tries
	f.exchange.Begin(f, nil, now)
	f.exchange.Tries = tries
	_ = n.service.Do(context.Background(), &f.exchange) // the outcome is known
}

// quota is how many endpoints of a sidecar may be ejected at once, counted as
// the cluster does.
type quota struct {
	share float64
	out   int
}

func (q *quota) ask(known int) bool {
	// A share such as 0.29 of 100 must be 29 and not a hair less.
	if q.out+1 > min(int(float64(known)*q.share+1e-9), known-1) {
		return false
	}
	q.out++
	return true
}

func (q *quota) back() { q.out-- }
