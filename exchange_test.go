package sidecar_test

import (
	"testing"

	"sidecar"
)

func TestBeginForgetsTheLastExchange(t *testing.T) {
	var x sidecar.Exchange
	var b board
	x.Begin(nil, &b, 5)
	x.Dest, x.Endpoint, x.Op, x.Kind, x.N = "users", "10.0.0.1:80", 3, sidecar.Session, 7
	x.Hold, x.Idempotent = sidecar.Classes(sidecar.Failure), true
	x.SetTimeout(100)
	x.SetAttemptTimeout(50, 5)
	x.SetStall(10)
	x.Try("10.0.0.1:80", 1, 6)
	x.RequestDone(7)
	x.Moved(7)
	x.Commit(sidecar.Success)
	x.Interrupt(x.Gen(), sidecar.ClientGone)
	x.End()
	b.want(t, "after End", [3]int64{})

	x.Begin(nil, &b, 9)
	if x.Dest != "" || x.Endpoint != "" || x.Op != 0 || x.Kind != sidecar.Unary || x.N != 1 || x.Received != 9 ||
		x.Hold != 0 || x.Idempotent || x.Tries.Len() != 0 || x.Tries.Last() != nil {
		t.Errorf("something is left: %+v", &x)
	}
	if x.Replied() != 0 || x.Complete() != 0 || x.Deadline() != 0 || x.Pending() != sidecar.NoCause {
		t.Errorf("replied %d, complete %d, deadline %d, cause %v: want none", x.Replied(), x.Complete(), x.Deadline(), x.Pending())
	}
	x.Moved(10)
	x.RequestDone(11)
	b.want(t, "the next, which has no timeouts", [3]int64{})
}

func TestTimesRunFromTheRequestsLastByte(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(x *sidecar.Exchange)
		want [3]int64
	}{
		{"nothing before the last byte", func(x *sidecar.Exchange) {
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 15)
		}, [3]int64{}},
		{"set before it", func(x *sidecar.Exchange) {
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 15)
			x.RequestDone(20)
		}, [3]int64{120, 50, 0}},
		{"set after it", func(x *sidecar.Exchange) {
			x.RequestDone(20)
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 25)
		}, [3]int64{120, 55, 0}},
		{"a second try", func(x *sidecar.Exchange) {
			x.RequestDone(20)
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 25)
			x.Try("b", 2, 60)
			x.SetAttemptTimeout(30, 60)
		}, [3]int64{120, 90, 0}},
		{"taken back", func(x *sidecar.Exchange) {
			x.RequestDone(20)
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 25)
			x.SetStall(5)
			x.Moved(30)
			x.SetTimeout(0)
			x.SetAttemptTimeout(0, 40)
			x.SetStall(0)
			x.Moved(50)
			x.Settled()
		}, [3]int64{}},
		{"stall put off by every byte", func(x *sidecar.Exchange) {
			x.SetStall(5)
			x.Moved(30)
			x.Moved(32)
		}, [3]int64{0, 0, 37}},
		{"body over", func(x *sidecar.Exchange) {
			x.SetStall(5)
			x.Moved(30)
			x.Settled()
		}, [3]int64{}},
		{"committed: stalls stay", func(x *sidecar.Exchange) {
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 15)
			x.SetStall(5)
			x.RequestDone(20)
			x.Moved(30)
			x.Commit(sidecar.Success)
		}, [3]int64{0, 0, 35}},
		{"last byte after the commit", func(x *sidecar.Exchange) {
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 15)
			x.Commit(sidecar.Success)
			x.RequestDone(20)
			x.SetTimeout(200)
			x.SetAttemptTimeout(60, 25)
		}, [3]int64{}},
		{"held: they run on", func(x *sidecar.Exchange) {
			x.Hold = sidecar.Classes(sidecar.Failure)
			x.SetTimeout(100)
			x.SetAttemptTimeout(30, 15)
			x.RequestDone(20)
			x.Commit(sidecar.Failure)
		}, [3]int64{120, 50, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var x sidecar.Exchange
			var b board
			x.Begin(nil, &b, 10)
			x.Try("a", 1, 15)
			c.do(&x)
			b.want(t, "then", c.want)
			if x.Deadline() != c.want[deadline] && x.Replied() == 0 {
				t.Errorf("deadline %d, armed %d", x.Deadline(), c.want[deadline])
			}
			x.End()
			b.want(t, "after End", [3]int64{})
		})
	}
}

func TestExchangeWithoutAlarmHasNoTimes(_ *testing.T) {
	var x sidecar.Exchange
	x.Begin(nil, nil, 1)
	x.SetTimeout(1)
	x.RequestDone(2)
	x.SetStall(1)
	x.Moved(3)
	x.End()
}

func TestCommitKeepsHeldClassesFromTheClient(t *testing.T) {
	for _, c := range []struct {
		name  string
		hold  sidecar.ClassSet
		class sidecar.Class
		out   bool
	}{
		{"nothing held", 0, sidecar.Failure, true},
		{"held", sidecar.Classes(sidecar.Failure, sidecar.Unavailable), sidecar.Unavailable, false},
		{"another held", sidecar.Classes(sidecar.Failure), sidecar.Success, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var x sidecar.Exchange
			x.Begin(nil, nil, 1)
			x.Hold = c.hold
			if got := x.Commit(c.class); got != c.out {
				t.Fatalf("commit is %v, want %v", got, c.out)
			}
			if (x.Replied() != 0) != c.out {
				t.Errorf("replied is %d after commit %v", x.Replied(), c.out)
			}
			x.Hold = 0 // the last try's reply goes out as it came
			if !x.Commit(c.class) || x.Replied() == 0 {
				t.Error("refused with nothing held")
			}
		})
	}
}

// A timeout that was over before the commit, or was fired before it and comes
// late, must not cut the reply.
func TestCommitShutsTimeoutsOut(t *testing.T) {
	var x sidecar.Exchange
	x.Begin(nil, nil, 1)
	x.Try("a", 1, 2)
	g := x.Gen()
	x.Interrupt(g, sidecar.DeadlineCause)
	x.Interrupt(g, sidecar.AttemptDeadline)
	if !x.Commit(sidecar.Success) {
		t.Fatal("nothing is held")
	}
	if p := x.Pending(); p != sidecar.NoCause {
		t.Errorf("%v stands after the commit", p)
	}
	x.Expire(deadline, uint64(g))
	x.Expire(attempt, uint64(g))
	if began, rung, cause := wait(&x, func() { x.Expire(deadline, uint64(g)) }); !began || rung != 0 || cause != sidecar.NoCause {
		t.Errorf("the wait after it: began %v, woken %d, %v", began, rung, cause)
	}
	if x.Interrupt(g, sidecar.DeadlineCause) {
		t.Error("a deadline was taken after the commit")
	}
	for _, c := range []sidecar.Cause{sidecar.ClientGone, sidecar.Stalled, sidecar.Draining} {
		if !x.Interrupt(g, c) {
			t.Errorf("%v was not taken after the commit", c)
		}
	}
	x.End()
	x.Begin(nil, nil, 3)
	if !x.Interrupt(x.Gen(), sidecar.DeadlineCause) {
		t.Error("the next exchange has no deadline")
	}
}

func TestExpireActsOnItsMoment(t *testing.T) {
	const beyond = 1 << 28 // an Alarm gives back the low 28 bits only
	for _, c := range []struct {
		name  string
		which uint8
		move  func(x *sidecar.Exchange)
		mark  func(g uint64) uint64
		want  sidecar.Cause
	}{
		{"deadline", deadline, nil, nil, sidecar.DeadlineCause},
		{"attempt", attempt, nil, nil, sidecar.AttemptDeadline},
		{"stall", stall, nil, nil, sidecar.Stalled},
		{"unknown time", stall + 1, nil, nil, sidecar.NoCause},
		{"low bits are enough", attempt, nil, func(g uint64) uint64 { return g & (beyond - 1) }, sidecar.AttemptDeadline},
		{"deadline in the next try", deadline, nextTry, nil, sidecar.DeadlineCause},
		{"attempt in the next try", attempt, nextTry, nil, sidecar.NoCause},
		{"stall in the next try", stall, nextTry, nil, sidecar.Stalled},
		{"deadline in the next exchange", deadline, nextExchange, nil, sidecar.NoCause},
		{"attempt in the next exchange", attempt, nextExchange, nil, sidecar.NoCause},
		{"stall in the next exchange", stall, nextExchange, nil, sidecar.NoCause},
		{"deadline after the end", deadline, (*sidecar.Exchange).End, nil, sidecar.NoCause},
		{"attempt of a later try", attempt, nil, func(g uint64) uint64 { return g + 1 }, sidecar.NoCause},
		{"deadline of a later exchange", deadline, nil, func(g uint64) uint64 { return g + 1<<6 }, sidecar.NoCause},
	} {
		t.Run(c.name, func(t *testing.T) {
			var x sidecar.Exchange
			x.Begin(nil, nil, 1)
			x.Try("a", 1, 2)
			mark := uint64(x.Gen())
			if c.mark != nil {
				mark = c.mark(mark)
			}
			if c.move != nil {
				c.move(&x)
			}
			x.Expire(c.which, mark)
			if got := x.Pending(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func nextTry(x *sidecar.Exchange) { x.Try("b", 2, 3) }

func nextExchange(x *sidecar.Exchange) {
	x.End()
	x.Begin(nil, nil, 4)
	x.Try("c", 3, 5)
}

// What the Alarm is given as mark must be what Expire takes for the present.
func TestArmedMarkIsThePresentMoment(t *testing.T) {
	for which, want := range []sidecar.Cause{sidecar.DeadlineCause, sidecar.AttemptDeadline, sidecar.Stalled} {
		var x sidecar.Exchange
		var b board
		x.Begin(nil, &b, 1)
		x.Try("a", 1, 2)
		x.RequestDone(2)
		x.SetTimeout(10)
		x.SetAttemptTimeout(5, 2)
		x.SetStall(3)
		x.Moved(2)
		x.Expire(uint8(which), b.mark[which].Load())
		if got := x.Pending(); got != want {
			t.Errorf("time %d: told %v, want %v", which, got, want)
		}
	}
}
