package upstream

import (
	"context"

	"sidecar"
	"sidecar/upstream/pool"
)

// lines are the connections to one endpoint: exclusive or shared ones, as the
// protocol has them. What is said of the methods stands in package pool.
type lines interface {
	lending
	keeping
	Stats() pool.Stats
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

// newLines makes those of an endpoint.
func (c *Cluster) newLines(p pool.Params) lines {
	if c.params.Shared {
		return pool.NewShared(p)
	}
	return pool.New(p)
}
