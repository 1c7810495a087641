package shared

import "math/bits"

// numbers are the slots of a connection by number. The smallest free number is
// used first, so that there are as many slots as were ever in use at once.
type numbers struct {
	list []*Slot
	free []uint64 // a bit for each of list: it is not in use
	low  int      // no word of free before this one has a bit
	used int
}

// take is the free slot of the smallest number, nil if most are in use.
func (t *numbers) take(most int) *Slot {
	for ; t.low < len(t.free); t.low++ {
		if w := t.free[t.low]; w != 0 {
			t.free[t.low] = w & (w - 1)
			t.used++
			return t.list[t.low*64+bits.TrailingZeros64(w)]
		}
	}
	n := len(t.list)
	if n >= most {
		return nil
	}
	if n%64 == 0 {
		t.free = append(t.free, 0)
	}
	t.low = n / 64
	s := &Slot{Number: n, signal: make(chan struct{}, 1)}
	s.sent.slot, s.left.slot = s, s
	t.list = append(t.list, s)
	t.used++
	return s
}

func (t *numbers) give(s *Slot) {
	word := s.Number / 64
	t.free[word] |= 1 << (s.Number % 64)
	t.low = min(t.low, word)
	t.used--
}

// find is the slot of that number if it is in use, else nil.
func (t *numbers) find(number int) *Slot {
	if number < 0 || number >= len(t.list) || t.free[number/64]&(1<<(number%64)) != 0 {
		return nil
	}
	return t.list[number]
}
