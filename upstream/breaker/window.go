package breaker

import "sync/atomic"

const (
	slots = 10 // a window forgets in tenths
	// A slot is one word, so that counting and starting the slot afresh are
	// one compare-and-swap and nothing counted is lost or kept too long: its
	// number in time, then requests, then failures among them. The number
	// repeats after a million slots; the counts stop at four million.
	countBits = 22
	maxCount  = 1<<countBits - 1
	turnMask  = 1<<(64-2*countBits) - 1
)

// window counts the requests and failures of the latest time. Lock-free.
type window [slots]atomic.Uint64

// add counts n requests at now, failed of which failed. width is the time of a
// slot in nanoseconds. Hot.
func (w *window) add(now, width int64, n, failed int) {
	number := uint64(now / width)
	s := &w[number%slots]
	turn := number & turnMask
	for {
		old := s.Load()
		all, bad := split(old)
		if old>>(2*countBits) != turn {
			all, bad = 0, 0
		}
		next := turn<<(2*countBits) | min(all+uint64(n), maxCount)<<countBits | min(bad+uint64(failed), maxCount)
		if s.CompareAndSwap(old, next) {
			return
		}
	}
}

// sum is what was counted in the slots up to now.
func (w *window) sum(now, width int64) (n, failed uint64) {
	number := uint64(now / width)
	for i := range uint64(slots) {
		v := w[(number-i)%slots].Load()
		if v>>(2*countBits) != (number-i)&turnMask {
			continue
		}
		all, bad := split(v)
		n, failed = n+all, failed+bad
	}
	return n, failed
}

func (w *window) clear() {
	for i := range w {
		w[i].Store(0)
	}
}

func split(v uint64) (n, failed uint64) {
	return v >> countBits & maxCount, v & maxCount
}
