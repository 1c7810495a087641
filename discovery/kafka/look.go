package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// patience is how long a broker may take for connection, login and answer.
	patience = 5 * time.Second
	// stagger is how long one that is asked has before another is asked beside it:
	// one that is silent must not hold up a client that waits.
	stagger = 300 * time.Millisecond
	// maxAsked is how many brokers one look asks before it has failed.
	maxAsked = 30
	// maxErrors is how many of their errors are told; most say the same.
	maxErrors = 3
)

// look asks brokers, one after the other, until one has told of all.
func (s *Source) look(ctx context.Context) (answer, error) {
	all := s.candidates()
	if len(all) == 0 {
		return answer{}, errors.New("no broker is known: nothing is announced where the cluster is to be looked for")
	}
	all = all[:min(maxAsked, len(all))]
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer, len(all))
	asked, answered := 0, 0
	more := func() {
		if asked < len(all) {
			address := all[asked]
			asked++
			go func() { answers <- s.ask(ctx, address) }()
		}
	}
	// Whoever was asked in vain is waited for, once he is told to end.
	defer func() {
		cancel()
		for ; answered < asked; answered++ {
			<-answers
		}
	}()
	more()
	tick := time.NewTicker(stagger)
	defer tick.Stop()
	var failures []error
	for answered < len(all) {
		select {
		case <-tick.C:
			more()
		case a := <-answers:
			answered++
			if a.err == nil {
				return a, nil
			}
			if len(failures) < maxErrors {
				failures = append(failures, a.err)
			}
			more()
		}
	}
	return answer{}, errors.Join(failures...)
}

// ask asks the broker at address.
func (s *Source) ask(ctx context.Context, address string) answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var a answer
	response, err := s.p.Ask(ctx, address, question())
	if err == nil {
		a, err = read(response, s.ours)
	}
	for _, wrong := range a.wrong {
		s.refuse(fmt.Errorf("%w (told by %s)", wrong, address))
	}
	if err == nil {
		err = s.foreign(address, a.cluster)
	}
	if err != nil {
		a.err = fmt.Errorf("%s: %w", address, err)
	}
	return a
}

// candidates are the brokers to ask, in the order in which they are asked: those
// that the cluster has, in an order of chance so that not all sidecars ask the
// same, then the seeds, then those that are no more in it.
func (s *Source) candidates() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var present, past, seeds []string
	for _, e := range s.table.nodes {
		if e.Until.IsZero() {
			present = append(present, e.Address)
		} else {
			past = append(past, e.Address)
		}
	}
	for i := range s.table.seeds {
		seeds = append(seeds, s.table.seeds[i].Address)
	}
	var all []string
	seen := map[string]struct{}{}
	for _, part := range [][]string{present, seeds, past} {
		rand.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		// Some of each kind, or a large cluster that is gone as a whole would keep the
		// seeds from being asked.
		for _, address := range part[:min(maxAsked/3, len(part))] {
			if _, twice := seen[address]; !twice {
				seen[address] = struct{}{}
				all = append(all, address)
			}
		}
	}
	return all
}
