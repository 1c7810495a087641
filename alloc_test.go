//go:build !race

package sidecar_test

import (
	"testing"

	"sidecar"
)

// whole is all that an exchange with one retry asks of the root.
func whole(x *sidecar.Exchange, a sidecar.Alarm, w sidecar.Waker, o sidecar.Observer) {
	x.Begin(nil, a, 1)
	x.SetTimeout(1000)
	x.SetStall(100)
	x.Moved(1)
	x.RequestDone(2)
	x.Settled()
	for i := range 2 {
		x.Try("10.0.0.1:80", uint64(i), 3)
		x.SetAttemptTimeout(50, 3)
		if x.Block(w) {
			x.Interrupt(x.Gen(), sidecar.AttemptDeadline)
		}
		x.Unblock()
	}
	x.Pending()
	x.Watch(o)
	x.Observe(1, sidecar.Outcome{})
	x.Unwatch()
	x.Commit(sidecar.Success)
	x.Moved(4)
	x.Expire(stall, uint64(x.Gen()))
	x.End()
}

type deaf struct{}

func (deaf) Observe(sidecar.Op, sidecar.Outcome) {}

func TestExchangeAllocatesNothing(t *testing.T) {
	var x sidecar.Exchange
	var b board
	var w bell
	if n := testing.AllocsPerRun(1000, func() { whole(&x, &b, &w, deaf{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if w.rung.Load() == 0 {
		t.Error("no wait was ended")
	}
}

func TestKeptAllocatesNothingWithRoom(t *testing.T) {
	x := begun()
	for i := range 20 {
		x.Try("a", uint64(i), 1)
	}
	room := make([]sidecar.Try, 0, 8)
	if n := testing.AllocsPerRun(100, func() { x.Tries.Kept(room) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkExchange(b *testing.B) {
	var x sidecar.Exchange
	var a board
	var w bell
	b.ReportAllocs()
	for b.Loop() {
		whole(&x, &a, &w, deaf{})
	}
}
