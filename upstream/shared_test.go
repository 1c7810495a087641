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

// trunk is a connection that carries many exchanges, each for a second.
type trunk struct {
	users  atomic.Int32
	status atomic.Int32
}

func (c *trunk) Do(_ context.Context, x *sidecar.Exchange) error {
	c.users.Add(1)
	defer c.users.Add(-1)
	time.Sleep(time.Second)
	if !x.Commit(sidecar.Success) {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx}
	}
	x.Msg.(*message).class = sidecar.Success
	return nil
}

func (c *trunk) Status(bool) sidecar.Status { return sidecar.Status(c.status.Load()) }
func (*trunk) Close()                       {}

func TestSharedConnectionCarriesTheExchangesOfAnEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &feed{make(chan discovery.Update)}
		var dials atomic.Int32
		only := new(trunk)
		c, err := New(Params{
			Name: "users", Settings: usual(), Sources: []discovery.Source{f},
			Lines: []Line{{Shared: true, Dial: func(context.Context, discovery.Endpoint) (pool.Conn, error) {
				dials.Add(1)
				return only, nil
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var run sync.WaitGroup
		run.Go(func() { _ = c.Run(ctx) })
		f.updates <- discovery.Update{Endpoints: []discovery.Endpoint{{Address: "a:1"}}}
		synctest.Wait()
		for range 20 {
			run.Go(func() {
				x := request()
				if err := c.Do(context.Background(), x); err != nil {
					t.Error(err)
				}
				x.End()
			})
		}
		synctest.Wait()
		if n := only.users.Load(); n != 20 || dials.Load() != 1 {
			t.Errorf("%d exchanges on it, %d dials", n, dials.Load())
		}
		only.status.Store(int32(sidecar.Busy))
		if r := c.Rows()[0]; r.State != "busy" || r.Why == "" || r.Pool.Size != 1 {
			t.Errorf("row %+v", r)
		}
		time.Sleep(2 * time.Second)
		cancel()
		run.Wait()
		c.Close()
	})
}
