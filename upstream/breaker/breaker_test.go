package breaker

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
)

func TestConsecutiveFailuresEject(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		for range 4 {
			r.fail()
		}
		r.ok()
		for range 4 {
			r.fail()
		}
		r.want(Healthy, sidecar.Open)
		r.fail()
		r.want(Ejected, sidecar.Closed)
		if got := r.Snapshot().Reason; got != Consecutive {
			t.Errorf("reason %q", got)
		}
	})
}

func TestSuccessRateEjectsWithEnoughRequestsOnly(t *testing.T) {
	for _, c := range []struct {
		name    string
		ok, bad int
		pause   time.Duration
		want    State
	}{
		{"too few", 8, 11, 0, Healthy},
		{"just enough of them good", 10, 10, 0, Healthy},
		{"below the rate", 9, 11, 0, Ejected},
		{"spread over more than the window", 9, 11, time.Second, Healthy},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := usual()
				s.ConsecutiveFailures = 0
				r := newRig(t, s)
				for range c.ok {
					r.ok()
					time.Sleep(c.pause)
				}
				for range c.bad {
					r.fail()
					time.Sleep(c.pause)
				}
				if got := r.Snapshot(); got.State != c.want {
					t.Errorf("got %+v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestBurstThatFailsIsOneInARow(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		x := exchange(sidecar.Failure)
		x.N = 15
		r.run(x, nil)
		r.want(Healthy, sidecar.Open)
		x.N = 6
		r.run(x, nil)
		if got := r.Snapshot().Reason; got != Rate {
			t.Errorf("21 failed requests: %q", got)
		}
	})
}

func TestWhatCountsAgainstTheEndpoint(t *testing.T) {
	fault := func(s sidecar.Stage, r sidecar.Reason, fl sidecar.Flags) *sidecar.Fault {
		return &sidecar.Fault{Stage: s, Reason: r, Flags: fl}
	}
	held := func(c sidecar.Class) *sidecar.Fault {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: c, Reason: sidecar.Status5xx}
	}
	const unsent = sidecar.Unsent
	for _, c := range []struct {
		name  string
		class sidecar.Class
		fault *sidecar.Fault
		want  verdict
	}{
		{"success", sidecar.Success, nil, good},
		{"no reply expected", sidecar.NoClass, nil, good},
		{"client error", sidecar.ClientError, nil, good},
		{"failure", sidecar.Failure, nil, bad},
		{"unavailable", sidecar.Unavailable, nil, bad},
		{"overload", sidecar.Overload, nil, silent},
		{"shed", sidecar.Shed, nil, silent},
		{"held shed", 0, held(sidecar.Shed), silent},
		{"held unavailable", 0, held(sidecar.Unavailable), bad},
		{"held overload", 0, held(sidecar.Overload), silent},
		{"held client error", 0, held(sidecar.ClientError), good},
		{"refused", 0, fault(sidecar.StageDial, sidecar.ConnectRefused, unsent), unreachable},
		{"connect timeout", 0, fault(sidecar.StageDial, sidecar.ConnectTimeout, unsent|sidecar.Timeout), unreachable},
		{"connect failed", 0, fault(sidecar.StageDial, sidecar.ConnectFailed, unsent), unreachable},
		{"pool exhausted", 0, fault(sidecar.StageDial, sidecar.PoolExhausted, unsent|sidecar.Rejected), silent},
		{"closed", 0, fault(sidecar.StageRead, sidecar.PeerClosed, 0), bad},
		{"reset", 0, fault(sidecar.StageWrite, sidecar.PeerReset, 0), bad},
		{"reset of a new connection before a byte", 0, fault(sidecar.StageWrite, sidecar.PeerReset, unsent), bad},
		{"stale", 0, fault(sidecar.StageWrite, sidecar.PeerClosed, unsent|sidecar.Stale), silent},
		{"bad reply", 0, fault(sidecar.StageRead, sidecar.BadReply, 0), bad},
		{"attempt timeout at the reply", 0, fault(sidecar.StageRead, sidecar.AttemptTimedOut, sidecar.Timeout), bad},
		{"attempt timeout in the pool", 0, fault(sidecar.StageDial, sidecar.AttemptTimedOut, unsent|sidecar.Timeout), silent},
		{"deadline at the reply", 0, fault(sidecar.StageRead, sidecar.DeadlineExceeded, sidecar.Timeout), bad},
		{"deadline in the pool", 0, fault(sidecar.StageDial, sidecar.DeadlineExceeded, unsent|sidecar.Timeout), silent},
		{"stalled reply", 0, fault(sidecar.StageRead, sidecar.StalledOut, sidecar.Timeout), bad},
		{"stalled request", 0, fault(sidecar.StageWrite, sidecar.StalledOut, sidecar.Timeout), silent},
		{"stalled client", 0, fault(sidecar.StageRead, sidecar.StalledOut, sidecar.FromClient), silent},
		{"client gone", 0, fault(sidecar.StageRead, sidecar.ClientLeft, sidecar.FromClient), silent},
		{"bad request", 0, fault(sidecar.StageWrite, sidecar.BadRequest, sidecar.FromClient), silent},
		{"shutting down", 0, fault(sidecar.StageRead, sidecar.ShuttingDown, 0), silent},
		{"a defect of ours", 0, fault(sidecar.StageRead, sidecar.Internal, 0), silent},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			if c.fault != nil {
				err = c.fault
			}
			if got := judge(exchange(c.class), err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestConnectFailureEjectsUntilADialSucceeds(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		start := sidecar.Now()
		r.run(exchange(0), refused())
		r.want(Disconnected, sidecar.Closed)
		if r.out != 1 {
			t.Error("the owner was not told")
		}
		// Half of each time out is drawn; the rig draws the middle.
		for i, out := range []time.Duration{7500, 15000, 30000, 45000, 45000} {
			if got := r.Due() - start; got != int64(out*time.Millisecond) {
				t.Errorf("dial %d is due after %v, want %v", i+1, time.Duration(got), out*time.Millisecond)
			}
			time.Sleep(time.Duration(r.Due() - sidecar.Now()))
			if ok, _ := r.Claim(exchange(0), sidecar.Now()); ok {
				t.Fatal("a client's request was let through")
			}
			start = sidecar.Now()
			r.Dialled(false, start)
		}
		r.Dialled(true, sidecar.Now())
		r.want(Healthy, sidecar.Open)
		if r.back != 1 || r.Due() != 0 {
			t.Errorf("back %d, due %d", r.back, r.Due())
		}
		if got := r.params.Metrics.TimeFailed.Value(); got != uint64(142500*time.Millisecond) {
			t.Errorf("time failed %v", time.Duration(got))
		}
	})
}

func TestProbeDecides(t *testing.T) {
	for _, c := range []struct {
		name  string
		class sidecar.Class
		err   error
		want  State
	}{
		{"success readmits", sidecar.Success, nil, Healthy},
		{"failure ejects again", sidecar.Failure, nil, Ejected},
		{"held failure ejects again", 0, &sidecar.Fault{Flags: sidecar.FromPeer, Class: sidecar.Unavailable}, Ejected},
		{"refused is left to the background", 0, refused(), Disconnected},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r := newRig(t, usual())
				r.eject()
				time.Sleep(7500 * time.Millisecond)
				if got := r.Status(sidecar.Now()); got != sidecar.Open {
					t.Fatal("not open for a probe")
				}
				x := exchange(c.class)
				if ok, probe := r.Claim(x, sidecar.Now()); !ok || !probe {
					t.Fatal("no turn")
				}
				r.want(Probing, sidecar.Closed)
				if ok, _ := r.Claim(exchange(0), sidecar.Now()); ok {
					t.Fatal("a second turn")
				}
				r.run(x, c.err)
				if got := r.Snapshot(); got.State != c.want {
					t.Errorf("got %+v", got)
				} else if got.State == Ejected && got.Until-sidecar.Now() != int64(15*time.Second) {
					t.Errorf("out for %v, want twice as long", time.Duration(got.Until-sidecar.Now()))
				}
			})
		})
	}
}

func TestProbeWithoutAWordGivesTheTurnBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		class sidecar.Class
		err   error
	}{
		{"pool exhausted", 0, &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.PoolExhausted}},
		{"client gone", 0, &sidecar.Fault{Flags: sidecar.FromClient, Reason: sidecar.ClientLeft}},
		{"overload", sidecar.Overload, nil},
		{"load shed", sidecar.Shed, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r := newRig(t, usual())
				r.eject()
				time.Sleep(10 * time.Second)
				x := exchange(c.class)
				r.Claim(x, sidecar.Now())
				r.run(x, c.err)
				r.want(Ejected, sidecar.Open)
				y := exchange(0)
				if ok, probe := r.Claim(y, sidecar.Now()); !ok || !probe {
					t.Error("the turn was lost")
				}
				r.Return(x)
				r.want(Probing, sidecar.Closed)
				r.Return(y)
				r.want(Ejected, sidecar.Open)
			})
		})
	}
}

// stay sends x through the layer and keeps it there until released.
func (r *rig) stay(x *sidecar.Exchange, err error) (release func()) {
	gate, done := make(chan struct{}), make(chan struct{})
	leaf := sidecar.ServiceFunc(func(context.Context, *sidecar.Exchange) error { <-gate; return err })
	go func() {
		_ = sidecar.Stack(leaf, r.Layer()).Do(context.Background(), x)
		close(done)
	}()
	return func() { close(gate); <-done }
}

func TestProbeWithALongReplyDoesNotKeepTheTurn(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.eject()
		time.Sleep(10 * time.Second)
		x := exchange(sidecar.Success)
		r.Claim(x, sidecar.Now())
		release := r.stay(x, nil)
		x.Commit(sidecar.Success)
		r.want(Probing, sidecar.Closed)
		time.Sleep(2 * time.Second)
		r.Status(sidecar.Now())
		r.want(Healthy, sidecar.Open)
		release()
		r.want(Healthy, sidecar.Open)
	})
}

func TestProbeWithoutAReplyLosesTheTurnInTime(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.eject()
		time.Sleep(10 * time.Second)
		x := exchange(sidecar.Success)
		r.Claim(x, sidecar.Now())
		release := r.stay(x, nil)
		time.Sleep(time.Duration(maxTurn) + 1)
		y := exchange(sidecar.Success)
		if ok, probe := r.Claim(y, sidecar.Now()); !ok || !probe {
			t.Fatal("the turn was kept")
		}
		release() // its late success is not the probe's
		r.want(Probing, sidecar.Closed)
		r.run(y, nil)
		r.want(Healthy, sidecar.Open)
	})
}

func TestExactlyOneWinsTheTurn(t *testing.T) {
	r := newRig(t, usual())
	for range 5 {
		r.fail()
	}
	for range 200 {
		r.until.Store(sidecar.Now())
		var won atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				x := exchange(sidecar.Failure)
				if ok, probe := r.Claim(x, sidecar.Now()); ok != probe {
					t.Error("an ejected endpoint took an exchange that is no probe")
				} else if ok {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d won the turn", won.Load())
		}
		r.Return(r.prober.Load())
	}
}

func TestOwnerMayRefuseAnEjection(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.leave = false
		for range 5 {
			r.fail()
		}
		time.Sleep(time.Second)
		r.run(exchange(0), refused())
		r.want(Healthy, sidecar.Open)
		if r.asked != 2 || r.params.Metrics.Refused.Value() != 2 || r.back != 0 {
			t.Errorf("asked %d times, counted %d, back %d", r.asked, r.params.Metrics.Refused.Value(), r.back)
		}
	})
}

func TestBackoffStartsAgainAfterATimeOfHealth(t *testing.T) {
	for _, c := range []struct {
		name string
		well time.Duration
		want time.Duration
	}{
		{"soon again", 59 * time.Second, 15 * time.Second},
		{"well for long", time.Minute, 7500 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r := newRig(t, usual())
				r.eject()
				time.Sleep(10 * time.Second)
				x := exchange(sidecar.Success)
				r.Claim(x, sidecar.Now())
				r.run(x, nil)
				time.Sleep(c.well)
				r.eject()
				if got := r.Snapshot().Until - sidecar.Now(); got != int64(c.want) {
					t.Errorf("out for %v, want %v", time.Duration(got), c.want)
				}
				if n := r.Snapshot().Ejections; n != 2 {
					t.Errorf("%d ejections", n)
				}
			})
		})
	}
}

func TestOutcomesOfBeforeDoNotReadmit(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		x := exchange(sidecar.Success)
		x.Tries.Last().Connected = sidecar.Now()
		release := r.stay(x, nil)
		time.Sleep(time.Millisecond)
		r.run(exchange(0), refused())
		release()
		r.want(Disconnected, sidecar.Closed)
		old := exchange(sidecar.Success)
		old.Tries.Last().Connected, old.Tries.Last().ConnAge = sidecar.Now(), 5
		r.run(old, nil)
		r.want(Disconnected, sidecar.Closed)
		fresh := exchange(sidecar.Success)
		fresh.Tries.Last().Connected = sidecar.Now()
		r.run(fresh, nil)
		r.want(Healthy, sidecar.Open)
	})
}

func TestSessionTellsByItsEstablishmentAndByItsRequests(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		session := func() *sidecar.Exchange {
			x := exchange(sidecar.NoClass)
			x.Kind = sidecar.Session
			return x
		}
		cut := &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerReset}
		for range 10 {
			x := session()
			x.Commit(sidecar.Success)
			r.run(x, cut)
		}
		r.want(Healthy, sidecar.Open)
		x := session()
		release := r.stay(x, nil)
		for range 5 {
			r.Observe(0, sidecar.Outcome{Class: sidecar.Failure})
		}
		r.want(Ejected, sidecar.Closed)
		release()
		for range 5 {
			r.Observe(0, sidecar.Outcome{Reason: sidecar.PeerReset})
		}
		r.want(Ejected, sidecar.Closed)
	})
}

func TestBackoffStaysWithinItsBounds(t *testing.T) {
	for _, c := range []struct {
		least, most time.Duration
	}{{5 * time.Second, time.Minute}, {time.Second, time.Second}, {10 * time.Second, time.Second}, {1, time.Hour}} {
		for n := 1; n < 100; n++ {
			for _, r := range []float64{0, 0.5, 0.999999} {
				got := time.Duration(backoff(n, c.least, c.most, r))
				if got < min(c.least, c.most) || got > c.most {
					t.Errorf("%v to %v, ejection %d: %v", c.least, c.most, n, got)
				}
			}
		}
	}
}

func TestWindowForgets(t *testing.T) {
	var w window
	for i := range int64(30) {
		w.add(i*100, 100, 2, 1)
		n, failed := w.sum(i*100+99, 100)
		want := uint64(min(i+1, slots))
		if n != 2*want || failed != want {
			t.Errorf("slot %d: %d requests, %d failed", i, n, failed)
		}
	}
	if n, _ := w.sum(100*100, 100); n != 0 {
		t.Errorf("%d left after a long silence", n)
	}
	w.add(0, 100, 1<<40, 1<<40)
	if n, failed := w.sum(0, 100); n != maxCount || failed != maxCount {
		t.Errorf("overflow: %d, %d", n, failed)
	}
}
