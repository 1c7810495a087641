package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

func usual() Settings {
	return Settings{LowWatermark: 1, HighWatermark: 2, MaxWaiters: 3, IdleTimeout: time.Minute, ConnectTimeout: time.Second}
}

// hold makes every exchange stay until released.
func hold(b *bench) (release chan struct{}) {
	release = make(chan struct{})
	b.server.do = func(*line, *sidecar.Exchange) error { <-release; return nil }
	return release
}

func TestConnectionIsKeptAndTheLatestIsUsedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		x := exchange()
		if err := b.Do(context.Background(), x); err != nil {
			t.Fatal(err)
		}
		if last := x.Tries.Last(); last.Connected == 0 || last.ConnAge != 0 {
			t.Errorf("a new connection is recorded as %+v", last)
		}
		time.Sleep(time.Second)
		x = exchange()
		if err := b.Do(context.Background(), x); err != nil {
			t.Fatal(err)
		}
		if age := x.Tries.Last().ConnAge; age != int64(time.Second) {
			t.Errorf("age %d, want 1 s", age)
		}
		if n := b.server.dialled(); n != 1 {
			t.Errorf("%d dials, want 1", n)
		}
	})
}

func TestWaitersAreServedInOrderAndTheNextIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		release := hold(b)
		first := []chan error{b.start(exchange()), b.start(exchange())}
		synctest.Wait()
		if got := b.Status(); got != sidecar.Open {
			t.Errorf("status %v before anybody waits", got)
		}
		var mu sync.Mutex
		var order []int
		b.server.mu.Lock()
		for _, l := range b.server.lines {
			l.do = func(_ *line, x *sidecar.Exchange) error {
				mu.Lock()
				order = append(order, x.N)
				mu.Unlock()
				return nil
			}
		}
		b.server.mu.Unlock()
		var later []chan error
		for n := range 3 {
			x := exchange()
			x.N = n
			later = append(later, b.start(x))
			synctest.Wait()
		}
		if got := b.Status(); got != sidecar.Busy {
			t.Errorf("status %v with three that wait", got)
		}
		err := b.Do(context.Background(), exchange())
		f := sidecar.FaultOf(err)
		if f.Reason != sidecar.PoolExhausted || !f.Has(sidecar.Unsent|sidecar.Rejected) {
			t.Errorf("the fourth that waits got %v", err)
		}
		release <- struct{}{}
		synctest.Wait()
		close(release)
		for _, c := range append(first, later...) {
			if err := <-c; err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(order, []int{0, 1, 2}) {
			t.Errorf("served in order %v", order)
		}
		if n := b.server.dialled(); n != 2 {
			t.Errorf("%d dials above the high watermark", n)
		}
	})
}

func TestInterruptedWaiterLeavesWithoutATrace(t *testing.T) {
	for _, c := range []struct {
		name  string
		cause sidecar.Cause
		want  sidecar.Reason
	}{
		{"deadline", sidecar.DeadlineCause, sidecar.DeadlineExceeded},
		{"attempt", sidecar.AttemptDeadline, sidecar.AttemptTimedOut},
		{"client gone", sidecar.ClientGone, sidecar.ClientLeft},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Settings{HighWatermark: 1, MaxWaiters: 1})
				defer b.end()
				release := hold(b)
				b.start(exchange())
				synctest.Wait()
				for range 5 { // each would take the only place for ever
					x := exchange()
					out := b.start(x)
					synctest.Wait()
					x.Interrupt(x.Gen(), c.cause)
					f := sidecar.FaultOf(<-out)
					if f.Reason != c.want || f.Stage != sidecar.StageDial || !f.Has(sidecar.Unsent) {
						t.Fatalf("got %v, flags %b", f, f.Flags)
					}
				}
				close(release)
				if err := b.Do(context.Background(), exchange()); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func TestDialServesWhoeverIsFirstAfterItsStarterLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		b.server.set(100*time.Millisecond, nil)
		x := exchange()
		first := b.start(x)
		synctest.Wait()
		x.Interrupt(x.Gen(), sidecar.ClientGone)
		if got := reason(<-first); got != sidecar.ClientLeft {
			t.Fatal(got)
		}
		if err := <-b.start(exchange()); err != nil {
			t.Fatal(err)
		}
		if n := b.server.dialled(); n != 1 {
			t.Errorf("%d dials, want the first to serve the second", n)
		}
	})
}

func TestFailedDialIsToldWithItsReason(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		delay time.Duration
		want  sidecar.Reason
	}{
		{"refused", syscall.ECONNREFUSED, 0, sidecar.ConnectRefused},
		{"never answered", nil, time.Hour, sidecar.ConnectTimeout},
		{"other", errors.New("no route to host"), 0, sidecar.ConnectFailed},
		{"a fault of the handshake", &sidecar.Fault{Reason: sidecar.BadReply}, 0, sidecar.BadReply},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, usual())
				defer b.end()
				b.server.set(c.delay, c.err)
				err := b.Do(context.Background(), exchange())
				f := sidecar.FaultOf(err)
				if f.Reason != c.want || f.Stage != sidecar.StageDial || !f.Has(sidecar.Unsent) {
					t.Errorf("got %v, flags %b", err, f.Flags)
				}
			})
		})
	}
}

func TestFailedDialFailsAllWhenNothingElseCouldServeThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{HighWatermark: 1, MaxWaiters: 10})
		defer b.end()
		b.server.set(time.Second, syscall.ECONNREFUSED)
		var all []chan error
		for range 5 {
			all = append(all, b.start(exchange()))
		}
		for _, c := range all {
			if got := reason(<-c); got != sidecar.ConnectRefused {
				t.Errorf("got %v", got)
			}
		}
		if n := b.server.dialled(); n != 1 {
			t.Errorf("%d dials to a dead server, want 1", n)
		}
	})
}

func TestFailedDialLeavesTheRestToTheConnectionInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{HighWatermark: 2, MaxWaiters: 10})
		defer b.end()
		release := hold(b)
		first := b.start(exchange())
		synctest.Wait()
		b.server.set(time.Second, syscall.ECONNREFUSED)
		var all []chan error
		for range 3 {
			all = append(all, b.start(exchange()))
			synctest.Wait()
		}
		time.Sleep(1500 * time.Millisecond) // the first dial has failed, a second is under way
		close(release)
		if err := <-first; err != nil {
			t.Error(err)
		}
		got := []sidecar.Reason{reason(<-all[0]), reason(<-all[1]), reason(<-all[2])}
		if !slices.Equal(got, []sidecar.Reason{sidecar.ConnectRefused, sidecar.NoReason, sidecar.NoReason}) {
			t.Errorf("got %v", got)
		}
		time.Sleep(2 * time.Second)
		if n := b.server.dialled(); n > 3 {
			t.Errorf("%d dials for four exchanges", n)
		}
	})
}

func TestStaleConnectionsAreReplacedInsideThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.HighWatermark = 3
		b := newBench(t, s)
		defer b.end()
		release := hold(b)
		all := []chan error{b.start(exchange()), b.start(exchange()), b.start(exchange())}
		synctest.Wait()
		close(release)
		for _, c := range all {
			<-c
		}
		b.server.mu.Lock()
		for _, l := range b.server.lines {
			l.do = func(*line, *sidecar.Exchange) error {
				return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Stale | sidecar.Unsent, Reason: sidecar.PeerClosed}
			}
		}
		b.server.mu.Unlock()
		if err := b.Do(context.Background(), exchange()); err != nil {
			t.Error(err)
		}
		if n := b.server.dialled(); n != 4 {
			t.Errorf("%d dials, want one more than the three", n)
		}
		if n := b.params.Metrics.Stale.Value(); n != 3 {
			t.Errorf("%d stale connections counted, want 3", n)
		}
	})
}

func TestStaleRequestThatCannotBeSentAgainIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		_ = b.Do(context.Background(), exchange())
		b.server.lines[0].do = func(*line, *sidecar.Exchange) error {
			return &sidecar.Fault{Flags: sidecar.Stale | sidecar.Unsent, Reason: sidecar.PeerClosed}
		}
		x := exchange()
		x.Msg = message{spent: true}
		if got := reason(b.Do(context.Background(), x)); got != sidecar.PeerClosed {
			t.Errorf("got %v", got)
		}
	})
}

func TestConnectionClosedByThePeerIsSeenBeforeUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		_ = b.Do(context.Background(), exchange())
		b.server.lines[0].cut.Store(true)
		time.Sleep(20 * time.Millisecond)
		if err := b.Do(context.Background(), exchange()); err != nil {
			t.Error(err)
		}
		if n := b.server.lines[0].done.Load(); n != 1 {
			t.Errorf("the dead connection was used %d times", n)
		}
	})
}

func TestConnectionThatEndedMakesRoomForWhoeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{HighWatermark: 1, MaxWaiters: 5})
		defer b.end()
		release := make(chan struct{})
		b.server.do = func(l *line, _ *sidecar.Exchange) error {
			<-release
			l.ended.Store(true)
			return nil
		}
		var all []chan error
		for range 4 {
			all = append(all, b.start(exchange()))
			synctest.Wait()
		}
		close(release)
		for _, c := range all {
			if err := <-c; err != nil {
				t.Error(err)
			}
		}
		if n := b.server.dialled(); n != 4 {
			t.Errorf("%d dials, want 4", n)
		}
	})
}

func TestPanicDoesNotPutTheConnectionBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		b.server.do = func(*line, *sidecar.Exchange) error { panic("broken codec") }
		func() {
			defer func() { _ = recover() }()
			_ = b.Do(context.Background(), exchange())
		}()
		if s := b.Stats(); s.Size != 0 || !b.server.lines[0].closed.Load() {
			t.Errorf("kept: %+v", s)
		}
	})
}

func TestCloseEndsWaitersDialsAndConnectionsInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		release := hold(b)
		used := b.start(exchange())
		synctest.Wait()
		b.server.set(time.Hour, nil)
		dialling := b.start(exchange())
		synctest.Wait()
		waiting := b.start(exchange())
		synctest.Wait()
		b.Close()
		for _, c := range []chan error{dialling, waiting, b.start(exchange())} {
			if f := sidecar.FaultOf(<-c); f.Reason != sidecar.NoEndpoints || !f.Has(sidecar.Unsent) {
				t.Errorf("got %v", f)
			}
		}
		close(release)
		if err := <-used; err != nil {
			t.Errorf("the exchange under way was cut: %v", err)
		}
		b.users.Wait()
		b.dials.Wait()
		if b.server.open() != 0 {
			t.Error("a connection in use was not closed when it came back")
		}
		if err := b.Probe(context.Background()); err == nil {
			t.Error("a closed pool was probed")
		}
	})
}

func TestProbeKeepsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		b.server.set(0, syscall.ECONNREFUSED)
		if got := reason(b.Probe(context.Background())); got != sidecar.ConnectRefused {
			t.Errorf("got %v", got)
		}
		b.server.set(0, nil)
		if err := b.Probe(context.Background()); err != nil {
			t.Error(err)
		}
		if s := b.Stats(); s.Idle != 1 || s.Dialing != 0 {
			t.Errorf("after the probe: %+v", s)
		}
		_ = b.Do(context.Background(), exchange())
		if n := b.server.dialled(); n != 2 {
			t.Errorf("%d dials: the probe's connection was not used", n)
		}
	})
}

func TestRaisedWatermarkServesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Settings{HighWatermark: 1, MaxWaiters: 5}
		b := newBench(t, s)
		defer b.end()
		release := hold(b)
		defer close(release)
		b.start(exchange())
		synctest.Wait()
		b.start(exchange())
		synctest.Wait()
		s.HighWatermark = 2
		b.Set(s)
		synctest.Wait()
		if got := b.Stats(); got.InUse != 2 || got.Waiters != 0 {
			t.Errorf("got %+v", got)
		}
		s.HighWatermark = 1
		b.Set(s)
		release <- struct{}{}
		synctest.Wait()
		if got := b.Stats(); got.Size != 1 {
			t.Errorf("above a lowered watermark: %+v", got)
		}
	})
}

func TestProbeOfAFullPoolAnswersAndKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{HighWatermark: 1, MaxWaiters: 1})
		defer b.end()
		release := hold(b)
		defer close(release)
		b.start(exchange())
		synctest.Wait()
		if err := b.Probe(context.Background()); err != nil {
			t.Error(err)
		}
		if s := b.Stats(); s.Size != 1 || s.Dialing != 0 || b.server.open() != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestWaitersShareTheFateOfAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		b.server.set(100*time.Millisecond, syscall.ECONNREFUSED)
		probed := make(chan error, 1)
		b.users.Go(func() { probed <- b.Probe(context.Background()) })
		synctest.Wait()
		waits := b.start(exchange())
		if got := []sidecar.Reason{reason(<-waits), reason(<-probed)}; got[0] != sidecar.ConnectRefused || got[1] != got[0] {
			t.Errorf("got %v", got)
		}
		if n := b.server.dialled(); n != 1 {
			t.Errorf("%d dials", n)
		}
	})
}
