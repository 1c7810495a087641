package hedge

import (
	"context"
	"slices"
	"testing"
	"time"

	"sidecar"
	"sidecar/varz"
)

const (
	ok   = sidecar.Success
	bad  = sidecar.Unavailable
	none = sidecar.NoClass
)

const ms = time.Millisecond

// What goes out, and how long that takes, whoever answers first and how.
func TestFirstAnswerGoesOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		main  []step
		fork  step
		wrote []uint64
		took  time.Duration
		count [5]uint64 // sent, won, lost, refused, dark
	}{
		{"in time", []step{{1, 50 * ms, ok, 0}}, step{2, 10 * ms, ok, 0}, []uint64{1}, 50 * ms, [5]uint64{}},
		{"the second is faster", []step{{1, 500 * ms, ok, 0}}, step{2, 10 * ms, ok, 20 * ms}, []uint64{2}, 130 * ms, [5]uint64{1, 1}},
		{"the first is faster", []step{{1, 150 * ms, ok, 30 * ms}}, step{2, 500 * ms, ok, 0}, []uint64{1}, 180 * ms, [5]uint64{1, 0, 1}},
		{"at the same moment", []step{{1, 150 * ms, ok, 0}}, step{2, 50 * ms, ok, 0}, nil, 150 * ms, [5]uint64{1}},
		{"the first's body is late, not its reply", []step{{1, 50 * ms, ok, 300 * ms}}, step{2, 10 * ms, ok, 0}, []uint64{1}, 350 * ms, [5]uint64{}},
		{"the first fails, the second works", []step{{1, 150 * ms, bad, 0}}, step{2, 100 * ms, ok, 0}, []uint64{2}, 200 * ms, [5]uint64{1, 1}},
		{"the second fails, the first works", []step{{1, 300 * ms, ok, 0}}, step{2, 10 * ms, bad, 0}, []uint64{1}, 300 * ms, [5]uint64{1, 0, 1}},
		{"both fail, the second last", []step{{1, 150 * ms, bad, 0}}, step{2, 100 * ms, bad, 0}, []uint64{2}, 200 * ms, [5]uint64{1, 1}},
		{"both fail, the first last", []step{{1, 300 * ms, bad, 0}}, step{2, 10 * ms, bad, 0}, []uint64{1}, 300 * ms, [5]uint64{1, 0, 1}},
		{"the first is cut", []step{{1, 150 * ms, none, 0}}, step{2, 100 * ms, ok, 0}, []uint64{2}, 200 * ms, [5]uint64{1, 1}},
		{"the first is cut, the second fails", []step{{1, 150 * ms, none, 0}}, step{2, 100 * ms, bad, 0}, []uint64{2}, 200 * ms, [5]uint64{1, 1}},
		{"the second is cut", []step{{1, 300 * ms, ok, 0}}, step{2, 10 * ms, none, 0}, []uint64{1}, 300 * ms, [5]uint64{1, 0, 1}},
		{"a shed request waits for the other", []step{{1, 150 * ms, sidecar.Shed, 0}}, step{2, 100 * ms, ok, 0}, []uint64{2}, 200 * ms, [5]uint64{1, 1}},
		{"what the client did wrong is an answer", []step{{1, 150 * ms, sidecar.ClientError, 0}}, step{2, 100 * ms, ok, 0}, []uint64{1}, 150 * ms, [5]uint64{1, 0, 1}},
		{"the first is tried again", []step{{1, 150 * ms, none, 0}, {3, 30 * ms, ok, 0}}, step{2, 400 * ms, ok, 0}, []uint64{1 + 2}, 180 * ms, [5]uint64{1, 0, 1}},
		{"in its second try the first runs again", []step{{1, 150 * ms, bad, 0}, {3, 100 * ms, ok, 0}}, step{2, 100 * ms, bad, 0}, []uint64{3}, 250 * ms, [5]uint64{1, 0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig()
			r.main, r.fork = c.main, c.fork
			took, err := r.run(t)
			if err != nil || took != c.took {
				t.Errorf("error %v after %v, want none after %v", err, took, c.took)
			}
			if len(r.client.wrote) != 1 || c.wrote != nil && !slices.Equal(r.client.wrote, c.wrote) {
				t.Errorf("client got %v, want %v", r.client.wrote, c.wrote)
			}
			got := r.counts()
			if c.wrote == nil { // either may be first
				if got[0] != 1 || got[1]+got[2] != 1 {
					t.Errorf("counted %v", got)
				}
				return
			}
			if got != c.count {
				t.Errorf("counted %v, want %v", got, c.count)
			}
		})
	}
}

// What a request took to come is no delay of its reply.
func TestSlowRequestIsNotSentTwiceForIt(t *testing.T) {
	r := newRig()
	r.main, r.fork = []step{{1, 50 * ms, ok, 0}}, step{2, 10 * ms, ok, 0}
	r.change = func(x *sidecar.Exchange) { x.Received -= int64(10 * time.Second) }
	if _, err := r.run(t); err != nil || r.counts() != [5]uint64{} {
		t.Errorf("error %v, counted %v", err, r.counts())
	}
}

// The record has the try of the second sender; the last is the one that tells
// the outcome.
func TestRecordTellsBothSenders(t *testing.T) {
	for _, won := range []bool{false, true} {
		r := newRig()
		r.main, r.fork = []step{{1, 150 * ms, ok, 0}}, step{2, 500 * ms, ok, 0}
		if won {
			r.fork.after = 10 * ms
		}
		r.run(t)
		tries := r.x.Tries.Kept(nil)
		if len(tries) != 2 || tries[0].Number != 1 || tries[1].Number != 2 {
			t.Fatalf("won %v: tries %+v", won, tries)
		}
		loser, winner := tries[0], tries[1]
		if (winner.ID == 2) != won || loser.Reason != sidecar.HedgeLost || winner.Reason != sidecar.NoReason || winner.Class != ok {
			t.Errorf("won %v: loser %+v, winner %+v", won, loser, winner)
		}
		for _, try := range tries {
			if (try.Flags&sidecar.Hedged != 0) != (try.ID == 2) {
				t.Errorf("won %v: try %+v", won, try)
			}
		}
		if r.msg.Class() != ok || r.x.Replied() == 0 {
			t.Errorf("won %v: class %v, replied %d", won, r.msg.Class(), r.x.Replied())
		}
	}
}

func TestSecondSenderIsLikeTheFirst(t *testing.T) {
	r := newRig()
	r.drawn = 10 * time.Second
	r.main, r.fork = []step{{4, 20 * ms, none, 0}, {7, 500 * ms, ok, 0}}, step{2, 10 * ms, ok, 0}
	r.change = func(x *sidecar.Exchange) {
		x.Dest, x.Op, x.N, x.Asked, x.Hold = "users", 3, 5, int64(9*time.Second), sidecar.Classes(sidecar.Overload)
	}
	r.run(t)
	f, x := r.forked, &r.x
	if f.Dest != "users" || f.Op != 3 || f.N != 5 || f.Received != x.Received || f.Asked != x.Asked || !f.Idempotent ||
		f.Complete() != x.Complete() || f.Deadline() != x.Deadline() || f.Hold != sidecar.Classes(sidecar.Overload) {
		t.Errorf("got %+v", f)
	}
	for id, tried := range map[uint64]bool{4: true, 7: true, 5: false} {
		if f.Tries.Tried(id) != tried {
			t.Errorf("endpoint %d: tried %v", id, !tried)
		}
	}
	if r.purse.deposited != 5 || r.purse.left != 5 {
		t.Errorf("budget %+v", r.purse)
	}
}

func TestNothingIsSentTwice(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *rig)
		count  [5]uint64
	}{
		{"without a budget", func(r *rig) { r.purse.left = 0 }, [5]uint64{3: 1}},
		{"in the dark", func(r *rig) { r.Dark = true }, [5]uint64{4: 1}},
		{"in the dark without a budget", func(r *rig) { r.Dark, r.purse.left = true, 0 }, [5]uint64{3: 1}},
		{"where no other endpoint is", func(r *rig) { r.nobody = true }, [5]uint64{}},
		{"that may be executed once only", func(r *rig) { r.change = func(x *sidecar.Exchange) { x.Idempotent = false } }, [5]uint64{}},
		{"in a session", func(r *rig) { r.change = func(x *sidecar.Exchange) { x.Kind = sidecar.Session } }, [5]uint64{}},
		{"to a named endpoint", func(r *rig) { r.change = func(x *sidecar.Exchange) { x.Endpoint = "a" } }, [5]uint64{}},
		{"that is not all held", func(r *rig) { r.msg.partial = true }, [5]uint64{}},
		{"whose operation is not hedged", func(r *rig) { r.After = func(*sidecar.Exchange) int64 { return 0 } }, [5]uint64{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig()
			r.main, r.fork = []step{{1, 300 * ms, ok, 0}}, step{2, 10 * ms, ok, 0}
			c.change(r)
			took, err := r.run(t)
			if err != nil || took != 300*ms || r.forked != nil || r.x.Tries.Len() != 1 || !slices.Equal(r.client.wrote, []uint64{1}) {
				t.Errorf("error %v after %v, sent %v, client got %v", err, took, r.forked != nil, r.client.wrote)
			}
			if got := r.counts(); got != c.count {
				t.Errorf("counted %v, want %v", got, c.count)
			}
			if r.purse.deposited != 1 {
				t.Errorf("%d requests deposited", r.purse.deposited)
			}
		})
	}
}

// What ends the request ends both senders, and Do returns after both.
func TestBothSendersEnd(t *testing.T) {
	interrupt := func(at time.Duration, c sidecar.Cause) func(x *sidecar.Exchange) {
		return func(x *sidecar.Exchange) {
			g := x.Gen()
			time.Sleep(at)
			x.Interrupt(g, c)
		}
	}
	long := []step{{1, time.Hour, ok, 0}}
	for _, c := range []struct {
		name   string
		main   []step
		fork   step
		during func(x *sidecar.Exchange)
		drawn  time.Duration
		took   time.Duration
		reason sidecar.Reason
	}{
		{"client gone", long, step{2, time.Hour, ok, 0}, interrupt(200*ms, sidecar.ClientGone), 0, 200 * ms, sidecar.ClientLeft},
		{"client gone after the first failed", []step{{1, 150 * ms, none, 0}}, step{2, time.Hour, ok, 0}, interrupt(200*ms, sidecar.ClientGone), 0, 200 * ms, sidecar.ClientLeft},
		{"client gone while the second replies", long, step{2, 10 * ms, ok, time.Hour}, interrupt(200*ms, sidecar.ClientGone), 0, 200 * ms, sidecar.ClientLeft},
		{"client gone while the first replies", []step{{1, 150 * ms, ok, time.Hour}}, step{2, time.Hour, ok, 0}, interrupt(200*ms, sidecar.ClientGone), 0, 200 * ms, sidecar.ClientLeft},
		{"the grace is over", long, step{2, time.Hour, ok, 0}, interrupt(200*ms, sidecar.Draining), 0, 200 * ms, sidecar.ShuttingDown},
		{"the deadline", long, step{2, time.Hour, ok, 0}, nil, 300 * ms, 300 * ms, sidecar.DeadlineExceeded},
		{"the deadline after the first failed", []step{{1, 150 * ms, none, 0}}, step{2, time.Hour, ok, 0}, nil, 300 * ms, 300 * ms, sidecar.DeadlineExceeded},
		{"the deadline after the second failed", long, step{2, 10 * ms, none, 0}, nil, 300 * ms, 300 * ms, sidecar.DeadlineExceeded},
		{"both are cut", []step{{1, 150 * ms, none, 0}}, step{2, 100 * ms, none, 0}, nil, 0, 200 * ms, sidecar.PeerReset},
		{"the deadline while the second replies is none", long, step{2, 10 * ms, ok, time.Second}, nil, 300 * ms, 1110 * ms, sidecar.NoReason},
		{"the time of the first's try", long, step{2, 400 * ms, ok, 0}, interrupt(200*ms, sidecar.AttemptDeadline), 0, 500 * ms, sidecar.NoReason},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig()
			r.main, r.fork, r.during, r.drawn = c.main, c.fork, c.during, c.drawn
			if c.name == "the time of the first's try" {
				r.during = nil
				r.change = func(x *sidecar.Exchange) {
					time.AfterFunc(200*ms, func() { x.Interrupt(x.Gen(), sidecar.AttemptDeadline) })
				}
			}
			took, err := r.run(t)
			reason := sidecar.NoReason
			if err != nil {
				reason = sidecar.FaultOf(err).Reason
			}
			if took != c.took || reason != c.reason {
				t.Errorf("%v after %v, want %v after %v", reason, took, c.reason, c.took)
			}
		})
	}
}

// A time of an exchange that is over starts nothing for the next one of its
// pair.
func TestOldTimeStartsNothing(t *testing.T) {
	var w word
	w.arm(1)
	w.leave()
	w.arm(2)
	if w.start(1) {
		t.Error("started by the time of another")
	}
	if !w.start(2) || w.start(2) {
		t.Error("not started once by its own")
	}
	w.arm(1<<28 + 3)
	if !w.start(3) {
		t.Error("the wheel gives back 28 bits")
	}
	w.arm(5)
	if wins, beside := w.wins(mainOut, forkOut, true); !wins || beside {
		t.Error("a failure without another did not go out")
	}
	if w.start(5) {
		t.Error("started after the reply")
	}
}

func TestDelayFollowsTheOperationsOwnLatency(t *testing.T) {
	var h varz.Histogram
	trigger := Trigger{Percentile: 98, MinDelay: ms}
	h.ObserveN(int64(20*ms), minSamples-1)
	if d := trigger.Delay(h.Recent()); d != 0 {
		t.Errorf("%v of too few replies", time.Duration(d))
	}
	h.ObserveN(int64(20*ms), 900)
	h.ObserveN(int64(500*ms), 10)
	if d := time.Duration(trigger.Delay(h.Recent())); d < 18*ms || d > 22*ms {
		t.Errorf("98 %% are within 20 ms, got %v", d)
	}
	trigger.MinDelay = 50 * ms
	if d := time.Duration(trigger.Delay(h.Recent())); d != 50*ms {
		t.Errorf("got %v, want the least", d)
	}
}

// The second sender may be started, refused by the first's commit and told all
// in one moment; a cause that stands already is not missed.
func TestSecondSenderThatComesTooLateSendsNothing(t *testing.T) {
	r := newRig()
	l := &layer{Params: r.Params, next: nil}
	p := newPair(l)
	x := &r.x
	x.Begin(r.msg, nil, 1)
	x.Idempotent = true
	x.RequestDone(1)
	p.begin(context.Background(), x, r.msg, 0)
	if !p.word.start(p.number) || !x.Commit(ok) {
		t.Fatal("not as it should be")
	}
	p.send()
	if p.err != nil || p.sent || r.forked != nil {
		t.Error("sent behind the reply")
	}
	if !p.left() || p.join(nil) != nil {
		t.Error("not joined")
	}
}
