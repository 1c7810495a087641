package upstream

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/discovery"
	"sidecar/upstream/pool"
)

// single is a connection that carries one exchange at a time.
type single struct {
	trunk
	closed *atomic.Int32
}

func (c *single) Close() { c.closed.Add(1) }

// kinds is an endpoint with two shared sets and an exclusive one, chosen by the
// name of the request.
type kinds struct {
	*Cluster
	dials  [3]atomic.Int32
	shared [2]trunk
	closed atomic.Int32
	run    sync.WaitGroup
	cancel context.CancelFunc
}

func newKinds(t *testing.T, s Settings) *kinds {
	k := new(kinds)
	dial := func(i int) func(context.Context, discovery.Endpoint) (pool.Conn, error) {
		return func(context.Context, discovery.Endpoint) (pool.Conn, error) {
			k.dials[i].Add(1)
			if i == 2 {
				return &single{closed: &k.closed}, nil
			}
			return &k.shared[i], nil
		}
	}
	f := &feed{make(chan discovery.Update)}
	c, err := New(Params{
		Name: "users", Settings: s, Sources: []discovery.Source{f},
		Lines: []Line{{dial(0), true}, {dial(1), true}, {dial(2), false}},
		Choose: func(x *sidecar.Exchange) int {
			return map[string]int{"b": 1, "alone": 2}[string(x.Msg.(*message).name)]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	k.Cluster = c
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel = cancel
	k.run.Go(func() { _ = c.Run(ctx) })
	f.updates <- discovery.Update{Endpoints: []discovery.Endpoint{{Address: "a:1"}}}
	synctest.Wait()
	return k
}

// ask performs a request of that name.
func (k *kinds) ask(t *testing.T, name string) {
	k.run.Go(func() {
		x := request()
		x.Msg.(*message).name = []byte(name)
		if err := k.Do(context.Background(), x); err != nil {
			t.Error(err)
		}
		x.End()
	})
}

func (k *kinds) end() {
	k.cancel()
	k.run.Wait()
	k.Close()
}

func TestEachExchangeGoesOverAConnectionOfItsKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKinds(t, usual())
		defer k.end()
		for range 5 {
			k.ask(t, "a")
			k.ask(t, "b")
			k.ask(t, "alone")
		}
		synctest.Wait()
		if a, b, alone := k.dials[0].Load(), k.dials[1].Load(), k.dials[2].Load(); a != 1 || b != 1 || alone != 5 {
			t.Errorf("%d, %d and %d dials, want 1, 1 and 5", a, b, alone)
		}
		if a, b := k.shared[0].users.Load(), k.shared[1].users.Load(); a != 5 || b != 5 {
			t.Errorf("%d and %d exchanges on the shared ones", a, b)
		}
		if p := k.Rows()[0].Pool; p.Size != 7 || p.InUse != 7 || p.Idle != 0 {
			t.Errorf("pool %+v", p)
		}
		time.Sleep(1500 * time.Millisecond)
		if p := k.Rows()[0].Pool; p.Size != 7 || p.InUse != 0 || p.Idle != 7 {
			t.Errorf("pool %+v", p)
		}
	})
}

func TestSharedSetsSayWhetherAnEndpointIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Pool.HighWatermark = 1
		k := newKinds(t, s)
		defer k.end()
		for range 3 {
			k.ask(t, "alone")
		}
		k.ask(t, "b")
		synctest.Wait()
		if r := k.Rows()[0]; r.State != "open" || r.Pool.Waiters != 2 {
			t.Errorf("with exclusive ones in use it is %s, %d wait", r.State, r.Pool.Waiters)
		}
		k.shared[1].status.Store(int32(sidecar.Busy))
		if r := k.Rows()[0]; r.State != "busy" {
			t.Errorf("with a shared one that takes nothing it is %s", r.State)
		}
		k.shared[1].status.Store(int32(sidecar.Open))
		time.Sleep(4 * time.Second)
	})
}

func TestOnlyTheFirstSetIsDialledAheadOfNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Pool.LowWatermark, s.Pool.IdleTimeout = 1, 10*time.Second
		k := newKinds(t, s)
		defer k.end()
		time.Sleep(3 * time.Second)
		if a, b, alone := k.dials[0].Load(), k.dials[1].Load(), k.dials[2].Load(); a != 1 || b+alone != 0 {
			t.Errorf("%d, %d and %d dials, want 1 and none", a, b, alone)
		}
		k.ask(t, "alone")
		time.Sleep(3 * time.Second)
		if err := k.Apply(s); err != nil { // what is set anew is so for all
			t.Error(err)
		}
		time.Sleep(20 * time.Second)
		if n := k.closed.Load(); n != 1 {
			t.Errorf("%d of the exclusive ones closed after their idle time, want 1", n)
		}
	})
}
