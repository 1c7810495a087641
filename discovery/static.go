package discovery

import (
	"context"
	"slices"
)

// static is a source whose set never changes.
type static struct {
	name string
	set  []Endpoint
}

// Static is a source of that name whose set is always the given one.
func Static(name string, endpoints []Endpoint) Source {
	return &static{name: name, set: slices.Clone(endpoints)}
}

// Run publishes the set and waits.
func (s *static) Run(ctx context.Context, publish func(Update)) error {
	publish(Update{Endpoints: s.set})
	<-ctx.Done()
	return ctx.Err()
}

func (s *static) String() string { return s.name }
