package sidecar_test

import (
	"testing"

	"sidecar"
)

// verdict is a Hedge that says what the test wants, and takes note.
type verdict struct {
	wins  bool
	asked []sidecar.Class
	ids   []uint64
}

func (v *verdict) Wins(_ *sidecar.Exchange, c sidecar.Class) bool {
	v.asked = append(v.asked, c)
	return v.wins
}

func (v *verdict) Trying(_ *sidecar.Exchange, id uint64) { v.ids = append(v.ids, id) }

func TestCommitAsksTheHedge(t *testing.T) {
	for _, wins := range []bool{false, true} {
		x, v := begun(), &verdict{wins: wins}
		x.Hedge = v
		if got := x.Commit(sidecar.Success); got != wins || (x.Replied() != 0) != wins {
			t.Errorf("hedge says %v: commit %v, replied %d", wins, got, x.Replied())
		}
		if len(v.asked) != 1 || v.asked[0] != sidecar.Success {
			t.Errorf("asked about %v", v.asked)
		}
	}
}

// What retry holds is tried again: the hedge is not told that it failed.
func TestHeldClassIsNotAskedOfTheHedge(t *testing.T) {
	x, v := begun(), &verdict{wins: true}
	x.Hedge, x.Hold = v, sidecar.Classes(sidecar.Unavailable)
	if x.Commit(sidecar.Unavailable) || len(v.asked) != 0 {
		t.Errorf("asked about %v", v.asked)
	}
}

func TestHedgeIsToldOfEachTry(t *testing.T) {
	x, v := begun(), &verdict{}
	x.Hedge = v
	x.Try("a", 7, 3)
	x.Try("b", 9, 4)
	if len(v.ids) != 2 || v.ids[0] != 7 || v.ids[1] != 9 {
		t.Errorf("told of %v", v.ids)
	}
	x.Begin(nil, nil, 5)
	if x.Hedge != nil {
		t.Error("the next exchange has the hedge of the last")
	}
}

// The loser has the reply's time, is ended, and none of its timeouts says
// otherwise, not in a further try either.
func TestYieldEndsAnExchangeAsReplied(t *testing.T) {
	var b board
	var x sidecar.Exchange
	x.Begin(nil, &b, 1)
	x.RequestDone(2)
	x.SetTimeout(1000)
	x.Try("a", 1, 3)
	x.Interrupt(x.Gen(), sidecar.DeadlineCause)
	x.Yield(5)
	if x.Replied() != 5 {
		t.Errorf("replied %d", x.Replied())
	}
	if began, _, got := wait(&x, nil); began || got != sidecar.Lost {
		t.Errorf("began %v, told %v", began, got)
	}
	for _, c := range []sidecar.Cause{sidecar.DeadlineCause, sidecar.AttemptDeadline} {
		if x.Interrupt(x.Gen(), c) {
			t.Errorf("%v taken after the reply", c)
		}
	}
	x.Try("b", 2, 6)
	if x.Interrupt(x.Gen(), sidecar.DeadlineCause) {
		t.Error("the deadline is taken in a further try")
	}
	x.Forget(sidecar.Lost)
	if began, _, got := wait(&x, nil); !began || got != sidecar.NoCause {
		t.Errorf("after Forget: began %v, told %v", began, got)
	}
	x.Interrupt(x.Gen(), sidecar.ClientGone)
	x.Forget(sidecar.Lost | sidecar.AttemptDeadline)
	if x.Pending() != sidecar.ClientGone {
		t.Error("Forget dropped another cause")
	}
}
