package daemon

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

const (
	// gcPercent is how much the heap may grow before it is collected. Requests
	// allocate nothing, so collections are rare whatever it says, and the
	// usual 100 would only double what is at rest.
	gcPercent = 50

	// settleAfter is when upstreams have mostly had their first answer.
	settleAfter = 2 * time.Second
)

// frugal sets the collector, unless who started the process did, and returns
// what sets it back.
func frugal() (back func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(gcPercent)
	return func() { debug.SetGCPercent(before) }
}

// settle gives back what reading the configuration and building took: after
// that, a process at rest allocates nothing and would keep it.
func settle(ctx context.Context) {
	t := time.NewTimer(settleAfter)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
		debug.FreeOSMemory()
	}
}
