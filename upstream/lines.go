package upstream

import (
	"context"

	"sidecar"
	"sidecar/discovery"
	"sidecar/upstream/pool"
)

// Line says how the connections of one set are made.
type Line struct {
	// Dial connects to an endpoint, TLS and greetings included. It obeys ctx.
	Dial func(ctx context.Context, e discovery.Endpoint) (pool.Conn, error)
	// Shared: a connection carries many exchanges at once.
	Shared bool
}

// lines are the connections to one endpoint, in one set or several, as the
// protocol has them. What is said of the methods stands in package pool.
type lines interface {
	lending
	keeping
	telling
}

// lending is what exchanges and pickers see of them.
type lending interface {
	sidecar.Service
	Status() sidecar.Status
	Close()
}

// keeping is what the cluster's upkeep does with them. No more than one of its
// turns runs at a time.
type keeping interface {
	dialling
	SetCold(cold bool, now int64)
	Sweep(now int64)
}

// dialling is what is dialled for no exchange.
type dialling interface {
	ahead
	Lacks(now int64) bool
	Set(s pool.Settings)
}

// ahead is dialling at somebody's word: Warm if one is lacking, Probe anyway.
type ahead interface {
	Warm(ctx context.Context) error
	Probe(ctx context.Context) error
}

// telling is what people see of them.
type telling interface {
	Stats() pool.Stats
	// Shared: they carry many exchanges at once.
	Shared() bool
}

// newLines makes those of e; of p all but Dial is given.
func (c *Cluster) newLines(e *endpoint, p pool.Params) lines {
	list := make([]lines, len(c.params.Lines))
	for i, l := range c.params.Lines {
		p.Dial = func(ctx context.Context) (pool.Conn, error) {
			conn, err := l.Dial(ctx, e.known.Load().Endpoint)
			e.dialled(ctx, err)
			return conn, err
		}
		if i > 0 {
			p.Settings = unwarmed(p.Settings)
		}
		if l.Shared {
			list[i] = pool.NewShared(p)
		} else {
			list[i] = pool.New(p)
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return &sets{list: list, choose: c.params.Choose}
}
