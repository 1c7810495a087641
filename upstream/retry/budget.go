package retry

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	slots = 10
	// slotWidth times slots is the window. A window, and not the number of
	// requests under way: that number falls just when requests fail fast.
	slotWidth = int64(time.Second)
	windowed  = slots * slotWidth
)

// Budget says how many retries an upstream may have: a share of its requests
// of the last 10 s, and a few a second whatever happens. It outlives settings.
type Budget struct {
	ratio    atomic.Uint64 // float64 bits
	reserve  atomic.Int64  // retries in a window that are always there
	deposits ring

	mu    sync.Mutex // makes looking and spending one step
	spent ring
}

// NewBudget makes a budget of ratio retries a request and perSecond more.
func NewBudget(ratio float64, perSecond int) *Budget {
	b := new(Budget)
	b.Set(ratio, perSecond)
	return b
}

// Set changes the shares; what was deposited and spent stays.
func (b *Budget) Set(ratio float64, perSecond int) {
	b.ratio.Store(math.Float64bits(ratio))
	b.reserve.Store(int64(perSecond) * windowed / int64(time.Second))
}

// Deposit counts n requests at now. Hot; lock-free.
func (b *Budget) Deposit(n int, now int64) { b.deposits.add(n, now) }

// Withdraw pays for trying n requests again; false if the budget has not as
// much, in which case nothing is taken.
func (b *Budget) Withdraw(n int, now int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Left(now) < int64(n) {
		return false
	}
	b.spent.add(n, now)
	return true
}

// Has tells whether the budget would pay for n at now. Hot: asked before every
// try that could be repeated, so it mostly looks at two counters only. It may
// miss what was counted in this moment under a second that is over; Withdraw
// does not.
func (b *Budget) Has(n int, now int64) bool {
	free := b.reserve.Load() - b.spent.recent(now)
	if free >= int64(n) {
		return true // whatever was earned
	}
	return free+b.earned(b.deposits.recent(now)) >= int64(n)
}

// Left is how many retries the budget has at now.
func (b *Budget) Left(now int64) int64 {
	return b.earned(b.deposits.sum(now)) + b.reserve.Load() - b.spent.sum(now)
}

// earned is what that many requests are worth.
func (b *Budget) earned(deposits int64) int64 {
	// A share such as 0.2 of 5 must be 1 and not a hair less.
	return int64(math.Float64frombits(b.ratio.Load())*float64(deposits) + 1e-9)
}
