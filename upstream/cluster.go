package upstream

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/balance"
	"sidecar/discovery"
	"sidecar/upstream/retry"
	"sidecar/varz"
)

// Params are what a cluster is made of. Name, Sources and Lines must be given.
type Params struct {
	Name     string // the upstream's, for people and metrics
	Settings Settings
	// Sources say where the service runs; the cluster runs them.
	Sources []discovery.Source
	// Prefer: the sources stand in order of preference; else they are joined.
	Prefer bool
	// Record is the file that keeps what they said for the next process; ""
	// is none.
	Record string
	// Lines are the sets of connections that each endpoint has: one, unless
	// the protocol needs connections of several kinds. The first one is dialled
	// ahead of need, and tells whether the endpoint can be reached again.
	Lines []Line
	// Choose is the set of Lines that x goes over; nil is the first. Hot.
	Choose func(x *sidecar.Exchange) int
	// Aside is who performs x in the place of the endpoints' connections, for what
	// has connections of its own; nil from it, and nil, is nobody. Hot.
	Aside func(x *sidecar.Exchange) sidecar.Service
	// Other is another upstream of that name, to fall back on; nil from it if
	// there is none at the moment. Called for each request that falls back.
	Other func(name string) sidecar.Service
	// Changed is told of the endpoints that are used from now on, and which of
	// them, by address, are ejected (within a second), one state after the other;
	// nil is fine. It does not block, calls nothing of the cluster's, and keeps
	// what it is given without changing it.
	Changed func(used []discovery.Known, out map[string]bool)
	// Registry takes the counters; nil counts for nobody.
	Registry *varz.Registry
	// Sent and Received are the protocol's counters of bytes to and from an
	// endpoint; nil is none.
	Sent, Received *varz.Desc
	// Timer makes an alarm of the deadline wheel, see hedge.Params; without it
	// nothing is hedged.
	Timer func(fire func(mark uint64)) (arm func(at int64, mark uint64))
	// Finished is told of each exchange when it is over, by its goroutine, for
	// the record of failures; nil is fine. Hot.
	Finished func(x *sidecar.Exchange, err error)
	Log      *slog.Logger // nil is no log
	// Now is sidecar.Now or a coarser clock of the same base; nil is the first.
	Now func() int64
	// Random is in [0, 1), for what clusters shall not do all at once; nil is
	// a generator. Called from many goroutines.
	Random func() float64
}

// Cluster is one upstream: a Service over all its endpoints. Do may be called
// from any goroutine, before Run too, when it fails as there is no endpoint.
//
// What outlives settings is here (endpoints, budget, quota, numbers of
// operations), what is made for them in the stack.
type Cluster struct {
	params   Params
	keeper   *discovery.Keeper
	counters *counters
	ops      *opTable
	budget   *retry.Budget
	quota    *quota
	hedges   *hedges
	costs    balance.Costs
	guards   *guards
	stack    atomic.Pointer[stack]
	set      atomic.Pointer[set]
	dials    sync.WaitGroup
	draining atomic.Bool
	turns

	mu      sync.Mutex // guards changes of set and stack, and what follows
	known   map[identity]*endpoint
	told                // what Params.Changed knows
	leaving []*endpoint // removed, and not empty or not yet reaped
	ids     uint64
	closed  bool
}

// turns are what one turn of the upkeep leaves to the next, and to others.
type turns struct {
	tended  atomic.Int64 // when it was last at work, or the cluster was made
	ramping bool         // an endpoint started slowly at the last turn
	// forgotten is an ejected endpoint outside of the aperture that awaits its
	// probe; a pick takes it.
	forgotten atomic.Pointer[endpoint]
}

// New makes a cluster without endpoints; Run finds them.
func New(p Params) (*Cluster, error) {
	if p.Name == "" || len(p.Sources) == 0 || len(p.Lines) == 0 {
		return nil, errors.New("upstream: a cluster needs a name, a source and a dialler")
	}
	if err := p.Settings.check(); err != nil {
		return nil, err
	}
	if p.Now == nil {
		p.Now = sidecar.Now
	}
	if p.Random == nil {
		p.Random = rand.Float64
	}
	if p.Other == nil {
		p.Other = func(string) sidecar.Service { return nil }
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cluster{
		params: p, known: map[identity]*endpoint{},
		counters: newCounters(p.Registry, p.Name),
		budget:   retry.NewBudget(p.Settings.Retry.Budget, p.Settings.Retry.MinPerSecond),
		quota:    newQuota(p.Settings.MaxEjected), ids: firstID(p.Name), hedges: newHedges(&p),
	}
	c.costs.Set(p.Settings.Balance.decay())
	c.guards = newGuards(&c.params)
	c.ops = newOpTable(c.counters.operation)
	c.keeper = discovery.NewKeeper(discovery.KeeperParams{
		Sources: p.Sources, Hold: p.Settings.Hold, Prefer: p.Prefer, Path: p.Record, Changed: c.update, Log: p.Log.With("upstream", p.Name),
		Errors: p.Registry.Counter(varz.DiscoveryErrors, varz.Source{Service: p.Name}),
	})
	c.set.Store(&set{})
	at := coordinate(&p.Settings.Balance, balance.Coordinate{}, false)
	c.stack.Store(c.compose(p.Settings, balance.NewLevels(c.levels(p.Settings.Balance, at), p.Now()), at))
	c.gauges()
	c.tended.Store(p.Now())
	return c, nil
}

// firstID is where the numbers of a cluster's endpoints begin: an exchange may
// try those of two clusters, and remembers what it tried by these numbers.
func firstID(name string) uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return uint64(h.Sum32()) << 32
}

// Do performs x at an endpoint of the cluster. Hot; it allocates nothing where
// a connection was kept and nothing fails.
func (c *Cluster) Do(ctx context.Context, x *sidecar.Exchange) error {
	return c.stack.Load().service.Do(ctx, x)
}

// Settings are the present ones.
func (c *Cluster) Settings() Settings { return c.stack.Load().settings }

// Retries tells what the budget of further tries has seen lately.
func (c *Cluster) Retries() retry.Account { return c.budget.Account(c.params.Now()) }

// Ready tells whether discovery has answered, with an endpoint of the subset if
// it has any, and else why not. Once there was one it stays ready: that all
// have gone is an answer too, and takes nobody else's upstreams out of service.
func (c *Cluster) Ready() (bool, string) {
	snap := c.keeper.Snapshot()
	if snap.Answered() {
		now := c.set.Load()
		return now.met || now.unmatched == "", now.unmatched
	}
	if snap.Err != nil {
		return false, "no answer yet from " + snap.Source + ": " + snap.Err.Error()
	}
	return false, "no answer yet from " + snap.Source
}

// Discovery is what is known of where the service runs.
func (c *Cluster) Discovery() *discovery.Snapshot { return c.keeper.Snapshot() }

// Tended is when the upkeep of Run was last at work, by Params.Now. It stands
// still with Run, or if that hangs.
func (c *Cluster) Tended() int64 { return c.tended.Load() }

// Drain tells that the cluster is on its way out: exchanges go on as before,
// but nothing is dialled ahead of need any more.
func (c *Cluster) Drain() { c.draining.Store(true) }

// Close ends all endpoints: idle connections at once, those in use as they
// come back, whatever waits for one with a fault. To be called after Run has
// returned; it waits for dials, which it cancels.
func (c *Cluster) Close() {
	c.mu.Lock()
	c.closed = true
	all := slices.Concat(c.set.Swap(&set{}).list, c.leaving)
	c.leaving = nil
	c.stack.Load().balancer.Update(nil, c.params.Now())
	c.mu.Unlock()
	for _, e := range all {
		e.removed.Store(true)
		e.pool.Close()
	}
	c.dials.Wait()
}
