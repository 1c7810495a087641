package upstream

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/balance"
	"sidecar/upstream/retry"
)

// pickers are all that may pick; apertures are of one endpoint.
func pickers() map[string]Balance {
	one := balance.ApertureParams{MinSize: 1}
	return map[string]Balance{
		"aperture":               {Aperture: one},
		"aperture, peak_ewma":    {Aperture: one, Load: loadPeakEwma, Decay: 10 * time.Second},
		"deterministic aperture": {Aperture: one, Peers: FixedPeers(balance.Coordinate{Index: 1, Total: 3}, "test", "")},
		"least_loaded":           {Policy: policyLeastLoaded},
		"p2c":                    {Policy: policyP2C},
		"ring_hash":              {Policy: policyRingHash, Hash: sidecar.Selector{Attr: sidecar.AttrOpName}},
		"maglev":                 {Policy: policyMaglev, Hash: sidecar.Selector{Attr: sidecar.AttrOpName}},
		"p2c, peak_ewma":         {Policy: policyP2C, Load: loadPeakEwma, Decay: 10 * time.Second},
	}
}

// failures are the two ways to be tried again: for free, as the request reached
// nobody, and from the budget.
var failures = map[string]func(b *backend){
	"refused": func(b *backend) { b.refuse.Store(true) },
	"503":     func(b *backend) { b.class.Store(uint32(sidecar.Unavailable)) },
}

func TestNoEndpointIsTriedTwiceWhileAnotherIsLeft(t *testing.T) {
	for picker, b := range pickers() {
		for kind, fail := range failures {
			for hosts := 2; hosts <= 10; hosts++ {
				t.Run(fmt.Sprintf("%s/%s/%d", picker, kind, hosts), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := usual()
						s.Balance = b
						s.Breaker.ConsecutiveFailures, s.Breaker.SuccessRate = 0, 0
						s.Retry.MaxRetries, s.Retry.Budget, s.Retry.MinPerSecond = 7, 1, 1000
						var addresses []string
						for i := range hosts {
							addresses = append(addresses, fmt.Sprint("h", i, ":1"))
						}
						r := newRig(t, s, addresses...)
						defer r.stop()
						for _, a := range addresses {
							fail(r.backend(a))
						}
						for range 30 {
							x := request()
							_ = r.Do(t.Context(), x)
							tries := x.Tries.Kept(nil)
							x.End()
							seen := map[string]bool{}
							for i, try := range tries {
								if seen[try.Endpoint] && i < hosts {
									t.Fatalf("try %d went to %s again: %v", i+1, try.Endpoint, seen)
								}
								seen[try.Endpoint] = true
							}
							if want := min(hosts, 8); len(seen) != want {
								t.Fatalf("%d tries met %d of %d endpoints", len(tries), len(seen), hosts)
							}
						}
					})
				})
			}
		}
	}
}

func TestOperationsHaveTriesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		second, none := time.Second, time.Duration(0)
		s.AttemptTimeout = 100 * time.Millisecond
		s.Breaker.ConsecutiveFailures, s.Breaker.SuccessRate = 0, 0
		s.Operations = []Operation{
			{Name: "GET /users", AttemptTimeout: &second, Retry: &retry.Rules{MaxRetries: 1, On: s.Retry.On}},
			{Name: "GET /all", AttemptTimeout: &none},
			{Name: "GET /once", Retry: &retry.Rules{}},
		}
		r := newRig(t, s, "a:1", "b:1", "c:1")
		defer r.stop()
		for _, a := range []string{"a:1", "b:1", "c:1"} {
			r.backend(a).delay.Store(int64(5 * time.Second))
		}
		for _, c := range []struct {
			path   string
			tries  int
			took   time.Duration
			reason sidecar.Reason
		}{
			{"GET /other", 3, 300 * time.Millisecond, sidecar.AttemptTimedOut},
			{"GET /users/1", 2, 2 * time.Second, sidecar.AttemptTimedOut},
			{"GET /all", 1, 5 * time.Second, sidecar.NoReason},
			{"GET /once", 1, 100 * time.Millisecond, sidecar.AttemptTimedOut},
		} {
			x, began := request(), time.Now()
			x.Msg.(*message).text = []byte(c.path)
			got := r.do(x)
			if took := time.Since(began); got != c.reason || x.Tries.Len() != c.tries || took != c.took {
				t.Errorf("%s: %v after %d tries and %v, want %v, %d, %v", c.path, got, x.Tries.Len(), took, c.reason, c.tries, c.took)
			}
		}
	})
}
