package redis

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	// witnesses is how many nodes are asked at once. One may be cut off from the
	// others, and of two that differ the third is the judge.
	witnesses = 3
	// maxAsked is how many nodes one look asks before it has failed.
	maxAsked = 30
	// grace is how long others have to answer when one has: the slowest must not
	// hold up the news.
	grace = 250 * time.Millisecond
)

// lookAtCluster asks some of the nodes for the topology.
func (s *Source) lookAtCluster(ctx context.Context) (*Topology, error) {
	nodes := s.candidates()
	if len(nodes) == 0 {
		return nil, errors.New("no node of the cluster is known: nothing is announced where it is to be looked for")
	}
	var failures []error
	for wave := range slices.Chunk(nodes[:min(maxAsked, len(nodes))], witnesses) {
		best, errs := s.askAll(ctx, wave)
		if best != nil {
			next, kept := best.keep(s.now.Load())
			if missing := Slots - next.slots(); kept > 0 || missing > 0 {
				s.log.Warn("redis: slots without an owner; those that had one keep it", "told_by", best.from, "kept", kept, "without", missing)
			}
			return next, nil
		}
		if len(failures) < witnesses { // of many that all say the same
			failures = append(failures, errs...)
		}
	}
	return nil, errors.Join(failures...)
}

// candidates are the nodes to ask, in the order in which they are asked: masters,
// which hear of changes first, then whoever is known, in an order of chance so
// that not all sidecars ask the same.
func (s *Source) candidates() []string {
	var all []string
	if t := s.now.Load(); t != nil {
		all = t.addresses()
		shuffle(all[:len(t.Shards)])
		shuffle(all[len(t.Shards):])
	}
	s.mu.Lock()
	for address := range s.extra {
		all = append(all, address)
	}
	s.mu.Unlock()
	seeds := slices.Clone(*s.seeds.Load())
	shuffle(seeds)
	return unique(append(all, seeds...))
}

func shuffle(list []string) {
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// unique is list with the first of each only.
func unique(list []string) []string {
	seen := make(map[string]struct{}, len(list))
	return slices.DeleteFunc(list, func(a string) bool {
		_, twice := seen[a]
		seen[a] = struct{}{}
		return twice
	})
}

// askAll asks nodes at once and returns the best answer, nil if none has one.
func (s *Source) askAll(ctx context.Context, nodes []string) (*view, []error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu   sync.Mutex
		best *view
		errs []error
		all  sync.WaitGroup
	)
	set := s.p.Settings()
	for _, address := range nodes {
		all.Go(func() {
			v, err := s.askNode(ctx, address, set)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				errs = append(errs, err)
			case best == nil:
				best = v
				time.AfterFunc(grace, cancel)
			case v.better(best):
				best = v
			}
		})
	}
	all.Wait()
	return best, errs
}

// askNode asks one node.
func (s *Source) askNode(ctx context.Context, address string, set Settings) (*view, error) {
	p := connect(ctx, address, set.Servers, s.p.Dial)
	defer p.close()
	v := &view{from: address}
	info, err := p.do(ctx, "CLUSTER", "INFO")
	if err != nil {
		return nil, err
	}
	v.parseInfo(info)
	answer, err := p.do(ctx, "CLUSTER", "SHARDS")
	if err == nil {
		return v, v.parseShards(answer, set.TLS)
	}
	if !told(err) {
		return nil, err
	}
	// Servers before Redis 7 do not know it; users may be forbidden it.
	if answer, err = p.do(ctx, "CLUSTER", "SLOTS"); err != nil {
		return nil, err
	}
	return v, v.parseSlots(answer)
}
