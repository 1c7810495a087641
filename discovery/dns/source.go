package dns

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"sidecar/discovery"
)

const (
	// minBackoff and maxBackoff bound how long a failing server is left alone.
	minBackoff = time.Second
	maxBackoff = 30 * time.Second
	// maxRound is how long all the questions of one round may take: the targets
	// of a service are up to a thousand, and each may be answered slowly.
	maxRound = time.Minute
	// spread is the share of a wait that is drawn: the sidecars of a fleet that
	// started together shall not ask together for ever.
	spread = 0.1
)

// Source finds the endpoints of one name. It is a discovery.Source.
type Source struct {
	uri    string
	target target
	lookup lookup
	random func() float64
	wish   chan struct{} // Refresh
}

// New makes the source of a dns:// or srv:// URI. It asks nobody.
func New(uri string) (*Source, error) {
	t, err := parse(uri)
	if err != nil {
		return nil, fmt.Errorf("discovery: dns: %w", err)
	}
	return &Source{uri: uri, target: t, lookup: newResolver(t.resolvers), random: rand.Float64, wish: make(chan struct{}, 1)}, nil
}

func (s *Source) String() string { return s.uri }

// Refresh asks again soon, not more often than once in minRefresh: to be
// called when endpoints cannot be connected to. Any goroutine may; it does not
// wait.
func (s *Source) Refresh() {
	select {
	case s.wish <- struct{}{}:
	default:
	}
}

// Run asks and publishes until ctx ends.
func (s *Source) Run(ctx context.Context, publish func(discovery.Update)) error {
	for failures := 0; ; {
		r, err := s.resolve(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := r.wait + time.Duration(float64(r.wait)*spread*s.random())
		if err != nil {
			wait = s.backoff(failures)
			failures++
			publish(discovery.Update{Err: err})
		} else {
			failures = 0
			publish(discovery.Update{Endpoints: r.endpoints, Empty: r.none})
		}
		if err := s.rest(ctx, wait); err != nil {
			return err
		}
	}
}

func (s *Source) resolve(ctx context.Context) (result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxRound, fmt.Errorf("not resolved within %s", maxRound))
	defer cancel()
	r, err := s.round(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("dns: %s: %w: %w", s.target.name, context.Cause(ctx), err)
	}
	return r, err
}

func (s *Source) round(ctx context.Context) (result, error) {
	if s.target.port == "" {
		return s.resolveServices(ctx)
	}
	a, err := s.lookup.host(ctx, s.target.name, s.target.family)
	if err != nil {
		return result{}, err
	}
	r := result{none: a.none, wait: again(a.ttl, a.none != "")}
	for _, ip := range a.addresses {
		r.endpoints = append(r.endpoints, discovery.Endpoint{
			Address: net.JoinHostPort(ip.String(), s.target.port), Weight: 1, TLSName: s.target.name,
		})
	}
	return r, nil
}

// backoff is the wait after a failure: doubled from one to the next, half of
// it drawn.
func (s *Source) backoff(failures int) time.Duration {
	d := min(minBackoff<<min(failures, 10), maxBackoff)
	return d/2 + time.Duration(float64(d/2)*s.random())
}

// rest waits, less long if Refresh is called.
func (s *Source) rest(ctx context.Context, wait time.Duration) error {
	least := time.NewTimer(min(wait, minRefresh))
	defer least.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-least.C:
	}
	if wait <= minRefresh {
		return nil
	}
	most := time.NewTimer(wait - minRefresh)
	defer most.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-most.C:
	case <-s.wish:
	}
	return nil
}
