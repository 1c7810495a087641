//go:build !race

package upstream

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/discovery"
	"sidecar/upstream/limit"
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

// What is over the bound comes in numbers, when there is no time for it.
func TestAllocNothingForAnExchangeOverTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.MaxInFlight = 1
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.guards.bulkhead.Enter(1, 1)
		x := request()
		m := x.Msg
		if n := testing.AllocsPerRun(500, func() {
			x.Begin(m, silentAlarm{}, sidecar.Now())
			if sidecar.FaultOf(r.Do(t.Context(), x)).Reason != sidecar.BulkheadFull {
				t.Error("it was not refused")
			}
		}); n != 0 {
			t.Errorf("%v allocations a refusal", n)
		}
	})
}

func TestAllocNothingForAnExchangeThatIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, dropping(limit.On))
		defer r.stop()
		r.drop(discovery.Drop{Category: "all", Share: 1})
		x := request()
		m := x.Msg
		if n := testing.AllocsPerRun(500, func() {
			x.Begin(m, silentAlarm{}, sidecar.Now())
			if sidecar.FaultOf(r.Do(t.Context(), x)).Reason != sidecar.BulkheadFull {
				t.Error("it was not dropped")
			}
		}); n != 0 {
			t.Errorf("%v allocations a refusal", n)
		}
	})
}

type silentAlarm struct{}

func (silentAlarm) Arm(uint8, int64, uint64) {}

// steady is a cluster with everything on, and an exchange that its owner uses
// again and again.
func steady(t *testing.T, policy string) (*sidecar.Exchange, *message, *rig) {
	s := usual()
	s.Balance.Policy, s.AttemptTimeout = policy, time.Second
	short, yes := time.Second, true
	s.Hedge = Hedge{Mode: limit.On, Percentile: 95, MinDelay: time.Hour, MaxExtra: 0.02}
	s.DropOverload = limit.On
	s.Operations = []Operation{{Name: "GET /users", Timeout: &short, Idempotent: &yes}}
	r := newRig(t, s, "a:1", "b:1", "c:1")
	// As the wheel's: setting a time allocates nothing.
	r.params.Timer = func(func(uint64)) func(int64, uint64) { return func(int64, uint64) {} }
	if err := r.Apply(s); err != nil {
		t.Fatal(err)
	}
	x := request()
	m := x.Msg.(*message)
	m.whole = true
	for range 100 {
		exchange(context.Background(), r, x, m)
	}
	r.setDelays(r.stack.Load())
	for range 100 { // a pair that waits for its time is pooled
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
