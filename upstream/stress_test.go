package upstream

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/balance"
	"sidecar/discovery"
)

// Everything changes at once: endpoints fail, recover, leave and return,
// settings are swapped, deadlines pass. Afterwards nothing may be left pending
// and the cluster must serve.
func TestNothingIsLeftAfterAllChangesAtOnce(t *testing.T) {
	for _, policy := range policies() {
		t.Run(policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := usual()
				s.Balance.Policy, s.AttemptTimeout = policy, 50*time.Millisecond
				s.Pool.HighWatermark, s.Pool.MaxWaiters = 2, 4
				names := []string{"a:1", "b:1", "c:1", "d:1"}
				r := newRig(t, s, names...)
				defer r.stop()
				var all sync.WaitGroup
				for range 16 {
					all.Go(func() {
						for range 200 {
							r.do(request())
							time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
						}
					})
				}
				all.Go(func() {
					for range 300 {
						b := r.backend(names[rand.IntN(len(names))])
						b.refuse.Store(rand.IntN(4) == 0)
						b.reset.Store(rand.IntN(4) == 0)
						b.class.Store(uint32([]sidecar.Class{0, 0, sidecar.Unavailable, sidecar.Failure}[rand.IntN(4)]))
						b.delay.Store(int64(rand.IntN(100)) * int64(time.Millisecond))
						time.Sleep(10 * time.Millisecond)
					}
				})
				all.Go(func() {
					for range 100 {
						var u discovery.Update
						for _, name := range names {
							if rand.IntN(3) > 0 {
								u.Endpoints = append(u.Endpoints, discovery.Endpoint{Address: name})
							}
						}
						r.feed.updates <- u
						s.Balance.Policy = policies()[rand.IntN(5)]
						s.Balance.Peers = nil
						if total := rand.IntN(5); total > 0 {
							s.Balance.Peers = FixedPeers(balance.Coordinate{Index: rand.IntN(total), Total: total}, "", "")
						}
						_ = r.Apply(s)
						time.Sleep(30 * time.Millisecond)
					}
				})
				all.Wait()
				for _, name := range names {
					b := r.backend(name)
					b.refuse.Store(false)
					b.reset.Store(false)
					b.class.Store(0)
					b.delay.Store(0)
				}
				r.announce(names...)
				time.Sleep(2 * time.Minute)
				if n := r.many(100); n != 0 {
					t.Errorf("%d failed with all endpoints well", n)
				}
				for _, row := range r.Rows() {
					if row.Pending != 0 || row.Pool.InUse != 0 || row.Pool.Waiters != 0 {
						t.Errorf("left behind: %+v", row)
					}
				}
			})
		})
	}
}
