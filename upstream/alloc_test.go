//go:build !race

package upstream

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

func TestAllocNothingForAnExchange(t *testing.T) {
	for _, policy := range policies() {
		t.Run(policy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, m, r := steady(t, policy)
				defer r.stop()
				ctx := context.Background()
				if n := testing.AllocsPerRun(500, func() { exchange(ctx, r, x, m) }); n != 0 {
					t.Errorf("%v allocations an exchange", n)
				}
			})
		})
	}
}

type silentAlarm struct{}

func (silentAlarm) Arm(uint8, int64, uint64) {}

// steady is a cluster with everything on, and an exchange that its owner uses
// again and again.
func steady(t *testing.T, policy string) (*sidecar.Exchange, *message, *rig) {
	s := usual()
	s.Balance.Policy, s.AttemptTimeout = policy, time.Second
	short, yes := time.Second, true
	s.Operations = []Operation{{Name: "GET /users", Timeout: &short, Idempotent: &yes}}
	r := newRig(t, s, "a:1", "b:1", "c:1")
	x := request()
	m := x.Msg.(*message)
	for range 100 {
		exchange(context.Background(), r, x, m)
	}
	return x, m, r
}

func exchange(ctx context.Context, r *rig, x *sidecar.Exchange, m *message) {
	now := sidecar.Now()
	x.Begin(m, silentAlarm{}, now)
	x.RequestDone(now)
	if err := r.Do(ctx, x); err != nil {
		panic(err)
	}
	x.End()
}
