package retry

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// slotWidth is what is counted together. A window of time, and not the
	// number of requests under way: that number falls just when requests fail
	// fast.
	slotWidth = int64(time.Second)
	windowed  = 10 * slotWidth
	// slots are the present second, which may have just begun, and the ten
	// before it: with ten in all the window would be as short as nine seconds,
	// and the reserve of ten would be given out within them.
	slots = int(windowed/slotWidth) + 1

	// Further tries of requests that reached nobody are free until there are
	// more of them in the window than freeRequeues and freeShare for each
	// request: that is a storm, and they are paid for like any other. Two a
	// request is what it takes on average to find the one living endpoint of
	// ten when half of them are ejected, which must go on without a charge;
	// with all endpoints dead each request would make seven.
	freeShare    = 2
	freeRequeues = 100
)

// Budget says how many retries an upstream may have: a share of its requests
// of the last 10 s, and a few a second whatever happens. It outlives settings.
type Budget struct {
	ratio    atomic.Uint64 // float64 bits
	reserve  atomic.Int64  // retries in a window that are always there
	deposits ring

	mu       sync.Mutex // makes looking and spending one step
	spent    ring
	requeued ring // for free
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
	return b.withdraw(n, now)
}

// withdraw is Withdraw with the lock held.
func (b *Budget) withdraw(n int, now int64) bool {
	if b.Left(now) < int64(n) {
		return false
	}
	b.spent.add(n, now)
	return true
}

// Requeue asks whether n requests that reached nobody may go elsewhere. That is
// free unless such tries storm; paid tells that the budget was charged for it.
func (b *Budget) Requeue(n int, now int64) (ok, paid bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.requeued.sum(now)+int64(n) > freeRequeues+freeShare*b.deposits.sum(now) {
		ok = b.withdraw(n, now)
		return ok, ok
	}
	b.requeued.add(n, now)
	return true, false
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

// Account is what stands in a budget, of the window, in requests.
type Account struct {
	Requests int64 `json:"requests"` // asked
	Spent    int64 `json:"spent"`    // further tries that were paid for
	Requeues int64 `json:"requeues"` // those that were free
	Left     int64 `json:"left"`     // further tries that would be paid for now
}

// Account tells what stands in the budget at now.
func (b *Budget) Account(now int64) Account {
	return Account{
		Requests: b.deposits.sum(now), Spent: b.spent.sum(now), Requeues: b.requeued.sum(now),
		Left: max(0, b.Left(now)), // settings may have shrunk
	}
}
