package discovery

import (
	"context"
	"time"
)

// Update is a source's answer: a whole set (Err is nil; the set may be empty)
// or an error, never both.
type Update struct {
	Endpoints []Endpoint
	Drops     []Drop // what is to be refused, beside Endpoints
	// Retired are addresses that the answer names and that are not to be used on
	// purpose, as they drain. Registries fail by forgetting: what is named is not
	// lost, and goes without a hold unless nothing else is left.
	Retired []string
	Err     error
	Empty   string    // why Endpoints is empty, for people; "" if nothing is known of that
	At      time.Time // when it was known; zero is taken for now
}

// Source finds endpoints. Its Keeper calls it.
type Source interface {
	// Run watches until ctx ends and then returns ctx.Err(), having joined
	// every goroutine that it started. It may be called again after that.
	//
	// It publishes each whole set as soon as it is known, the first at once,
	// and never a part of one; a set like the last may be published again,
	// which confirms it. It publishes errors too, says in them what to do if
	// that is known, names no secret, and goes on, by itself, waiting longer
	// from one failure to the next. It does not publish an empty set to say
	// that it failed: an empty set means that there are no endpoints.
	//
	// publish is called from one goroutine at a time and not after Run has
	// returned. It does not block for long and keeps what it is given, which
	// is not changed any more.
	Run(ctx context.Context, publish func(Update)) error
	// String names the source for people and as an identity in metrics. It is
	// always the same and holds no secret.
	String() string
}
