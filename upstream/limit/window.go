package limit

import "sync/atomic"

const (
	slots = 10 // a window forgets in tenths
	// A slot is one word, so that counting and starting it afresh are one
	// compare-and-swap: its number in time, then requests, then failures among
	// them. The number repeats after a million slots, counts stop at four million.
	countBits = 22
	maxCount  = 1<<countBits - 1
	turnMask  = 1<<(64-2*countBits) - 1
)

// window counts what came of the requests of the latest time. Lock-free.
type window [slots]atomic.Uint64

// add counts n requests at now, failed of which failed. width is the time of a
// slot in nanoseconds. Hot.
func (w *window) add(now, width int64, n, failed int) {
	number := slotAt(now, width)
	s := &w[number%slots]
	for {
		old := s.Load()
		all, bad := uint64(0), uint64(0)
		if old>>(2*countBits) == number&turnMask {
			all, bad = old>>countBits&maxCount, old&maxCount
		}
		all, bad = min(all+uint64(n), maxCount), min(bad+uint64(failed), maxCount)
		if s.CompareAndSwap(old, number&turnMask<<(2*countBits)|all<<countBits|bad) {
			return
		}
	}
}

// sum is what the slots up to now have counted.
func (w *window) sum(now, width int64) (n, failed uint64) {
	number := slotAt(now, width)
	for i := range uint64(slots) {
		v := w[(number-i)%slots].Load()
		if v>>(2*countBits) == (number-i)&turnMask {
			n, failed = n+v>>countBits&maxCount, failed+v&maxCount
		}
	}
	return n, failed
}

func (w *window) clear() {
	for i := range w {
		w[i].Store(0)
	}
}

// slotAt is the number of the slot of a time. The shift keeps it from being
// negative: times are, in tests, and 0 would be a slot of double width.
func slotAt(now, width int64) uint64 { return uint64((now + epoch) / width) }

// epoch is more than how far before zero any clock of ours begins.
const epoch = int64(1) << 61
