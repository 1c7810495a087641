package breaker

import (
	"sync/atomic"
	"time"
)

// askAgain is the least time between two askings for an endpoint that is kept.
// A failure is evidence enough then, as what was asked for before still holds;
// but an outage of all would have each of its exchanges ask.
const askAgain = int64(time.Second)

// keeping is the state of an endpoint that should be ejected and may not be.
type keeping struct {
	// left is how many successes in a row are still to come before it is
	// taken for well again, 0 if it is.
	left   atomic.Int32
	asked  atomic.Int64
	reason string // guarded by the breaker's lock
}

// keep notes that leave to eject was refused; with the lock held.
func (b *Breaker) keep(reason string, now int64) {
	b.kept.reason = reason
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

// again tells whether a failure shall ask once more for leave to eject: places
// become free without anybody telling the breaker.
func (b *Breaker) again(now int64) bool {
	for {
		left := b.kept.left.Load()
		if left <= 0 {
			return false
		}
		if b.kept.left.CompareAndSwap(left, b.recovery()) {
			break
		}
	}
	asked := b.kept.asked.Load()
	return now-asked >= askAgain && b.kept.asked.CompareAndSwap(asked, now)
}

// keptFor is the reason under which a failing request asks again.
func (b *Breaker) keptFor() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept.reason == Connect {
		return Consecutive // it can be connected to by now and fails all the same
	}
	return b.kept.reason
}
