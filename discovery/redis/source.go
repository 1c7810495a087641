package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sidecar/discovery"
	"sidecar/varz"
)

// lingering is how long an endpoint is given out after the last topology that
// names it, and one that a redirect named before the first that does: requests
// under way have it by name.
const lingering = 5 * time.Second

// Settings may change while a Source runs.
type Settings struct {
	Servers   Login // of the servers themselves
	Sentinels Login
	TLS       bool          // of a cluster's ports those of TLS are taken
	Refresh   time.Duration // from one look to the next that nobody asks for
}

// Params are what a Source is made of.
type Params struct {
	// Seeds tell some nodes of the cluster, or some of the Sentinels; Prefer is as
	// in discovery.KeeperParams.
	Seeds  []discovery.Source
	Prefer bool
	// Master is what the Sentinels call the master; "" is a Redis Cluster.
	Master   string
	Settings func() Settings // called for each look
	Dial     DialFunc
	// Changed is given each topology that differs from the last one, when its
	// endpoints are known. One call at a time; it does not take long.
	Changed  func(*Topology)
	Service  string         // the upstream, for metrics and the log
	Registry *varz.Registry // nil counts for nobody
	Log      *slog.Logger   // nil is no log
}

// Source finds the servers of a cluster, or of a master under Sentinels. It is a
// discovery.Source.
type Source struct {
	p    Params
	name string
	log  *slog.Logger
	stat stats
	look func(ctx context.Context) (*Topology, error)

	wake  chan struct{}
	asked atomic.Int32 // the wish for a look
	seeds atomic.Pointer[[]string]
	now   atomic.Pointer[Topology] // nil before the first
	voice

	mu      sync.Mutex // guards what follows, and orders what is given out
	publish func(discovery.Update)
	extra   map[string]time.Time // endpoints that no topology names, until then
	out     map[string]struct{}  // what was given out last
}

type stats struct{ looks, failed, changes *varz.Counter }

// New makes a Source; Run makes it work.
func New(p Params) *Source {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	names := make([]string, len(p.Seeds))
	for i, seed := range p.Seeds {
		names[i] = seed.String()
	}
	s := &Source{p: p, name: "redis cluster at " + strings.Join(names, ", "), wake: make(chan struct{}, 1), extra: map[string]time.Time{}}
	s.look = s.lookAtCluster
	if p.Master != "" {
		s.name = "redis sentinel of " + p.Master + " at " + strings.Join(names, ", ")
		s.look = s.lookAtSentinels
	}
	s.log = p.Log.With("upstream", p.Service, "source", s.name)
	from := varz.Source{Service: p.Service}
	s.stat = stats{p.Registry.Counter(varz.RedisLooks, from), p.Registry.Counter(varz.RedisLooksFailed, from), p.Registry.Counter(varz.RedisTopologies, from)}
	return s
}

// String names the kind and the seeds.
func (s *Source) String() string { return s.name }

// Topology is the present one, nil before the first.
func (s *Source) Topology() *Topology { return s.now.Load() }

// Look asks for a look soon: something is not as the topology says. Any goroutine
// may call it, with any lock held; it does not wait.
func (s *Source) Look() {
	s.want(asked)
}

func (s *Source) want(w wish) {
	for {
		old := s.asked.Load()
		if old >= int32(w) || s.asked.CompareAndSwap(old, int32(w)) {
			s.poke()
			return
		}
	}
}

// Refresh is Look, by the name that discovery knows it by.
func (s *Source) Refresh() { s.Look() }

func (s *Source) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Meet has the endpoint given out that a redirect names; when it returns it is.
// It does nothing to one that is, or while Run does not run.
func (s *Source) Meet(address string) {
	address, err := discovery.ParseAddress(address)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.out[address]; known || s.publish == nil || len(s.out) >= maxNodes {
		return
	}
	s.extra[address] = time.Now().Add(lingering)
	s.give()
	s.poke() // its time has to be waited for
}

// Run is discovery.Source's.
func (s *Source) Run(ctx context.Context, publish func(discovery.Update)) error {
	s.mu.Lock()
	s.publish = publish
	s.mu.Unlock()
	var running sync.WaitGroup
	keeper := discovery.NewKeeper(discovery.KeeperParams{Sources: s.p.Seeds, Prefer: s.p.Prefer, Changed: s.takeSeeds, Log: s.log})
	running.Go(func() { _ = keeper.Run(ctx) })
	s.tend(ctx, keeper)
	running.Wait()
	s.hush()
	s.mu.Lock()
	s.publish = nil
	s.mu.Unlock()
	return ctx.Err()
}

// takeSeeds takes up where the first servers are to be looked for.
func (s *Source) takeSeeds(snap *discovery.Snapshot) {
	all := make([]string, len(snap.Endpoints))
	for i := range snap.Endpoints {
		all[i] = snap.Endpoints[i].Address
	}
	s.seeds.Store(&all)
	if s.now.Load() == nil {
		s.Look()
	}
}

// tend looks when it is time to, until ctx ends.
func (s *Source) tend(ctx context.Context, keeper *discovery.Keeper) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var p pace
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wake:
		}
		now := time.Now()
		if due := p.due(wish(s.asked.Load()), s.refresh()); !now.Before(due) && s.seeds.Load() != nil {
			p.began, p.draw = now, rand.Float64()
			s.asked.Store(int32(unasked))
			p.fails = s.round(ctx, p.fails, keeper)
		}
		due := p.due(wish(s.asked.Load()), s.refresh())
		if s.seeds.Load() == nil {
			due = now.Add(maxAgain) // their coming wakes
		}
		timer.Reset(max(time.Millisecond, min(time.Until(due), s.expire())))
	}
}

// refresh is the wait between looks that nobody asks for.
func (s *Source) refresh() time.Duration {
	every := s.p.Settings().Refresh
	if t := s.now.Load(); t != nil && t.unsettled {
		return min(every, soonLook)
	}
	return every
}

// round looks once and gives out what has come of it. It returns how many looks
// have failed in a row.
func (s *Source) round(ctx context.Context, fails int, keeper *discovery.Keeper) int {
	s.stat.looks.Inc()
	next, err := s.look(ctx)
	switch {
	case ctx.Err() != nil:
		return fails
	case err != nil:
		s.stat.failed.Inc()
		if seeds := keeper.Snapshot(); seeds.Err != nil {
			err = errors.Join(err, seeds.Err)
		}
		s.tell(discovery.Update{Err: fmt.Errorf("redis: %w", err)})
		return fails + 1
	}
	s.take(next)
	return 0
}

// take makes next the topology. Its endpoints are given out before it is told,
// and those that it does not name for a while after.
func (s *Source) take(next *Topology) {
	before := s.now.Load()
	next = next.inOrder(before)
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(lingering)
	for _, address := range before.addresses() {
		s.extra[address] = until
	}
	for _, address := range next.addresses() {
		delete(s.extra, address)
	}
	s.now.Store(next)
	s.give()
	if next.equal(before) {
		return
	}
	s.stat.changes.Inc()
	s.log.Info("redis: the servers have changed", "shards", len(next.Shards), "servers", len(next.addresses()), "masters", masters(next))
	if s.p.Changed != nil {
		s.p.Changed(next)
	}
}

// masters are those of the first shards, for people.
func masters(t *Topology) string {
	const told = 8
	var all []string
	for i, sh := range t.Shards {
		if i == told {
			all = append(all, "...")
			break
		}
		all = append(all, sh.Master)
	}
	return strings.Join(all, " ")
}
