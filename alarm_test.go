package sidecar_test

import (
	"sync/atomic"
	"testing"

	"sidecar"
)

// The times of an exchange, as an Alarm sees them numbered.
const (
	deadline = iota
	attempt
	stall
)

// board is an Alarm that only notes what is armed.
type board struct {
	at   [3]atomic.Int64
	mark [3]atomic.Uint64
}

func (b *board) Arm(which uint8, at int64, mark uint64) {
	b.mark[which].Store(mark)
	b.at[which].Store(at)
}

// want fails unless exactly these times are armed, 0 for none.
func (b *board) want(t *testing.T, when string, at [3]int64) {
	t.Helper()
	for i := range at {
		if got := b.at[i].Load(); got != at[i] {
			t.Errorf("%s: time %d is armed for %d, want %d", when, i, got, at[i])
		}
	}
}

// nobody is a Waker that must not be needed.
type nobody struct{ t *testing.T }

func (n nobody) Wake() { n.t.Error("woken, and nobody waits") }

// bell is a Waker that counts.
type bell struct{ rung atomic.Int64 }

func (b *bell) Wake() { b.rung.Add(1) }

// wait is one wait of the owner's, in which during happens.
func wait(x *sidecar.Exchange, during func()) (began bool, rung int64, cause sidecar.Cause) {
	var b bell
	began = x.Block(&b)
	if during != nil {
		during()
	}
	cause = x.Unblock()
	return began, b.rung.Load(), cause
}
