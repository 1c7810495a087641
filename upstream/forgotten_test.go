package upstream

import (
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// An endpoint that is ejected is swapped out of the aperture. No picker comes
// to it there, so its probe must be given to it, or it would stay out and hold
// its place of max_ejected for ever.
func TestEjectedEndpointOutsideTheApertureGetsItsProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance.Policy = policyAperture
		s.Balance.Aperture.MinSize, s.Balance.Aperture.MaxSize = 1, 1
		s.Retry.MaxRetries = 0
		r := newRig(t, s, "a:1", "b:1", "c:1", "d:1")
		defer r.stop()
		inside := ""
		for _, row := range r.Rows() {
			if row.InAperture {
				inside = row.Address
			}
		}
		b := r.backend(inside)
		b.class.Store(uint32(sidecar.Failure))
		if n := r.many(20); n != 5 {
			t.Errorf("%d failed, want as many as in a row eject", n)
		}
		r.want(inside, "closed", "ejected")
		// The first time out is at most 10 s, and the upkeep that then offers the
		// endpoint comes by each second: half a one later it has been there.
		time.Sleep(10*time.Second + 500*time.Millisecond)
		if n := r.many(20); n != 1 {
			t.Errorf("%d failed, want the probe only", n)
		}
		r.want(inside, "closed", "ejected")
		b.class.Store(0)
		time.Sleep(21 * time.Second)
		if n := r.many(20); n != 0 {
			t.Errorf("%d failed", n)
		}
		r.want(inside, "open", "healthy")
	})
}
