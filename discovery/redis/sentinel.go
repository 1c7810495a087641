package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// settle is how long a server that was named master may take to become one
// before the look has failed: it is named when it is told.
const (
	settle     = time.Second
	settleLook = 50 * time.Millisecond
)

// lookAtSentinels asks all of them for the master, and the master whether it is
// one.
func (s *Source) lookAtSentinels(ctx context.Context) (*Topology, error) {
	sentinels := s.sentinels()
	if len(sentinels) == 0 {
		return nil, errors.New("no Sentinel is known: nothing is announced where they are to be looked for")
	}
	s.listen(ctx, sentinels)
	reports, failures := s.hear(ctx, sentinels)
	if len(reports) == 0 {
		return nil, errors.Join(failures[:min(len(failures), witnesses)]...)
	}
	s.others = nil // who was there once would count for ever as one that does not answer
	for _, r := range reports {
		s.others = unique(append(append(s.others, r.from), r.sentinels...))
	}
	e := elect(reports)
	if e.outdated(s.epoch, len(reports), len(sentinels)) {
		return nil, fmt.Errorf("the %d of %d Sentinels that answer name %s by configuration %d, and %d is known: they are cut off from the others", len(reports), len(sentinels), e.master, e.epoch, s.epoch)
	}
	if err := s.confirm(ctx, e.master); err != nil {
		return nil, err
	}
	s.epoch = e.epoch
	return &Topology{Shards: []Shard{{Master: e.master, Replicas: e.replicas}}, unsettled: e.unsettled}, nil
}

// sentinels are the announced ones, and those that they have told of.
func (s *Source) sentinels() []string {
	all := unique(append(slices.Clone(*s.seeds.Load()), s.others...))
	return all[:min(len(all), maxSentinels)]
}

// hear asks all Sentinels at once.
func (s *Source) hear(ctx context.Context, sentinels []string) (reports []report, failures []error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	who := s.p.Settings().Sentinels
	for _, address := range sentinels {
		all.Go(func() {
			r, err := s.askSentinel(ctx, address, who)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, err)
				return
			}
			if reports = append(reports, r); 2*len(reports) > len(sentinels) {
				time.AfterFunc(grace, cancel) // most have spoken
			}
		})
	}
	all.Wait()
	return reports, failures
}

func (s *Source) askSentinel(ctx context.Context, address string, who Login) (report, error) {
	p := connect(ctx, address, who, s.p.Dial)
	defer p.close()
	r := report{from: address}
	var answers [4]any
	for i, command := range [...][]any{
		{"SENTINEL", "MASTER", s.p.Master}, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.p.Master},
		{"SENTINEL", "REPLICAS", s.p.Master}, {"SENTINEL", "SENTINELS", s.p.Master},
	} {
		var err error
		if answers[i], err = p.do(ctx, command...); err != nil {
			return r, err
		}
	}
	if err := r.parseMaster(answers[0], answers[1]); err != nil {
		return r, err
	}
	r.parseReplicas(answers[2])
	r.parseSentinels(answers[3])
	return r, nil
}

// confirm asks the server itself whether it is a master; nil if it is. One that
// does not answer, and was the master before, stays: there is nobody better.
func (s *Source) confirm(ctx context.Context, master string) error {
	for end := time.Now().Add(settle); ; {
		role, err := s.role(ctx, master)
		now := s.now.Load()
		switch {
		case err == nil && role == roleMaster:
			return nil
		case err != nil && now != nil && now.Shards[0].Master == master:
			return nil
		case err != nil:
			return fmt.Errorf("the Sentinels name a master that does not answer: %w", err)
		case time.Now().After(end):
			return fmt.Errorf("the Sentinels name %s, which says that it is a %s", master, role)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settleLook):
		}
	}
}

func (s *Source) role(ctx context.Context, address string) (string, error) {
	p := connect(ctx, address, s.p.Settings().Servers, s.p.Dial)
	defer p.close()
	answer, err := p.do(ctx, "ROLE")
	if err != nil {
		return "", err
	}
	if l := list(answer); len(l) > 0 {
		return text(l[0]), nil
	}
	return "", fmt.Errorf("%s: ROLE: no role in the answer", address)
}
