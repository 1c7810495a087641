package pool

import (
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// fillIdle leaves n connections idle.
func fillIdle(b *bench, n int) {
	release := hold(b)
	for range n {
		b.start(exchange())
	}
	synctest.Wait()
	close(release)
	synctest.Wait()
}

// sweepFor sweeps once a second for d.
func sweepFor(b *bench, d time.Duration) {
	for range int(d / time.Second) {
		time.Sleep(time.Second)
		b.Sweep(sidecar.Now())
	}
}

func TestIdleConnectionsAreClosedDownToTheLowWatermark(t *testing.T) {
	for _, c := range []struct {
		name string
		low  int
		cold bool
		want int
	}{
		{"none kept", 0, false, 0},
		{"two kept", 2, false, 2},
		{"more kept than are there", 9, false, 5},
		{"outside the aperture", 2, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Settings{LowWatermark: c.low, HighWatermark: 5, IdleTimeout: 10 * time.Second})
				defer b.end()
				b.SetCold(c.cold, sidecar.Now())
				fillIdle(b, 5)
				sweepFor(b, 10*time.Second)
				if s := b.Stats(); s.Size != 5 {
					t.Errorf("closed early: %+v", s)
				}
				sweepFor(b, 2*time.Second)
				if s := b.Stats(); s.Size != c.want || s.Idle != c.want {
					t.Errorf("got %+v, want %d", s, c.want)
				}
			})
		})
	}
}

func TestSweepClosesWhatThePeerClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{LowWatermark: 9, HighWatermark: 200})
		defer b.end()
		fillIdle(b, 150)
		for i, l := range b.server.lines {
			l.cut.Store(i%2 == 0)
		}
		sweepFor(b, 4*time.Second) // 64 looks each
		if s := b.Stats(); s.Size != 75 {
			t.Errorf("%+v, want 75", s)
		}
	})
}

func TestServersIdleLimitIsLearnedAndKeptClearOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{LowWatermark: 1, HighWatermark: 5, IdleTimeout: time.Minute})
		defer b.end()
		fillIdle(b, 3)
		time.Sleep(5 * time.Second)
		for _, l := range b.server.lines {
			l.cut.Store(true)
		}
		b.Sweep(sidecar.Now())
		if s := b.Stats(); s.Size != 0 || s.ServerIdle != int64(5*time.Second) {
			t.Fatalf("got %+v", s)
		}
		fillIdle(b, 1)
		sweepFor(b, 5*time.Second)
		if s := b.Stats(); s.Size != 0 {
			t.Errorf("kept until the server closes: %+v", s)
		}
	})
}

func TestRestartOfTheServerTeachesNoLimitThatAnOlderConnectionRefutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{LowWatermark: 5, HighWatermark: 5})
		defer b.end()
		fillIdle(b, 2)
		time.Sleep(3 * time.Second)
		_ = b.Do(t.Context(), exchange()) // one is used again and is the younger
		old, young := b.server.lines[0], b.server.lines[1]
		if old.done.Load() == 2 {
			old, young = young, old
		}
		time.Sleep(time.Second)
		young.cut.Store(true)
		b.Sweep(sidecar.Now())
		if s := b.Stats(); s.Size != 1 || s.ServerIdle != 0 {
			t.Errorf("an older connection is alive: %+v", s)
		}
		old.cut.Store(true)
		b.Sweep(sidecar.Now())
		if s := b.Stats(); s.Size != 0 || s.ServerIdle != int64(4*time.Second) {
			t.Errorf("the oldest was closed: %+v", s)
		}
	})
}

func TestServersIdleLimitIsForgottenSlowly(t *testing.T) {
	var l serverLimit
	second := int64(time.Second)
	l.learn(sighting{dead: 1, oldDead: 5 * second}, second)
	at := func(s int64) int64 {
		l.learn(sighting{}, s*second)
		return l.limit
	}
	if got := at(2); got != 5*second+5*second/200 {
		t.Errorf("after a second: %d", got)
	}
	for s := int64(3); s < 200; s++ {
		at(s)
	}
	if l.limit < 12*second || l.limit > 15*second {
		t.Errorf("after 200 s: %d", l.limit)
	}
	for s := int64(200); s < 3000; s++ {
		at(s)
	}
	if l.limit != 0 {
		t.Errorf("never confirmed and yet %d", l.limit)
	}
	l.learn(sighting{dead: 1, oldDead: 3}, 3001*second)
	if l.limit != second {
		t.Errorf("a coincidence gives a limit of %d", l.limit)
	}
}

// With a limit of 2 s a connection is found open at 1.9 s and closed at 2.9 s.
// What was learned must make the next one go before 2 s.
func TestLimitIsLearnedFromWhenItWasLastFoundOpen(t *testing.T) {
	const ms = int64(1e6)
	var seen sighting
	seen.add(false, 2900*ms, 1900*ms)
	seen.add(false, 1200*ms, 0) // a younger one tells nothing
	var l serverLimit
	l.learn(seen, 0)
	if l.limit != 1900*ms || !l.near(1900*ms) || l.near(900*ms) {
		t.Errorf("learned %d", l.limit)
	}
	seen = sighting{}
	seen.add(false, 1500*ms, 0) // never seen open: all there is to go by
	l = serverLimit{}
	l.learn(seen, 0)
	if l.limit != 1500*ms {
		t.Errorf("learned %d", l.limit)
	}
}

// An aperture that moves away and back within the idle timeout costs nothing,
// however long the connection was idle before.
func TestColdPoolKeepsItsConnectionsForTheIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Settings{LowWatermark: 1, HighWatermark: 5, IdleTimeout: 10 * time.Second})
		defer b.end()
		fillIdle(b, 1)
		sweepFor(b, time.Minute)
		for range 3 {
			b.SetCold(true, sidecar.Now())
			sweepFor(b, 10*time.Second)
			if s := b.Stats(); s.Idle != 1 {
				t.Errorf("closed early: %+v", s)
			}
			b.SetCold(false, sidecar.Now())
			sweepFor(b, time.Second)
		}
		b.SetCold(true, sidecar.Now())
		sweepFor(b, 12*time.Second)
		if s := b.Stats(); s.Size != 0 {
			t.Errorf("kept: %+v", s)
		}
	})
}
