package upstream

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// While a request's body is still coming neither of its timeouts runs: without
// the stall an exchange would wait for a connection for as long as others keep
// them all.
func TestWaitForAConnectionWithHalfABodyEndsByTheStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Pool.HighWatermark, s.StallTimeout, s.Timeout = 1, 20*time.Second, time.Second
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.backend("a:1").stream.Store(int64(time.Hour))
		var all sync.WaitGroup
		all.Go(func() {
			x := request()
			x.Kind = sidecar.Session // which has no stall of its own
			r.do(x)
		})
		synctest.Wait()
		x, start := new(sidecar.Exchange), time.Now()
		x.Begin(&message{name: []byte("POST")}, &alarm{x: x}, sidecar.Now())
		if got, took := r.do(x), time.Since(start); got != sidecar.StalledOut || took.Round(time.Second) != 20*time.Second {
			t.Errorf("%v after %v", got, took)
		}
		all.Wait()
	})
}

// Without a stall timeout of the upstream no other one may stay in force: the
// server bounds a body that it reads ahead by one of its own.
func TestUpstreamWithoutStallTimeoutHasNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.StallTimeout = 0
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.backend("a:1").stream.Store(int64(time.Hour))
		r.backend("a:1").inside = func(*sidecar.Exchange) {}
		x := request()
		x.SetStall(int64(10 * time.Second))
		x.Moved(sidecar.Now())
		if got := r.do(x); got != sidecar.NoReason {
			t.Error(got)
		}
	})
}
