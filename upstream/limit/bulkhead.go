package limit

import (
	"errors"
	"sync/atomic"

	"sidecar"
)

// Bulkhead bounds how many requests are under way. It outlives settings; its
// bound is given at each entry. What is over it fails at once: a queue here
// would only hide that the upstream is slow. Hot; atomics only.
type Bulkhead struct{ underWay atomic.Int64 }

// Enter counts n requests in, unless they would be more than most, 0 being no
// bound; Leave must follow only what entered. More requests in one exchange
// than the bound enter alone, or they never could.
func (b *Bulkhead) Enter(n int, most int) bool {
	now := b.underWay.Add(int64(n))
	if most > 0 && now > int64(most) && now != int64(n) {
		b.underWay.Add(-int64(n))
		return false
	}
	return true
}

// Leave counts them out.
func (b *Bulkhead) Leave(n int) { b.underWay.Add(-int64(n)) }

// UnderWay is how many there are.
func (b *Bulkhead) UnderWay() int64 { return b.underWay.Load() }

// Full is the fault of what did not enter, with why.
func Full(why string) error {
	return &sidecar.Fault{
		Stage: sidecar.StageRoute, Flags: sidecar.Unsent | sidecar.Rejected, Reason: sidecar.BulkheadFull,
		Err: errors.New(why),
	}
}
