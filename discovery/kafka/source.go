package kafka

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

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/discovery"
	"sidecar/varz"
)

// AskFunc asks the broker at address, an endpoint's, in a version that both sides
// know, on a connection that is logged in. The end of ctx ends it.
type AskFunc = func(ctx context.Context, address string, q kmsg.Request) (kmsg.Response, error)

// Params are what a Source is made of.
type Params struct {
	// Seeds tell some brokers of the cluster; Prefer is as in
	// discovery.KeeperParams.
	Seeds  []discovery.Source
	Prefer bool
	Ask    AskFunc
	// Refresh is the time from one look to the next that nobody asks for; called
	// for each.
	Refresh func() time.Duration
	// Own tells whether a broker's address leads back to this process: sessions
	// with it would never end at a broker. nil is never.
	Own func(address string) bool
	// Changed is given the nodes each time that one is new, elsewhere or gone, when
	// their endpoints are known. One call at a time; it does not take long. It may
	// be nil.
	Changed  func(*Nodes)
	Service  string         // the upstream, for metrics and the log
	Registry *varz.Registry // nil counts for nobody
	Log      *slog.Logger   // nil is no log
}

// Source finds the brokers of a cluster. It is a discovery.Source.
type Source struct {
	p      Params
	name   string
	log    *slog.Logger
	stat   stats
	wake   chan struct{}
	asked  atomic.Bool // somebody wants a look
	seeded atomic.Bool // seeds have been told
	now    atomic.Pointer[Nodes]
	rounds rounds

	mu      sync.Mutex // guards what follows, and orders what is given out
	publish func(discovery.Update)
	table   *table
	needed  bool                // the seeds are given out until the cluster has answered
	out     map[string]struct{} // the endpoints given out last, by address
	refused map[string]struct{} // what was told of brokers that cannot be used
}

type stats struct {
	looks, failed, changes, unknown *varz.Counter
	nodes                           *varz.Gauge
}

// New makes a Source; Run makes it work.
func New(p Params) *Source {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	names := make([]string, len(p.Seeds))
	for i, seed := range p.Seeds {
		names[i] = seed.String()
	}
	s := &Source{p: p, name: "kafka cluster at " + strings.Join(names, ", "), wake: make(chan struct{}, 1), table: newTable(), refused: map[string]struct{}{}}
	s.log = p.Log.With("upstream", p.Service, "source", s.name)
	from := varz.Source{Service: p.Service}
	s.stat = stats{
		p.Registry.Counter(varz.KafkaLooks, from), p.Registry.Counter(varz.KafkaLooksFailed, from), p.Registry.Counter(varz.KafkaNodeChanges, from),
		p.Registry.Counter(varz.KafkaUnknownNode, from), p.Registry.Gauge(varz.KafkaNodes, from),
	}
	return s
}

// String names the kind and the seeds.
func (s *Source) String() string { return s.name }

// Nodes are those that are known now; nil before the first.
func (s *Source) Nodes() *Nodes { return s.now.Load() }

// Look asks for a look soon: something is not as the nodes say. Any goroutine may
// call it, with any lock held; it does not wait.
func (s *Source) Look() {
	if !s.asked.Swap(true) {
		s.poke()
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
	s.rounds.stop()
	s.mu.Lock()
	s.publish = nil
	s.mu.Unlock()
	return ctx.Err()
}

// takeSeeds takes up where the cluster is to be looked for.
func (s *Source) takeSeeds(snap *discovery.Snapshot) {
	seeds := make([]discovery.Endpoint, len(snap.Endpoints))
	for i := range snap.Endpoints {
		seeds[i] = snap.Endpoints[i].Endpoint
	}
	s.mu.Lock()
	s.table.seed(seeds)
	answered := s.table.answered
	if s.needed {
		s.give(s.table.snapshot())
	}
	s.mu.Unlock()
	s.seeded.Store(true)
	if !answered {
		s.asked.Store(true)
	}
	s.poke()
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
		if due := p.due(s.asked.Load(), s.p.Refresh()); !now.Before(due) && s.seeded.Load() {
			p.began, p.draw = now, rand.Float64()
			s.asked.Store(false)
			p.fails = s.round(ctx, p.fails, keeper)
		}
		due := p.due(s.asked.Load(), s.p.Refresh())
		if !s.seeded.Load() {
			due = now.Add(maxAgain) // their coming wakes
		}
		timer.Reset(max(time.Millisecond, min(time.Until(due), s.expire())))
	}
}

// firstLook is how long the first look may take before clients are led to the seeds.
// Most have ended by then, and a set that is another a moment later would cost
// connections, and seem a loss beside what a former process knew.
const firstLook = time.Second

// needSeeds gives the seeds out, as nobody has told of the nodes.
func (s *Source) needSeeds() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.needed || s.table.answered || len(s.table.seeds) == 0 {
		return
	}
	s.needed = true
	s.give(s.table.snapshot())
}

// round looks once and gives out what has come of it. It returns how many looks
// have failed in a row.
func (s *Source) round(ctx context.Context, fails int, keeper *discovery.Keeper) int {
	s.stat.looks.Inc()
	s.rounds.begin()
	defer s.rounds.tell(true)
	defer time.AfterFunc(firstLook, s.needSeeds).Stop()
	a, err := s.look(ctx)
	switch {
	case ctx.Err() != nil:
		return fails
	case err != nil:
		s.stat.failed.Inc()
		s.needSeeds()
		if seeds := keeper.Snapshot(); seeds.Err != nil {
			err = errors.Join(err, seeds.Err)
		}
		s.tell(discovery.Update{Err: fmt.Errorf("kafka: %w", err)})
		return fails + 1
	}
	s.take(a)
	return 0
}
