package breaker

import (
	"sync/atomic"
	"time"
)

// askAgain is the least time between two askings for an endpoint that is kept,
// whatever it fails at: places become free without anybody telling the breaker,
// but in an outage of all each exchange would ask.
const askAgain = int64(time.Second)

// keeping is the state of an endpoint that should be ejected and may not be.
type keeping struct {
	// left is how many successes in a row are still to come before it is
	// taken for well again, 0 if it is.
	left   atomic.Int32
	asked  atomic.Int64
	reason atomic.Pointer[string] // of the latest asking, nil before any
}

// keep notes that leave to eject was refused; with the lock held.
func (b *Breaker) keep(reason string, now int64) {
	b.kept.reason.Store(&reason)
	b.kept.asked.Store(now)
	b.kept.left.Store(b.recovery())
}

// recovery is as many successes in a row as failures in a row eject.
func (b *Breaker) recovery() int32 { return int32(max(1, b.settings.Load().ConsecutiveFailures)) }

func (k *keeping) end() { k.left.Store(0) }

// worked counts a success. Hot; a plain load while the endpoint is well.
func (k *keeping) worked() {
	for {
		left := k.left.Load()
		if left <= 0 || k.left.CompareAndSwap(left, left-1) {
			return
		}
	}
}

// failed begins the row of successes again that tells of recovery.
func (k *keeping) failed(recovery int32) {
	for {
		left := k.left.Load()
		if left <= 0 || k.left.CompareAndSwap(left, recovery) {
			return
		}
	}
}

// why is the reason that it is kept for, "" if it is well.
func (k *keeping) why() string {
	if k.left.Load() <= 0 {
		return ""
	}
	return *k.reason.Load()
}

// mayAsk tells whether leave to eject may be asked for now, and takes the turn
// to do it.
func (k *keeping) mayAsk(now int64) bool {
	if k.left.Load() <= 0 {
		return true
	}
	asked := k.asked.Load()
	return now-asked >= askAgain && k.asked.CompareAndSwap(asked, now)
}

// Kept is the reason for which the endpoint would be ejected if the owner had
// let it be, "" if there is none.
func (b *Breaker) Kept() string { return b.kept.why() }
