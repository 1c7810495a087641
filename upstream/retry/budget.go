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
	// A slot is one word, so that counting and starting it afresh are one
	// compare-and-swap: its number in time over its count, which stops at
	// four billion.
	countMask = 1<<32 - 1
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

// Left is how many retries the budget has at now.
func (b *Budget) Left(now int64) int64 {
	earned := math.Float64frombits(b.ratio.Load()) * float64(b.deposits.sum(now))
	// A share such as 0.2 of 5 must be 1 and not a hair less.
	return int64(earned+1e-9) + b.reserve.Load() - b.spent.sum(now)
}

// ring counts over the window.
type ring [slots]atomic.Uint64

func (r *ring) add(n int, now int64) {
	number := uint64(now / slotWidth)
	s := &r[number%slots]
	for {
		old := s.Load()
		count := old & countMask
		if old>>32 != number&countMask {
			count = 0
		}
		if s.CompareAndSwap(old, number<<32|min(count+uint64(n), countMask)) {
			return
		}
	}
}

func (r *ring) sum(now int64) int64 {
	number := uint64(now / slotWidth)
	var total uint64
	for i := range uint64(slots) {
		if v := r[(number-i)%slots].Load(); v>>32 == (number-i)&countMask {
			total += v & countMask
		}
	}
	return int64(total)
}
