package limit

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

func TestCircuitOpensAtItsVolumeAndRate(t *testing.T) {
	for _, c := range []struct {
		name      string
		good, bad int
		want      State
	}{
		{"volume 19 of 20, all failed", 0, 19, StateClosed},
		{"volume 20, all failed", 0, 20, StateOpen},
		{"exactly half", 10, 10, StateOpen},
		{"less than half", 11, 10, StateClosed},
		{"nothing failed", 100, 0, StateClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r := newRig(t, usual())
				r.good(c.good)
				r.bad(c.bad)
				r.want(c.want)
			})
		})
	}
}

func TestOpenCircuitRefusesAtOnceAndSaysForHowLong(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.bad(20)
		time.Sleep(2 * time.Second)
		reached := r.reached.Load()
		err := r.one()
		f := sidecar.FaultOf(err)
		if f == nil || f.Reason != sidecar.BreakerOpen || !f.Has(sidecar.Unsent|sidecar.Rejected) || r.reached.Load() != reached {
			t.Fatalf("got %v", err)
		}
		if left := f.Err.(*Refused).RetryAfter(); left != int64(3*time.Second) {
			t.Errorf("told to come again in %v, want 3s", time.Duration(left))
		}
		if got := r.metrics.Refused.Value(); got != 1 {
			t.Errorf("%d counted as refused", got)
		}
	})
}

func TestFailuresOlderThanTheWindowDoNotCount(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.bad(19)
		time.Sleep(11 * time.Second)
		r.bad(19)
		r.want(StateClosed)
		r.bad(1)
		r.want(StateOpen)
	})
}

func TestOneRequestTriesAfterTheSleep(t *testing.T) {
	for _, c := range []struct {
		name string
		next sidecar.ServiceFunc
		want State
	}{
		{"it is served", reply(sidecar.Success), StateClosed},
		{"it is the client's own error", reply(sidecar.ClientError), StateClosed},
		{"it fails", reply(sidecar.Failure), StateOpen},
		{"load is shed", reply(sidecar.Shed), StateOpen},
		{"it is reset", fault(sidecar.PeerReset, 0), StateOpen},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r := newRig(t, usual())
				r.bad(20)
				time.Sleep(5*time.Second - 1)
				if r.good(1) != 1 {
					t.Error("let in before the sleep was over")
				}
				time.Sleep(time.Nanosecond)
				r.next = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
					r.want(StateHalfOpen)
					if r.good(3) != 3 { // others come meanwhile
						t.Error("more than one tries")
					}
					return c.next(ctx, x)
				})
				r.do(1)
				r.want(c.want)
				if c.want == StateOpen && r.good(1) != 1 {
					t.Error("no second sleep")
				}
				if s := r.Snapshot(); c.want == StateClosed && (s.Requests != 0 || s.Failed != 0) {
					t.Errorf("counts are not cleared: %+v", s)
				}
			})
		})
	}
}

// A circuit whose probe says nothing must not wait for a verdict for ever.
func TestProbeWithoutAWordGivesTheTurnBack(t *testing.T) {
	for name, next := range map[string]sidecar.ServiceFunc{
		"the client left":  fault(sidecar.ClientLeft, sidecar.FromClient),
		"the process ends": fault(sidecar.ShuttingDown, 0),
		"asked for less":   reply(sidecar.Overload),
		"it panics":        func(context.Context, *sidecar.Exchange) error { panic("defect") },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r := newRig(t, usual())
				r.bad(20)
				time.Sleep(5 * time.Second)
				func() {
					defer func() { _ = recover() }()
					r.next = next
					_ = r.one()
				}()
				r.want(StateOpen)
				if r.good(1) != 0 {
					t.Error("the next may not try")
				}
				r.want(StateClosed)
			})
		})
	}
}

// Exchanges that were under way when the circuit changed tell of before.
func TestOnlyTheProbeMovesAHalfOpenCircuit(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		ends := make(chan bool)
		r.next = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			if <-ends {
				return reply(sidecar.Success)(ctx, x)
			}
			return fault(sidecar.PeerReset, 0)(ctx, x)
		})
		slow := r.next
		done := make(chan error, 2)
		for range 2 {
			x := exchange(new(message))
			go func() { done <- r.service.Do(context.Background(), x) }()
		}
		synctest.Wait()
		r.bad(20)
		time.Sleep(5 * time.Second)
		r.next = slow
		x := exchange(new(message))
		go func() { done <- r.service.Do(context.Background(), x) }()
		synctest.Wait()
		r.want(StateHalfOpen)
		ends <- true // an old one
		<-done
		r.want(StateHalfOpen)
		ends <- false // another
		<-done
		r.want(StateHalfOpen)
		ends <- true
		<-done
		r.want(StateClosed)
		if s := r.Snapshot(); s.Requests != 0 {
			t.Errorf("an old outcome is counted: %+v", s)
		}
	})
}

// A download that serves as a probe is proof once it has run for a second.
func TestLongReplyDoesNotKeepTheTurn(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.bad(20)
		time.Sleep(5 * time.Second)
		end, done := make(chan bool), make(chan error)
		r.next = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			err := reply(sidecar.Success)(ctx, x)
			<-end
			return err
		})
		go func() { done <- r.one() }()
		synctest.Wait()
		if r.good(1) != 1 {
			t.Error("two try")
		}
		time.Sleep(1500 * time.Millisecond)
		if r.good(1) != 0 {
			t.Error("still refused while the reply comes")
		}
		r.want(StateClosed)
		close(end)
		<-done
		r.want(StateClosed)
	})
}

func TestProbeThatHangsLosesItsTurn(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.bad(20)
		time.Sleep(5 * time.Second)
		end, done := make(chan bool), make(chan error)
		r.next = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			<-end
			return fault(sidecar.PeerReset, 0)(ctx, x)
		})
		go func() { done <- r.one() }()
		synctest.Wait()
		time.Sleep(59 * time.Second)
		if r.good(1) != 1 {
			t.Error("two try")
		}
		time.Sleep(time.Second)
		if r.good(1) != 0 {
			t.Error("the turn is not given on")
		}
		close(end)
		<-done
		r.want(StateClosed)
	})
}

func TestDarkCircuitCountsAndRefusesNobody(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := usual()
		s.Mode = Dark
		r := newRig(t, s)
		if refused := r.bad(50); refused != 0 || r.reached.Load() != 50 {
			t.Errorf("%d refused, %d reached", refused, r.reached.Load())
		}
		if dark, opened := r.metrics.Dark.Value(), r.metrics.Opened.Value(); dark != 30 || opened != 1 {
			t.Errorf("would have refused %d (want 30), opened %d times", dark, opened)
		}
		time.Sleep(5 * time.Second)
		r.good(2)
		r.want(StateClosed)
		if got := r.metrics.Refused.Value(); got != 0 {
			t.Errorf("%d counted as refused", got)
		}
	})
}

func TestCircuitThatIsOffCountsNothing(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := usual()
		s.Mode = Off
		r := newRig(t, s)
		if r.bad(50) != 0 || r.Snapshot().Requests != 0 {
			t.Errorf("%+v", r.Snapshot())
		}
	})
}

func TestForcedCircuitDoesNotGoByWhatItCounts(t *testing.T) {
	for _, mode := range []Mode{Off, Dark, On} {
		t.Run(mode.String(), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := usual()
				s.Mode = mode
				r := newRig(t, s)
				r.Force(ForceOpen)
				if r.good(10) != 10 {
					t.Error("forced open, and lets requests in")
				}
				r.Force(ForceClosed)
				if r.bad(50) != 0 {
					t.Error("forced closed, and refuses")
				}
				r.Force(Auto)
				want := 0
				if mode == On {
					want = 10
				}
				if got := r.bad(10); got != want {
					t.Errorf("on its own again it refuses %d, want %d", got, want)
				}
				r.Reset(sidecar.Now())
				r.want(StateClosed)
				if s := r.Snapshot(); s.ByHand || s.Forced != Auto || s.Requests != 0 {
					t.Errorf("after a reset %+v", s)
				}
			})
		})
	}
}

// What was forced by hand stays over a reload, until the file says otherwise.
func TestConfiguredForceHoldsUntilAHandSaysOtherwise(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := usual()
		s.Force = ForceOpen
		r := newRig(t, s)
		if r.good(1) != 1 {
			t.Error("not open")
		}
		r.Force(Auto)
		s.MinRequests = 30
		r.Set(s)
		if r.good(1) != 0 {
			t.Error("a reload has undone what was forced by hand")
		}
		s.Force = ForceClosed
		r.Set(s)
		if got := r.Snapshot(); got.Forced != ForceClosed || got.ByHand {
			t.Errorf("got %+v", got)
		}
	})
}

func TestWhatACallerSawCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		next sidecar.ServiceFunc
		want verdict
	}{
		{"success", reply(sidecar.Success), good},
		{"its own error", reply(sidecar.ClientError), client},
		{"429", reply(sidecar.Overload), silent},
		{"shed", reply(sidecar.Shed), bad},
		{"failure", reply(sidecar.Failure), bad},
		{"refused connections", fault(sidecar.ConnectRefused, sidecar.Unsent), bad},
		{"a full pool", fault(sidecar.PoolExhausted, sidecar.Unsent), bad},
		{"out of time", fault(sidecar.DeadlineExceeded, sidecar.Timeout), bad},
		{"no endpoint", fault(sidecar.NoEndpoints, sidecar.Unsent), silent},
		{"client gone", fault(sidecar.ClientLeft, sidecar.FromClient), silent},
		{"client that stalls", fault(sidecar.StalledOut, sidecar.FromClient), silent},
		{"shutting down", fault(sidecar.ShuttingDown, 0), silent},
		{"a full bulkhead inside", fault(sidecar.BulkheadFull, sidecar.Rejected), silent},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := exchange(new(message))
			if got := judge(x, c.next(context.Background(), x)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Who gives a request a millisecond must not open the circuit for all others.
func TestClientsOwnShortTimeDoesNotCount(t *testing.T) {
	for asked, want := range map[time.Duration]verdict{0: bad, time.Millisecond: silent, time.Minute: bad} {
		x := exchange(new(message))
		x.Asked = int64(asked)
		if got := judge(x, fault(sidecar.DeadlineExceeded, sidecar.Timeout)(context.Background(), x)); got != want {
			t.Errorf("asked for %v: got %v, want %v", asked, got, want)
		}
	}
}

func TestRequestsInsideASessionCount(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.next = sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
			x.Commit(sidecar.Success)
			for range 20 {
				x.Observe(0, sidecar.Outcome{Class: sidecar.Failure})
			}
			return nil
		})
		x := exchange(new(message))
		x.Kind = sidecar.Session
		if err := r.service.Do(context.Background(), x); err != nil {
			t.Fatal(err)
		}
		r.want(StateOpen)
	})
}

func TestChangesAreTold(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.bad(30)
		time.Sleep(5 * time.Second)
		r.bad(1)
		time.Sleep(5 * time.Second)
		r.good(1)
		if want := []string{"open", "open", "closed"}; !slices.Equal(r.changes, want) {
			t.Errorf("got %q, want %q", r.changes, want)
		}
		if s := r.Snapshot(); s.Opened != 1 {
			t.Errorf("opened %d times, want 1", s.Opened)
		}
	})
}
