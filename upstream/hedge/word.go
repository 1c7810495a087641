package hedge

import (
	"sync/atomic"

	"sidecar"
)

// word is what the two senders of a request agree on: {who runs, won}, under
// the number of the exchange, so that a time of an earlier one starts nothing.
type word struct{ v atomic.Uint64 }

const (
	armed       uint64 = 1 << iota // a second sender may be started
	started                        // it was
	mainOut                        // the first runs no more
	forkOut                        // the second runs no more
	won                            // the reply of one of them goes out
	numberShift = iota
	// markMask is the part of the number that comes back from the wheel.
	markMask = 1<<28 - 1
)

// arm begins the exchange of that number.
func (w *word) arm(number uint64) { w.v.Store(number<<numberShift | armed) }

// start makes the second sender exist, if the exchange of that mark still waits
// for it.
func (w *word) start(mark uint64) bool {
	for {
		v := w.v.Load()
		if v&armed == 0 || (v>>numberShift^mark)&markMask != 0 {
			return false
		}
		if w.v.CompareAndSwap(v, v&^armed|started) {
			return true
		}
	}
}

// leave ends the first sender. It tells whether there is a second to wait for;
// from here on none is started.
func (w *word) leave() (wait bool) {
	w.v.Or(mainOut)
	return w.v.And(^armed)&started != 0
}

// out takes a sender out of the running, back in again.
func (w *word) out(self uint64)  { w.v.Or(self) }
func (w *word) back(self uint64) { w.v.And(^self) }

// over tells whether a reply goes out.
func (w *word) over() bool { return w.v.Load()&won != 0 }

// wins asks for the reply of self to go out, beside other. A failure goes out
// only if the other runs no more, and else takes its own sender out. beside
// tells whether there is another to be told.
func (w *word) wins(self, other uint64, failed bool) (wins, beside bool) {
	for {
		v := w.v.Load()
		beside = v&started != 0
		switch {
		case v&won != 0:
			return false, beside
		case failed && beside && v&other == 0:
			if w.v.CompareAndSwap(v, v|self) {
				return false, beside
			}
		case w.v.CompareAndSwap(v, v&^armed|won):
			return true, beside
		}
	}
}

// failed tells whether a reply of that class is worse than none while another
// is to come.
func failed(c sidecar.Class) bool {
	return c.Failed() || c == sidecar.Overload || c == sidecar.Shed
}
