package upstream

import (
	"testing"
	"testing/synctest"

	"sidecar"
)

// A peer that sheds load is well: its caller is failed, or sent elsewhere, and
// the endpoint is not ejected for it.
func TestShedIsFailureToTheCallerAndNoneOfTheEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Retry.MaxRetries = 0
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.backend("a:1").class.Store(uint32(sidecar.Shed))
		for range 50 {
			if why := r.do(request()); why != sidecar.NoReason {
				t.Fatalf("reply kept: %v", why)
			}
		}
		r.want("a:1", "open", "healthy")
		if got := r.counters.reason(sidecar.Status5xx).Value(); got != 50 {
			t.Errorf("%d counted as failures, want 50", got)
		}
	})
}

func TestShedIsTriedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").class.Store(uint32(sidecar.Shed))
		if failed := r.many(20); failed != 0 {
			t.Errorf("%d of 20 failed with a good endpoint beside", failed)
		}
	})
}
