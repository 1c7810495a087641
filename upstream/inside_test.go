package upstream

import (
	"testing"
	"testing/synctest"
	"time"
)

// inside are the addresses of the aperture.
func inside(r *rig) (list []string) {
	for _, row := range r.Rows() {
		if row.InAperture {
			list = append(list, row.Address)
		}
	}
	return list
}

// The exchange that finds an endpoint dead has another take its place at once,
// and not the next upkeep: until then every first try might go there.
func TestEndpointThatDiesLeavesTheApertureWithTheExchangeThatFindsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance.Policy, s.Pool.LowWatermark, s.Retry.On = policyAperture, 0, 0
		r := newRig(t, s, "a:1", "b:1", "c:1", "d:1")
		defer r.stop()
		dead := inside(r)
		r.backend(dead[0]).refuse.Store(true)
		if n := r.many(1); n != 1 {
			t.Errorf("%d failed of one that is not tried again", n)
		}
		if now := inside(r); len(now) != 1 || now[0] == dead[0] {
			t.Errorf("%v was inside, now %v is", dead, now)
		}
	})
}

// Where nothing else is up the dead one stays, and is exchanged by the upkeep
// after the first that comes back.
func TestDeadEndpointStaysInTheApertureOnlyWhileNothingElseIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance.Policy, s.MaxEjected, s.Pool.LowWatermark = policyAperture, 1, 0
		r := newRig(t, s, "a:1", "b:1", "c:1")
		defer r.stop()
		for _, a := range []string{"a:1", "b:1", "c:1"} {
			r.backend(a).refuse.Store(true)
		}
		r.many(5)
		alive := "a:1"
		r.backend(alive).refuse.Store(false)
		for r.row(alive).State != "open" || r.row(alive).Breaker.Kept {
			r.many(1)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Second)
		for _, a := range inside(r) {
			if r.row(a).State == "closed" {
				t.Errorf("%s is closed and inside", a)
			}
		}
	})
}
