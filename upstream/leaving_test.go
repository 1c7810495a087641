package upstream

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// An endpoint that comes back while exchanges of before are still in it is the
// old one, with its pool, and must have learned the settings of meanwhile.
func TestEndpointThatComesBackHasTheSettingsOfMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").delay.Store(int64(time.Minute))
		var all sync.WaitGroup
		ask := func(want sidecar.Reason) {
			all.Go(func() {
				x := request()
				x.Endpoint = "a:1"
				if got := r.do(x); got != want {
					t.Errorf("got %v, want %v", got, want)
				}
			})
			synctest.Wait()
		}
		s.Timeout = 0
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		ask(sidecar.NoReason)
		r.announce("b:1")
		s.Pool.HighWatermark, s.Pool.MaxWaiters = 1, 0
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		r.announce("a:1", "b:1")
		ask(sidecar.PoolExhausted)
		all.Wait()
	})
}
