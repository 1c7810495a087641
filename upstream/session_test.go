package upstream

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/varz"
)

func TestSessionIsCountedByItsRequestsAndHasNoDeadlineOnceItStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.AttemptTimeout, s.StallTimeout = time.Second, time.Second
		r := newRig(t, s, "a:1")
		defer r.stop()
		r.backend("a:1").stream.Store(int64(time.Hour))
		r.backend("a:1").inside = func(x *sidecar.Exchange) {
			for range 3 {
				x.Observe(x.Op, sidecar.Outcome{Class: sidecar.Success, Duration: int64(time.Millisecond)})
			}
			for range 5 {
				x.Observe(x.Op, sidecar.Outcome{Reason: sidecar.PeerReset, Duration: int64(time.Millisecond)})
			}
		}
		x := request()
		x.Kind = sidecar.Session
		var all sync.WaitGroup
		all.Go(func() {
			if got := r.do(x); got != sidecar.NoReason {
				t.Errorf("ended by %v", got)
			}
		})
		time.Sleep(time.Minute)
		if row := r.row("a:1"); row.Pending != 1 || row.Requests != 0 {
			t.Errorf("under way: %+v", row)
		}
		all.Wait()
		if row := r.row("a:1"); row.Pending != 0 || row.Requests != 9 || row.Failures != 5 || row.P99 > time.Second {
			t.Errorf("afterwards: %+v", row)
		}
		src := varz.Source{Service: "users", Operation: "GET"}
		if n := r.registry.Counter(varz.ExceptionMessages, src).Value(); n != 5 {
			t.Errorf("%d failed requests counted", n)
		}
		if n := r.registry.Histogram(varz.RequestLatency, src).Count(); n != 8 {
			t.Errorf("%d latencies: the session's own is none", n)
		}
	})
}

func TestSessionIsDialledAgainAndNeverRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		for range 4 {
			x := request()
			x.Kind = sidecar.Session
			if got := r.do(x); got != sidecar.NoReason {
				t.Error(got)
			}
		}
		r.backend("b:1").reset.Store(true)
		x := request()
		x.Kind, x.Endpoint = sidecar.Session, "b:1"
		if got := r.do(x); got != sidecar.PeerReset || x.Tries.Len() != 1 {
			t.Errorf("%v after %d tries", got, x.Tries.Len())
		}
	})
}

func TestBurstCountsAllItsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1")
		defer r.stop()
		r.backend("a:1").delay.Store(int64(time.Second))
		x := request()
		x.N = 7
		var all sync.WaitGroup
		all.Go(func() { r.do(x) })
		synctest.Wait()
		if row := r.row("a:1"); row.Pending != 7 {
			t.Errorf("%d pending", row.Pending)
		}
		all.Wait()
		if row := r.row("a:1"); row.Pending != 0 || row.Requests != 7 {
			t.Errorf("%+v", row)
		}
	})
}
