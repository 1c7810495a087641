package sidecar_test

import (
	"errors"
	"fmt"
	"testing"

	"sidecar"
)

var causes = []sidecar.Cause{
	sidecar.ClientGone, sidecar.Lost, sidecar.DeadlineCause, sidecar.Stalled, sidecar.AttemptDeadline, sidecar.Draining,
}

func begun() *sidecar.Exchange {
	x := &sidecar.Exchange{}
	x.Begin(nil, nil, 1)
	x.Try("a", 1, 2)
	return x
}

func TestWaitIsEnded(t *testing.T) {
	for _, c := range causes {
		t.Run(fmt.Sprint("cause ", c), func(t *testing.T) {
			x := begun()
			g := x.Gen()
			began, rung, cause := wait(x, func() {
				if !x.Interrupt(g, c) {
					t.Error("not taken")
				}
			})
			if !began || rung != 1 || cause != c {
				t.Errorf("began %v, woken %d times, told %v", began, rung, cause)
			}
		})
	}
}

func TestCauseBetweenTwoWaitsEndsTheNext(t *testing.T) {
	for _, c := range causes {
		t.Run(fmt.Sprint("cause ", c), func(t *testing.T) {
			x := begun()
			if began, _, cause := wait(x, nil); !began || cause != sidecar.NoCause {
				t.Fatalf("first wait: began %v, told %v", began, cause)
			}
			x.Interrupt(x.Gen(), c)
			if x.Pending() != c {
				t.Errorf("%v is pending", x.Pending())
			}
			if x.Block(nobody{t}) {
				t.Error("Block let wait")
			}
			if cause := x.Unblock(); cause != c {
				t.Errorf("told %v", cause)
			}
		})
	}
}

// With nothing blocked there is nobody to wake, neither the last waker nor the
// one of a Block that was refused.
func TestNobodyIsWokenWithNothingBlocked(t *testing.T) {
	x := begun()
	if !x.Block(nobody{t}) {
		t.Fatal("refused with no cause")
	}
	x.Unblock()
	x.Interrupt(x.Gen(), sidecar.Stalled)
	if x.Block(nobody{t}) {
		t.Fatal("let wait with a cause")
	}
	x.Interrupt(x.Gen(), sidecar.ClientGone)
	x.Unblock()
	x.Interrupt(x.Gen(), sidecar.Lost)
}

func TestCausesLast(t *testing.T) {
	for _, c := range causes {
		t.Run(fmt.Sprint("cause ", c), func(t *testing.T) {
			x := begun()
			x.Interrupt(x.Gen(), c)
			for range 3 {
				if began, _, got := wait(x, nil); began || got != c {
					t.Fatalf("in its try: began %v, told %v", began, got)
				}
			}
			x.Try("b", 2, 3)
			inNext := c
			if c == sidecar.AttemptDeadline {
				inNext = sidecar.NoCause
			}
			if began, _, got := wait(x, nil); got != inNext || began != (inNext == sidecar.NoCause) {
				t.Errorf("in the next try: began %v, told %v", began, got)
			}
			x.End()
			x.Begin(nil, nil, 4)
			if began, _, got := wait(x, nil); !began || got != sidecar.NoCause {
				t.Errorf("in the next exchange: began %v, told %v", began, got)
			}
		})
	}
}

func TestStaleGenDoesNothing(t *testing.T) {
	for _, c := range causes {
		t.Run(fmt.Sprint("cause ", c), func(t *testing.T) {
			x := begun()
			first := x.Gen()
			x.Try("b", 2, 3)
			if got, want := x.Interrupt(first, c), c != sidecar.AttemptDeadline; got != want {
				t.Errorf("of the first try in the second: taken %v, want %v", got, want)
			}
			second := x.Gen()
			x.End()
			if x.Interrupt(second, c) {
				t.Error("taken after the end")
			}
			x.Begin(nil, nil, 4)
			x.Try("c", 3, 5)
			x.Try("d", 4, 6)
			if _, rung, got := wait(x, func() {
				if x.Interrupt(first, c) || x.Interrupt(second, c) {
					t.Error("taken in the next exchange")
				}
			}); rung != 0 || got != sidecar.NoCause {
				t.Errorf("woken %d times, told %v", rung, got)
			}
		})
	}
}

func TestFirstCauseInRankIsTold(t *testing.T) {
	x := begun()
	x.Kind = sidecar.Session
	for i := len(causes) - 1; i >= 0; i-- {
		x.Interrupt(x.Gen(), causes[i])
		if x.Pending() != causes[i] {
			t.Errorf("%v is pending, want %v", x.Pending(), causes[i])
		}
	}
	if _, _, got := wait(x, nil); got != causes[0] {
		t.Errorf("told %v, want %v", got, causes[0])
	}
}

func TestSessionIsToldOfDrainingOnce(t *testing.T) {
	x := begun()
	x.Kind = sidecar.Session
	g := x.Gen()
	x.Interrupt(g, sidecar.Draining)
	if x.Pending() != sidecar.Draining {
		t.Error("not pending")
	}
	if began, _, got := wait(x, nil); began || got != sidecar.Draining {
		t.Errorf("first wait: began %v, told %v", began, got)
	}
	if began, _, got := wait(x, nil); !began || got != sidecar.NoCause {
		t.Errorf("second wait: began %v, told %v", began, got)
	}
	// One that came behind a cause of higher rank is not lost with it.
	x.Interrupt(g, sidecar.Draining)
	x.Interrupt(g, sidecar.AttemptDeadline)
	if _, _, got := wait(x, nil); got != sidecar.AttemptDeadline {
		t.Errorf("told %v", got)
	}
	x.Try("b", 2, 3)
	if _, _, got := wait(x, nil); got != sidecar.Draining {
		t.Errorf("told %v after the higher cause went", got)
	}
}

func TestUnaryDrainingStays(t *testing.T) {
	x := begun()
	x.Interrupt(x.Gen(), sidecar.Draining)
	for range 3 {
		if began, _, got := wait(x, nil); began || got != sidecar.Draining {
			t.Errorf("began %v, told %v", began, got)
		}
	}
}

// Every try of an exchange but the last of very many has a moment of its own.
func TestTriesHaveMomentsOfTheirOwn(t *testing.T) {
	x := &sidecar.Exchange{}
	x.Begin(nil, nil, 1)
	seen := map[sidecar.Gen]bool{x.Gen(): true}
	for i := range 63 {
		x.Try("a", uint64(i), 2)
		if seen[x.Gen()] {
			t.Fatalf("try %d has the moment of another", i+1)
		}
		seen[x.Gen()] = true
	}
	last := x.Gen()
	x.Try("a", 64, 3)
	if !x.Interrupt(last, sidecar.ClientGone) {
		t.Error("further tries left the exchange")
	}
	x.End()
	if seen[x.Gen()] || x.Interrupt(last, sidecar.ClientGone) {
		t.Error("the end has a moment of the exchange")
	}
}

func TestCauseIsToldAsFault(t *testing.T) {
	for _, c := range []struct {
		cause  sidecar.Cause
		reason sidecar.Reason
		flags  sidecar.Flags
	}{
		{sidecar.ClientGone, sidecar.ClientLeft, sidecar.FromClient},
		{sidecar.Lost, sidecar.HedgeLost, 0},
		{sidecar.DeadlineCause, sidecar.DeadlineExceeded, sidecar.Timeout},
		{sidecar.Stalled, sidecar.StalledOut, sidecar.Timeout},
		{sidecar.AttemptDeadline, sidecar.AttemptTimedOut, sidecar.Timeout},
		{sidecar.Draining, sidecar.ShuttingDown, 0},
	} {
		f := c.cause.Fault(sidecar.StageRead)
		if f.Stage != sidecar.StageRead || f.Reason != c.reason || f.Flags != c.flags || errors.Unwrap(f) != nil {
			t.Errorf("%v: fault %+v", c.cause, f)
		}
	}
}
