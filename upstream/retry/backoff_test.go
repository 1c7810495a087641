package retry

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/varz"
)

const ms = int64(time.Millisecond)

func TestBackoffIsDrawnFromZeroToADoublingCeiling(t *testing.T) {
	b := Backoff{25 * time.Millisecond, 250 * time.Millisecond}
	for _, c := range []struct {
		n      int
		random float64
		want   int64
	}{
		{1, 0, 0}, {1, 0.5, 12_500_000}, {2, 0.5, 25 * ms}, {3, 0.5, 50 * ms}, {4, 0.5, 100 * ms},
		{5, 0.5, 125 * ms}, {7, 0.5, 125 * ms}, {2000, 0.5, 125 * ms},
	} {
		if got := b.draw(c.n, c.random); got != c.want {
			t.Errorf("before paid try %d, with %v: %d, want %d", c.n, c.random, got, c.want)
		}
	}
	if got := (Backoff{}).draw(3, 0.9); got != 0 {
		t.Errorf("%d without a base", got)
	}
}

func TestBackoffLeavesHalfOfTheTimeToTheTry(t *testing.T) {
	for _, c := range []struct{ d, left, want int64 }{
		{100, 1000, 100}, {100, 150, 75}, {100, 0, 0}, {100, -1, 100},
	} {
		if got := fit(c.d, c.left); got != c.want {
			t.Errorf("%d of %d left: %d, want %d", c.d, c.left, got, c.want)
		}
	}
}

func TestWhatAPeerAsksForIsObeyedIfItFitsTheDeadline(t *testing.T) {
	second := int64(time.Second)
	for _, c := range []struct {
		name        string
		after, left int64
		random      float64
		want        int64
		ok          bool
	}{
		{"fits", second, 10 * second, 0, second, true},
		{"spread over half as long again", second, 10 * second, 0.5, second + second/4, true},
		{"the spread leaves time for the try", 8 * second, 9 * second, 0.999, 8*second + second/2, true},
		{"longer than there is time", 10 * second, 10 * second, 0, 0, false},
		{"no deadline", second, -1, 0, second, true},
		{"longer than anybody waits without a deadline", 3600 * second, -1, 0, 0, false},
	} {
		if got, ok := obey(c.after, c.left, c.random); got != c.want || ok != c.ok {
			t.Errorf("%s: %d, %v, want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

// current is an exchange whose times run from now, as in a bubble of virtual
// time.
func current(timeout time.Duration) *sidecar.Exchange {
	x, now := new(sidecar.Exchange), sidecar.Now()
	x.Begin(&message{}, nil, now)
	x.SetTimeout(int64(timeout))
	x.RequestDone(now)
	x.Idempotent = true
	return x
}

func TestPaidTriesWaitAndRequeuesDoNot(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault sidecar.Fault
		want  time.Duration // of all waits
	}{
		{"a kept reply", faults[11].fault, (25 + 50) * time.Millisecond / 2},
		{"a reset", faults[8].fault, (25 + 50) * time.Millisecond / 2},
		{"a rejection", faults[7].fault, (25 + 50) * time.Millisecond / 2},
		{"a try that took all of its time", faults[10].fault, 0},
		{"a refused connection", faults[0].fault, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(fails(c.fault), fails(c.fault), answers(sidecar.Success))
				r.params.Backoff = Backoff{25 * time.Millisecond, 250 * time.Millisecond}
				r.params.Random = func() float64 { return 0.5 }
				waiting := new(varz.Gauge)
				r.params.Metrics.Waiting = waiting
				x, began := current(time.Second), time.Now()
				if err := r.run(x); err != nil || x.Tries.Len() != 3 {
					t.Errorf("%v after %d tries", err, x.Tries.Len())
				}
				if took := time.Since(began); took != c.want {
					t.Errorf("waited %v, want %v", took, c.want)
				}
				if n := waiting.Value(); n != 0 {
					t.Errorf("%d are told to wait afterwards", n)
				}
			})
		})
	}
}

// asks is a reply that was kept, with a wish to be left alone.
func asks(after time.Duration) func(*sidecar.Exchange) error {
	return func(x *sidecar.Exchange) error {
		x.Tries.Last().After = int64(after)
		f := faults[11].fault
		return &f
	}
}

func TestAPeersWishIsObeyedWhereNoOtherEndpointIsLeft(t *testing.T) {
	for _, c := range []struct {
		name   string
		after  time.Duration
		others bool
		tries  int
		want   time.Duration
	}{
		{"nobody else", time.Second, false, 2, 1250 * time.Millisecond},
		{"somebody else", time.Second, true, 2, 12500 * time.Microsecond},
		{"nobody else, and it would take too long", 11 * time.Second, false, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(asks(c.after), answers(sidecar.Success))
				r.params.Backoff = Backoff{25 * time.Millisecond, 250 * time.Millisecond}
				r.params.Random = func() float64 { return 0.5 }
				r.params.Others = func(*sidecar.Exchange) bool { return c.others }
				x, began := current(10*time.Second), time.Now()
				err := r.run(x)
				if took := time.Since(began); x.Tries.Len() != c.tries || (err == nil) != (c.tries > 1) || took != c.want {
					t.Errorf("%v after %d tries and %v", err, x.Tries.Len(), took)
				}
			})
		})
	}
}

func TestAWaitBetweenTriesEndsWithItsReason(t *testing.T) {
	for _, c := range []struct {
		cause sidecar.Cause
		want  sidecar.Reason
		again bool
	}{
		{sidecar.ClientGone, sidecar.ClientLeft, false},
		{sidecar.Lost, sidecar.HedgeLost, false},
		{sidecar.DeadlineCause, sidecar.DeadlineExceeded, false},
		{sidecar.Draining, sidecar.ShuttingDown, false},
		{sidecar.AttemptDeadline, sidecar.NoReason, true},
	} {
		t.Run(c.cause.Fault(sidecar.StagePick).Reason.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(fails(faults[11].fault), answers(sidecar.Success))
				r.params.Backoff = Backoff{time.Second, time.Second}
				r.params.Random = func() float64 { return 0.5 }
				x, began := current(time.Minute), time.Now()
				timer := time.AfterFunc(100*time.Millisecond, func() { x.Interrupt(x.Gen(), c.cause) })
				defer timer.Stop()
				err := r.run(x)
				if took := time.Since(began); took != 100*time.Millisecond {
					t.Errorf("ended after %v", took)
				}
				if again := err == nil; again != c.again || !again && sidecar.FaultOf(err).Reason != c.want {
					t.Errorf("%v, want %v", err, c.want)
				}
			})
		})
	}
}

// A pause is used again: what woke the last one must not cut the next short.
func TestAWakeIsNotLeftForTheNextWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := newPauses()
		x := current(time.Minute)
		for range 100 {
			x.Begin(&message{}, nil, sidecar.Now())
			timer := time.AfterFunc(time.Millisecond, func() { x.Interrupt(x.Gen(), sidecar.ClientGone) })
			ps.wait(x, ms) // both at once
			timer.Stop()
			synctest.Wait()
			y, began := current(time.Minute), time.Now()
			if cause := ps.wait(y, 5*ms); cause != sidecar.NoCause || time.Since(began) != 5*time.Millisecond {
				t.Fatalf("%v after %v", cause, time.Since(began))
			}
		}
	})
}

func TestOperationsHaveRulesOfTheirOwn(t *testing.T) {
	r := newRig(fails(faults[8].fault))
	r.params.Of = map[sidecar.Op]Rules{1: {MaxRetries: 4, On: every}, 2: {}, 3: {MaxRetries: 4, On: 1 << Connect}}
	for op, want := range map[sidecar.Op]int{0: 3, 1: 5, 2: 1, 3: 1} {
		x := exchange()
		x.Op = op
		if _ = r.run(x); x.Tries.Len() != want {
			t.Errorf("operation %d: %d tries, want %d", op, x.Tries.Len(), want)
		}
	}
	r = newRig(answers(sidecar.Unavailable))
	r.params.Of = map[sidecar.Op]Rules{1: {MaxRetries: 1, On: every}}
	x := exchange()
	x.Op = 1
	if err := r.run(x); err != nil || x.Tries.Len() != 2 {
		t.Errorf("%v after %d tries: the last reply is not kept", err, x.Tries.Len())
	}
}

func TestTriesOfWhatReachedNobodyAreFreeUntilTheyStorm(t *testing.T) {
	r := newRig(fails(faults[0].fault))
	paid, requeues, exhausted := new(varz.Counter), new(varz.Counter), new(varz.Counter)
	r.params.Budget = NewBudget(0.2, 0)
	r.params.Metrics = Metrics{Requeues: requeues, Paid: paid, Exhausted: exhausted}
	ctx, s := context.Background(), sidecar.Stack(r, Layer(r.params))
	const requests = 10000
	for range requests {
		x := exchange() // all in one second
		_ = s.Do(ctx, x)
	}
	want := uint64(freeRequeues + freeShare*requests + requests/5)
	if n := requeues.Value(); n != want || paid.Value() != requests/5 || exhausted.Value() == 0 {
		t.Errorf("%d further tries, %d of them paid for, %d refused; want %d in all", n, paid.Value(), exhausted.Value(), want)
	}
	a := r.params.Budget.Account(1)
	if want := (Account{Requests: requests, Spent: requests / 5, Requeues: freeRequeues + freeShare*requests}); a != want {
		t.Errorf("the account says %+v, want %+v", a, want)
	}
	// A storm is over with its window.
	x := exchange()
	x.Begin(&message{}, nil, int64(time.Minute))
	if _ = s.Do(ctx, x); x.Tries.Len() != maxTries {
		t.Errorf("%d tries after the storm", x.Tries.Len())
	}
}
