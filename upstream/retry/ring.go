package retry

import "sync/atomic"

// ring counts over the window. A slot is one word, so that counting and
// starting it afresh are one compare-and-swap: its number in time over its
// count, which stops at four billion.
type ring struct {
	slots [slots]atomic.Uint64
	// older is the sum of the slots before the present one, over the present
	// one's number: it changes once a second, and is asked for by each request.
	older atomic.Uint64
}

const countMask = 1<<32 - 1

func (r *ring) add(n int, now int64) {
	number := uint64(now / slotWidth)
	s := &r.slots[place(number)]
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

// sum is what was counted in the window up to now.
func (r *ring) sum(now int64) int64 {
	number := uint64(now / slotWidth)
	return int64(r.slot(number) + r.before(number))
}

// recent is sum but for what comes late: counted after the first call of a
// second, for the seconds before it. Hot.
func (r *ring) recent(now int64) int64 {
	number := uint64(now / slotWidth)
	known := r.older.Load()
	if known>>32 != number&countMask {
		known = number<<32 | min(r.before(number), countMask)
		r.older.Store(known)
	}
	return int64(r.slot(number) + known&countMask)
}

// before is the sum of the slots of the window before that number's.
func (r *ring) before(number uint64) (total uint64) {
	for i := uint64(1); i < uint64(slots); i++ {
		total += r.slot(number - i)
	}
	return total
}

// slot is the count of that number, 0 if its place has another's.
func (r *ring) slot(number uint64) uint64 {
	v := r.slots[place(number)].Load()
	if v>>32 != number&countMask {
		return 0
	}
	return v & countMask
}

// place is where a second is counted. Times may be negative in tests: the
// numbers on both sides of zero must not meet in one place.
func place(number uint64) uint64 { return (number + 1<<63) % uint64(slots) }
