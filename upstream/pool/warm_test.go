package pool

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// upkeepFor is what the owner does once a second, for d.
func upkeepFor(b *bench, d time.Duration) {
	for range int(d / time.Second) {
		time.Sleep(time.Second)
		b.Sweep(sidecar.Now())
		for b.Lacks(sidecar.Now()) {
			if err := b.Warm(context.Background()); err != nil {
				break
			}
		}
	}
}

// cutAfter has the server close each connection that was open for d.
func cutAfter(b *bench, d time.Duration) {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	b.server.born = func(l *line) { time.AfterFunc(d, func() { l.cut.Store(true) }) }
}

func TestWarmDialsUpToTheLowWatermark(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings Settings
		cold     bool
		want     int
	}{
		{"one", Settings{LowWatermark: 1, HighWatermark: 5}, false, 1},
		{"three", Settings{LowWatermark: 3, HighWatermark: 5}, false, 3},
		{"none", Settings{HighWatermark: 5}, false, 0},
		{"as many as may exist", Settings{LowWatermark: 9, HighWatermark: 2}, false, 2},
		{"outside the aperture", Settings{LowWatermark: 3, HighWatermark: 5}, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, c.settings)
				defer b.end()
				b.SetCold(c.cold, sidecar.Now())
				upkeepFor(b, 3*time.Second)
				if s := b.Stats(); s.Idle != c.want || b.server.dialled() != c.want || s.WarmIn != 0 {
					t.Errorf("%+v after %d dials, want %d", s, b.server.dialled(), c.want)
				}
			})
		})
	}
}

func TestWarmConnectionIsUsedAndToldWithItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		upkeepFor(b, time.Second)
		time.Sleep(time.Second)
		x := exchange()
		if err := b.Do(context.Background(), x); err != nil {
			t.Error(err)
		}
		if age := x.Tries.Last().ConnAge; age != int64(time.Second) || b.server.dialled() != 1 {
			t.Errorf("age %d after %d dials", age, b.server.dialled())
		}
	})
}

func TestClosedPoolIsNotWarmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		b.end()
		upkeepFor(b, 2*time.Second)
		if n := b.server.dialled(); n != 0 {
			t.Errorf("%d dials", n)
		}
	})
}

func TestFailedDialAheadOfNeedIsRepeatedWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.MinPause, s.MaxPause = 5*time.Second, 20*time.Second
		b := newBench(t, s)
		defer b.end()
		b.server.set(0, syscall.ECONNREFUSED)
		upkeepFor(b, time.Second)
		if s := b.Stats(); s.WarmIn != int64(5*time.Second) {
			t.Errorf("after the first: %+v", s)
		}
		upkeepFor(b, 5*time.Second+10*time.Second+3*20*time.Second)
		if n := b.server.dialled(); n != 6 {
			t.Errorf("%d dials", n)
		}
		b.server.set(0, nil)
		upkeepFor(b, 20*time.Second)
		if s := b.Stats(); s.Idle != 1 || s.WarmIn != 0 {
			t.Errorf("with the server back: %+v", s)
		}
	})
}

func TestEndedDialAheadOfNeedTeachesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		b.server.set(time.Minute, nil)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if err := b.Warm(ctx); err == nil {
			t.Error("no error")
		}
		if s := b.Stats(); s.WarmIn != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

// A server that closes idle connections after two seconds would be dialled
// every two seconds, for nobody.
func TestServerThatClosesIdleConnectionsQuicklyIsNotDialledInALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.LowWatermark, s.HighWatermark = 2, 2
		s.MinPause, s.MaxPause = 5*time.Second, time.Minute
		b := newBench(t, s)
		defer b.end()
		cutAfter(b, 2*time.Second)
		upkeepFor(b, 10*time.Minute)
		if n := b.server.dialled(); n < 10 || n > 28 {
			t.Errorf("%d dials in ten minutes", n)
		}
		// One that is of use ends the pauses.
		for !b.Lacks(sidecar.Now()) {
			time.Sleep(time.Second)
			b.Sweep(sidecar.Now())
		}
		if err := b.Warm(context.Background()); err != nil {
			t.Fatal(err)
		}
		_ = b.Do(context.Background(), exchange())
		if b.ahead != (ahead{}) {
			t.Errorf("after use: %+v", b.ahead)
		}
	})
}

// A connection that lasted a minute before the server closed it costs little:
// it is replaced at once, each time.
func TestServerThatClosesIdleConnectionsSlowlyIsKeptWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.MinPause, s.MaxPause, s.IdleTimeout = 5*time.Second, 40*time.Second, 0
		b := newBench(t, s)
		defer b.end()
		cutAfter(b, time.Minute)
		open := 0
		for range 1200 {
			upkeepFor(b, time.Second)
			open += b.Stats().Idle
		}
		if open < 1150 {
			t.Errorf("warm for %d of 1200 s", open)
		}
	})
}

// The protocol does not know that its connection has lain idle, and reports
// one that is found closed on its first exchange as any other failure.
func TestWarmConnectionFoundClosedIsReplacedInsideThePool(t *testing.T) {
	for _, why := range []sidecar.Reason{sidecar.PeerClosed, sidecar.PeerReset, sidecar.BadReply} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, usual())
			defer b.end()
			upkeepFor(b, time.Second)
			b.server.lines[0].do = func(*line, *sidecar.Exchange) error {
				return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: why}
			}
			x := exchange()
			if err := b.Do(context.Background(), x); err != nil {
				t.Error(err)
			}
			if n := b.server.dialled(); n != 2 || b.params.Metrics.Stale.Value() != 1 {
				t.Errorf("%d dials, %d stale", n, b.params.Metrics.Stale.Value())
			}
			if last := x.Tries.Last(); last.ConnAge != 0 {
				t.Errorf("recorded as %+v", last)
			}
		})
	}
}

// On a connection that was dialled for the exchange the same failure is the
// server's answer, and goes up.
func TestNewConnectionFoundClosedIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, usual())
		defer b.end()
		b.server.do = func(*line, *sidecar.Exchange) error {
			return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.PeerClosed}
		}
		if got := reason(b.Do(context.Background(), exchange())); got != sidecar.PeerClosed || b.server.dialled() != 1 {
			t.Errorf("%v after %d dials", got, b.server.dialled())
		}
	})
}

// A server waits longer for a first request than for a further one, mostly:
// what the one kind teaches must not end the other.
func TestUnusedConnectionsHaveALimitOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{LowWatermark: 5, HighWatermark: 5})
		defer b.end()
		now := sidecar.Now()
		second := int64(time.Second)
		b.Exclusive.server, b.unused = serverLimit{5 * second, now}, serverLimit{40 * second, now}
		b.idle = []*held{
			{conn: b.server.line(), since: now - 39*second, made: now - 39*second},
			{conn: b.server.line(), since: now - 20*second, made: now - 20*second},
			{conn: b.server.line(), since: now - 5*second, used: true},
			{conn: b.server.line(), since: now - 3*second, used: true},
			{conn: b.server.line(), since: now - 2*second},
		}
		b.size = 5
		b.Sweep(now)
		var ages []int64
		for _, h := range b.idle {
			ages = append(ages, (now-h.since)/second)
		}
		if len(ages) != 3 || ages[0] != 20 || ages[1] != 3 || ages[2] != 2 || b.size != 3 {
			t.Errorf("left, in seconds: %v", ages)
		}
	})
}

func TestWaitsForADialAndForAFullPoolAreCountedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{HighWatermark: 2, MaxWaiters: 5})
		defer b.end()
		b.server.set(time.Second, nil)
		release := hold(b)
		for range 5 {
			b.start(exchange())
			synctest.Wait()
		}
		if m := b.params.Metrics; m.DialWaits.Value() != 2 || m.Waits.Value() != 3 {
			t.Errorf("%d for a dial, %d for the full pool", m.DialWaits.Value(), m.Waits.Value())
		}
		close(release)
		b.users.Wait()
		_ = b.Do(context.Background(), exchange())
		if m := b.params.Metrics; m.DialWaits.Value() != 2 || m.Waits.Value() != 3 {
			t.Error("counted one that did not wait")
		}
	})
}

// A connection that one exchange hands to the next has not lain idle, and may
// have been closed by the server all the same.
func TestStaleConnectionOfAnothersHandIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{HighWatermark: 1, MaxWaiters: 1})
		defer b.end()
		release := hold(b)
		first := b.start(exchange())
		synctest.Wait()
		b.server.lines[0].do = func(*line, *sidecar.Exchange) error {
			return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Stale | sidecar.Unsent, Reason: sidecar.PeerClosed}
		}
		second := b.start(exchange())
		synctest.Wait()
		close(release)
		if a, z := <-first, <-second; a != nil || z != nil || b.server.dialled() != 2 {
			t.Errorf("got %v and %v after %d dials", a, z, b.server.dialled())
		}
	})
}
