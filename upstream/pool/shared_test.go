package pool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// trunk is a shared connection that a test steers.
type trunk struct {
	t      *testing.T
	number int
	users  atomic.Int32
	most   atomic.Int32
	status atomic.Int32 // sidecar.Status
	closed atomic.Bool
	do     func(*trunk, *sidecar.Exchange) error
}

func (c *trunk) Do(_ context.Context, x *sidecar.Exchange) error {
	n := c.users.Add(1)
	defer c.users.Add(-1)
	for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
	}
	if c.closed.Load() {
		c.t.Error("exchange on a closed connection")
	}
	if c.do == nil {
		return nil
	}
	return c.do(c, x)
}

func (c *trunk) Status(bool) sidecar.Status { return sidecar.Status(c.status.Load()) }

func (c *trunk) Close() {
	if c.users.Load() != 0 {
		c.t.Error("closed with exchanges on it")
	}
	if c.closed.Swap(true) {
		c.t.Error("closed twice")
	}
}

// hub is a Shared pool before a server.
type hub struct {
	*Shared
	t      *testing.T
	mu     sync.Mutex
	trunks []*trunk
	dialed int
	delay  time.Duration
	err    error
	do     func(*trunk, *sidecar.Exchange) error
	dials  sync.WaitGroup
	users  sync.WaitGroup
}

func newHub(t *testing.T, s Settings) *hub {
	h := &hub{t: t}
	h.Shared = NewShared(Params{Dial: h.dial, Go: h.dials.Go, Now: sidecar.Now, Settings: s})
	return h
}

func (h *hub) dial(ctx context.Context) (Conn, error) {
	h.mu.Lock()
	h.dialed++
	delay, err := h.delay, h.err
	h.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &trunk{t: h.t, number: len(h.trunks), do: h.do}
	h.trunks = append(h.trunks, c)
	return c, nil
}

func (h *hub) set(delay time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.delay, h.err = delay, err
}

func (h *hub) count() (dials, open int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.trunks {
		if !c.closed.Load() {
			open++
		}
	}
	return h.dialed, open
}

func (h *hub) start(x *sidecar.Exchange) chan error {
	out := make(chan error, 1)
	h.users.Go(func() { out <- h.Do(context.Background(), x) })
	return out
}

func (h *hub) end() {
	h.t.Helper()
	h.users.Wait()
	h.Close()
	h.dials.Wait()
	if _, open := h.count(); open != 0 {
		h.t.Errorf("%d connections left open", open)
	}
	if s := h.Stats(); s.Size != 0 || s.Waiters != 0 || s.Dialing != 0 {
		h.t.Errorf("left behind: %+v", s)
	}
}

func stay(release chan struct{}) func(*trunk, *sidecar.Exchange) error {
	return func(*trunk, *sidecar.Exchange) error { <-release; return nil }
}

func few(n int) Settings {
	return Settings{LowWatermark: 1, Connections: n, MaxWaiters: 3, IdleTimeout: time.Minute, ConnectTimeout: time.Second}
}

func TestSharedCarriesManyOnOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Settings{MaxWaiters: 100, ConnectTimeout: time.Second})
		defer h.end()
		h.set(100*time.Millisecond, nil)
		release := make(chan struct{})
		h.do = stay(release)
		var all []chan error
		for range 50 {
			all = append(all, h.start(exchange()))
		}
		synctest.Wait()
		if s := h.Stats(); s.Waiters != 50 || s.Dialing != 1 || h.Status() != sidecar.Open {
			t.Errorf("during the dial: %+v, %v", s, h.Status())
		}
		time.Sleep(time.Second)
		if s := h.Stats(); s.InUse != 1 || s.Waiters != 0 || h.trunks[0].users.Load() != 50 {
			t.Errorf("after the dial: %+v", s)
		}
		close(release)
		for _, c := range all {
			if err := <-c; err != nil {
				t.Error(err)
			}
		}
		x := exchange()
		if err := h.Do(context.Background(), x); err != nil || x.Tries.Last().ConnAge != int64(900*time.Millisecond) {
			t.Errorf("%v, age %d", err, x.Tries.Last().ConnAge)
		}
		if dials, _ := h.count(); dials != 1 {
			t.Errorf("%d dials", dials)
		}
	})
}

func TestSharedGrowsWhileExchangesAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, few(3))
		defer h.end()
		release := make(chan struct{})
		h.do = stay(release)
		for range 9 {
			h.start(exchange())
			synctest.Wait()
		}
		for _, c := range h.trunks {
			if n := c.users.Load(); n < 2 || n > 4 {
				t.Errorf("connection %d carries %d", c.number, n)
			}
		}
		if dials, _ := h.count(); dials != 3 {
			t.Errorf("%d dials, want 3", dials)
		}
		close(release)
		h.users.Wait()
		time.Sleep(2 * time.Minute)
		h.Sweep(sidecar.Now())
		if _, open := h.count(); open != 1 {
			t.Errorf("%d open after the idle timeout, want the low watermark", open)
		}
		h.SetCold(true, sidecar.Now())
		time.Sleep(2 * time.Minute)
		h.Sweep(sidecar.Now())
		if _, open := h.count(); open != 0 {
			t.Errorf("%d open though the endpoint is out of use", open)
		}
	})
}

func TestSharedLetsExchangesFinishOnAConnectionThatDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, few(1))
		defer h.end()
		release := make(chan struct{})
		h.do = stay(release)
		long := h.start(exchange())
		synctest.Wait()
		old := h.trunks[0]
		old.status.Store(int32(sidecar.Closed))
		next := h.start(exchange())
		synctest.Wait()
		if dials, open := h.count(); dials != 2 || open != 2 {
			t.Errorf("%d dials, %d open", dials, open)
		}
		if old.users.Load() != 1 || h.trunks[1].users.Load() != 1 {
			t.Error("the next one is on the connection that drains")
		}
		close(release)
		if err := errors.Join(<-long, <-next); err != nil {
			t.Error(err)
		}
		if !old.closed.Load() {
			t.Error("it is open though its last exchange has left")
		}
	})
}

func TestSharedWaitersShareTheFateOfTheirDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, few(1))
		defer h.end()
		h.set(100*time.Millisecond, syscall.ECONNREFUSED)
		a, b := h.start(exchange()), h.start(exchange())
		x := exchange()
		gone := h.start(x)
		synctest.Wait()
		if h.Status() != sidecar.Busy {
			t.Errorf("status %v with as many waiters as may be", h.Status())
		}
		if err := h.Do(context.Background(), exchange()); reason(err) != sidecar.PoolExhausted {
			t.Errorf("one too many got %v", err)
		}
		x.Interrupt(x.Gen(), sidecar.ClientGone)
		if err := <-gone; reason(err) != sidecar.ClientLeft || !sidecar.FaultOf(err).Has(sidecar.Unsent) {
			t.Errorf("got %v", err)
		}
		for _, c := range []chan error{a, b} {
			if err := <-c; reason(err) != sidecar.ConnectRefused {
				t.Errorf("got %v", err)
			}
		}
		if dials, _ := h.count(); dials != 1 || h.Status() != sidecar.Open {
			t.Errorf("%d dials for all of them, status %v", dials, h.Status())
		}
	})
}

func TestSharedReplacesAConnectionThatEndedBeforeUse(t *testing.T) {
	lost := &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent | sidecar.Stale, Reason: sidecar.PeerClosed}
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, few(1))
		defer h.end()
		if err := h.Do(context.Background(), exchange()); err != nil {
			t.Fatal(err)
		}
		h.trunks[0].do = func(c *trunk, _ *sidecar.Exchange) error {
			c.status.Store(int32(sidecar.Closed))
			return lost
		}
		if err := h.Do(context.Background(), exchange()); err != nil {
			t.Errorf("got %v", err)
		}
		if dials, open := h.count(); dials != 2 || open != 1 {
			t.Errorf("%d dials, %d open", dials, open)
		}
		// A new connection that ends so is the endpoint's answer.
		h.trunks[1].status.Store(int32(sidecar.Closed))
		h.do = func(c *trunk, _ *sidecar.Exchange) error {
			c.status.Store(int32(sidecar.Closed))
			return lost
		}
		if err := h.Do(context.Background(), exchange()); reason(err) != sidecar.PeerClosed {
			t.Errorf("got %v", err)
		}
	})
}

func TestSharedTakesABusyConnectionOnlyIfAllAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, few(2))
		defer h.end()
		release := make(chan struct{})
		h.do = stay(release)
		for range 3 {
			h.start(exchange())
			synctest.Wait()
		}
		h.trunks[0].status.Store(int32(sidecar.Busy))
		before := h.trunks[0].users.Load()
		for range 4 {
			h.start(exchange())
			synctest.Wait()
		}
		if h.trunks[0].users.Load() != before || h.Status() != sidecar.Open {
			t.Error("a busy connection was taken beside an open one")
		}
		h.trunks[1].status.Store(int32(sidecar.Busy))
		h.start(exchange())
		synctest.Wait()
		if h.trunks[0].users.Load() != before+1 || h.Status() != sidecar.Busy {
			t.Errorf("not taken though all are busy, status %v", h.Status())
		}
		close(release)
	})
}

// What cannot be dialled ahead of need is not dialled again by each exchange.
func TestSharedPausesBetweenDialsThatFailForLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, few(2))
		defer h.end()
		release := make(chan struct{})
		h.do = stay(release)
		h.start(exchange())
		synctest.Wait()
		h.set(0, syscall.ECONNREFUSED)
		for range 20 {
			h.start(exchange())
			synctest.Wait()
		}
		if dials, _ := h.count(); dials != 2 {
			t.Errorf("%d dials in one moment", dials)
		}
		close(release)
	})
}

func TestSharedIsWarmedProbedAndLowered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := few(2)
		s.LowWatermark = 2
		h := newHub(t, s)
		defer h.end()
		now := sidecar.Now()
		for i := 0; h.Lacks(now); i++ {
			if err := h.Warm(context.Background()); err != nil || i > 1 {
				t.Fatalf("%d: %v", i, err)
			}
		}
		if err := h.Probe(context.Background()); err != nil {
			t.Error(err)
		}
		if dials, open := h.count(); dials != 3 || open != 2 {
			t.Errorf("%d dials, %d open", dials, open)
		}
		s.Connections = 1
		h.Set(s)
		if _, open := h.count(); open != 1 {
			t.Errorf("%d open of one", open)
		}
		h.trunks[0].status.Store(int32(sidecar.Closed))
		h.trunks[1].status.Store(int32(sidecar.Closed))
		h.Sweep(sidecar.Now())
		if h.Lacks(sidecar.Now()) || h.Stats().WarmIn == 0 {
			t.Error("no pause after connections that were of no use")
		}
		h.set(0, syscall.ECONNREFUSED)
		time.Sleep(time.Hour)
		if err := h.Warm(context.Background()); reason(err) != sidecar.ConnectRefused || h.Lacks(sidecar.Now()) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSharedUnderStress(t *testing.T) {
	h := newHub(t, few(3))
	var n atomic.Int64
	h.do = func(c *trunk, _ *sidecar.Exchange) error {
		if n.Add(1)%50 == 0 {
			c.status.Store(int32(sidecar.Closed))
		}
		return nil
	}
	for range 16 {
		h.users.Go(func() {
			x := new(sidecar.Exchange)
			for range 500 {
				x.Begin(message{}, nil, sidecar.Now())
				x.Try("a:1", 1, sidecar.Now())
				if err := h.Do(context.Background(), x); err != nil && reason(err) != sidecar.PoolExhausted {
					t.Error(err)
				}
				x.End()
			}
		})
	}
	for range 100 {
		h.Sweep(sidecar.Now())
		_ = h.Status()
		_ = h.Stats()
	}
	h.end()
}
