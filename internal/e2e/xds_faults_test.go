package e2e

import (
	"fmt"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"

	"sidecar/internal/ads"
)

// What a control plane says moves the requests, and nobody who sends them
// notices: by weight, by priority as endpoints are told to be unwell or die
// unannounced, and over restarts in which its versions begin again.
func TestControlPlaneFaultsConformance(t *testing.T) {
	t.Parallel()
	for _, variant := range []string{"delta", "sotw"} {
		for _, f := range []struct {
			name string
			run  func(r *ruled)
		}{
			{"weights", (*ruled).weights},
			{"most drain", (*ruled).drain},
			{"priorities", (*ruled).priorities},
			{"restarts", (*ruled).restarts},
			{"many endpoints", (*ruled).many},
		} {
			t.Run(variant+"/"+f.name, func(t *testing.T) { f.run(newRuled(t, variant)) })
		}
	}
}

// end stops the load, which must have seen no error.
func (r *ruled) end(l *load) {
	r.t.Helper()
	l.more(100)
	got := l.end()
	r.t.Logf("%d requests, errors: %s", got.sent, got.errors())
	got.clean(r.t)
}

// share is how much of the next requests the first of two backends gets.
func share(l *load, one, two *backend) float64 {
	a, b := one.done.Load(), two.done.Load()
	l.more(2000)
	a, b = one.done.Load()-a, two.done.Load()-b
	return float64(a) / float64(a+b)
}

func (r *ruled) weights() {
	one, two := newBackend(r.t), newBackend(r.t)
	weigh := func(version string, a, b uint32) {
		r.set(version, func(l *endpointv3.ClusterLoadAssignment) {
			l.Endpoints[0].LbEndpoints[0].LoadBalancingWeight = ads.Weight(a)
			l.Endpoints[0].LbEndpoints[1].LoadBalancingWeight = ads.Weight(b)
		}, one, two)
		r.right(fmt.Sprintf("with the weights %d and %d", a, b), func() bool {
			x, _ := r.p.admin.row(one.address())
			y, _ := r.p.admin.row(two.address())
			return x.Weight == float64(a) && y.Weight == float64(b)
		})
	}
	weigh("w1", 4, 1)
	l := r.begin()
	before := share(l, one, two)
	weigh("w2", 1, 4)
	after := share(l, one, two)
	r.t.Logf("with the weights 4 and 1 the first has %.0f %% of the requests, with 1 and 4 %.0f %%", 100*before, 100*after)
	// Pickers look at what is under way too, so the parts are not the weights'.
	if before < 0.6 || after > 0.4 {
		r.t.Errorf("the first has %.2f of the requests, then %.2f", before, after)
	}
	r.end(l)
}

// only tells whether to gets requests and the others get none.
func only(l *load, to *backend, others ...*backend) bool {
	count := func() (n int64) {
		for _, b := range others {
			n += b.done.Load()
		}
		return n
	}
	at, before := to.done.Load(), count()
	l.more(50)
	return to.done.Load() > at && count() == before
}

// moved waits until it is so.
func (r *ruled) moved(l *load, when string, to *backend, others ...*backend) {
	r.t.Helper()
	r.right(when, func() bool { return only(l, to, others...) })
}

// drain takes most of the endpoints away on purpose, which nobody holds up.
func (r *ruled) drain() {
	one, two, three := newBackend(r.t), newBackend(r.t), newBackend(r.t)
	r.set("d1", nil, one, two, three)
	r.uses("before the drain", one, two, three)
	l := r.begin()
	r.set("d2", func(a *endpointv3.ClusterLoadAssignment) {
		for _, e := range a.Endpoints[0].LbEndpoints[:2] {
			e.HealthStatus = corev3.HealthStatus_DRAINING
		}
	}, one, two, three)
	r.moved(l, "after two of three drain", three, one, two)
	one.Close()
	two.Close()
	l.more(500)
	r.end(l)
}

// priorities has fewer endpoints in reserve than it loses.
func (r *ruled) priorities() {
	first, second, spare := newBackend(r.t), newBackend(r.t), newBackend(r.t)
	ordered := func(version string, health corev3.HealthStatus) {
		r.set(version, func(a *endpointv3.ClusterLoadAssignment) {
			all := a.Endpoints[0].LbEndpoints
			all[0].HealthStatus, all[1].HealthStatus = health, health
			a.Endpoints = []*endpointv3.LocalityLbEndpoints{{LbEndpoints: all[:2]}, {Priority: 1, LbEndpoints: all[2:]}}
		}, first, second, spare)
	}
	ordered("p1", corev3.HealthStatus_HEALTHY)
	r.uses("with two priorities", first, second, spare)
	l := r.begin()
	r.moved(l, "with no requests in reserve", first, spare)
	ordered("p2", corev3.HealthStatus_UNHEALTHY)
	r.moved(l, "after the first are told to be unwell", spare, first, second)
	ordered("p3", corev3.HealthStatus_HEALTHY)
	r.moved(l, "after they are told to be well", first, spare)
	first.Close()
	second.Close()
	r.moved(l, "after they died", spare, first, second)
	again := newBackendAt(r.t, first.address())
	newBackendAt(r.t, second.address())
	// The breakers' times out pass before they are tried: no time is stated.
	await(r.t, "the first again", func() bool { return only(l, again, spare) })
	r.end(l)
}

func (r *ruled) restarts() {
	times := 1 // each waits longer than the one before
	if conformance() {
		times = 6
	}
	one, two, three := newBackend(r.t), newBackend(r.t), newBackend(r.t)
	r.set("r0", nil, one, two)
	r.uses("before restarts", one, two)
	l := r.begin()
	for i := range times {
		r.plane.Stop()
		r.shows("/discovery", "no stream with")
		l.more(100)
		r.uses("without a control plane", one, two)
		r.plane.Restart()
		// Its versions begin again: the same one, and other endpoints.
		one, two, three = two, three, one
		r.set("r0", nil, one, two)
		began := time.Now()
		awaitFor(r.t, 2*patience, "the new endpoints", func() bool { return r.p.admin.addresses() == joined(one.address(), two.address()) })
		// The wait between tries doubles with each stream that ends soon.
		r.t.Logf("right %v after restart %d", time.Since(began).Round(time.Millisecond), i+1)
	}
	r.end(l)
}

// many adds endpoints, has one refused assignment among changes, and takes all
// but two away, which is held.
func (r *ruled) many() {
	n := 300 // pages are slow under the race detector
	if conformance() {
		n = 5000
	}
	one, two, wide := newBackend(r.t), newBackend(r.t), newEverywhere(r.t)
	r.set("m0", nil, one, two)
	r.uses("before many", one, two)
	l := r.begin()
	big := func(version string, n int) {
		r.set(version, func(a *endpointv3.ClusterLoadAssignment) {
			for i := range n {
				a.Endpoints[0].LbEndpoints = append(a.Endpoints[0].LbEndpoints, ads.Endpoint(r.t, wide.address(i)))
			}
		}, one, two)
	}
	given := func(want int) func() bool {
		return func() bool { s := r.p.admin.sources("web"); return len(s) == 1 && s[0].Published == want }
	}
	big("m1", n)
	r.right(fmt.Sprintf("with %d more", n), given(n+2))
	await(r.t, "requests to most of them", func() bool { return wide.reached() >= n*3/4 })
	r.nonsense(one)
	big("m2", n-1)
	r.right("with one less", given(n+1))
	big("m3", 0)
	r.shows("/discovery", `"announced": 2`)
	l.more(500)
	if s := r.p.admin.sources("web"); s[0].Published < n+1 {
		r.t.Errorf("%d endpoints that went at once are not held: %+v", n-1, s)
	}
	r.conf.upstream = "hold = \"0s\"\n" + r.conf.upstream
	r.p.reload(r.conf, "configuration reloaded")
	r.uses("after the hold", one, two)
	r.end(l)
}
