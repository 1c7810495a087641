package upstream

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/upstream/limit"
	"sidecar/varz"
)

func (m *message) Share(*sidecar.Exchange) bool { return m.whole }

func (m *message) Fork() *sidecar.Exchange {
	x := new(sidecar.Exchange)
	x.Begin(&message{text: m.text, name: m.name}, &alarm{x: x}, sidecar.Now())
	return x
}

func (m *message) Join(f *sidecar.Exchange) {
	if f.Replied() != 0 {
		m.class = f.Msg.Class()
	}
	f.End()
}

// timer is an alarm of the deadline wheel, by timers of the runtime.
func timer(fire func(mark uint64)) func(at int64, mark uint64) {
	var mu sync.Mutex
	var on *time.Timer
	return func(at int64, mark uint64) {
		mu.Lock()
		defer mu.Unlock()
		if on != nil {
			on.Stop()
			on = nil
		}
		if at != 0 {
			on = time.AfterFunc(time.Duration(at-sidecar.Now()), func() { fire(mark) })
		}
	}
}

func hedgingSettings() Settings {
	s := usual()
	s.Hedge = Hedge{Mode: limit.On, Percentile: 95, MinDelay: 20 * time.Millisecond, MaxExtra: 0.02}
	return s
}

// hedged is a request that can be sent twice.
func hedged() *sidecar.Exchange {
	x := request()
	x.Msg.(*message).whole = true
	return x
}

// known makes the latency of the operation known: 1 ms.
func (r *rig) known() {
	r.announceDelay(time.Millisecond)
	for range 200 {
		if reason := r.do(hedged()); reason != sidecar.NoReason {
			r.t.Error(reason)
		}
	}
	time.Sleep((hedgeTurns + 1) * upkeep)
}

func (r *rig) announceDelay(d time.Duration) {
	for _, e := range r.set.Load().list {
		r.backend(e.address).delay.Store(int64(d))
	}
}

// The second try goes to an endpoint that the first has not tried, though the
// aperture has one only; its reply is the client's, and the endpoint that lost
// is told neither as failed nor as well.
func TestLateRequestIsSentToAnotherEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hedgingSettings()
		s.Balance.Policy, s.Balance.Aperture.MaxSize = policyAperture, 1
		r := newRig(t, s, "a:1", "b:1", "c:1")
		defer r.stop()
		r.known()
		var slow string
		for _, row := range r.Rows() {
			if row.InAperture {
				slow = row.Address
			}
		}
		before := r.row(slow)
		r.backend(slow).delay.Store(int64(time.Second))
		x, began := hedged(), time.Now()
		if reason := r.do(x); reason != sidecar.NoReason {
			t.Error(reason)
		}
		if took := time.Since(began); took != 21*time.Millisecond {
			t.Errorf("took %v", took)
		}
		tries := x.Tries.Kept(nil)
		if len(tries) != 2 || tries[0].Endpoint != slow || tries[0].Reason != sidecar.HedgeLost || tries[1].Endpoint == slow {
			t.Errorf("tries %+v", tries)
		}
		after := r.row(slow)
		if after.Requests != before.Requests+1 || after.Failures != before.Failures || after.Pending != 0 || after.Breaker.State != "healthy" {
			t.Errorf("the loser has %+v", after)
		}
		row := r.Hedging()
		if row == nil || row.Sent != 1 || row.Won != 1 || row.After["GET"] != 20*time.Millisecond || len(row.After) != 1 {
			t.Errorf("told %+v", row)
		}
		for d, want := range map[*varz.Desc]uint64{varz.HedgesSent: 1, varz.HedgesWon: 1, varz.HedgesLost: 0, varz.HedgesRefused: 0} {
			if got := r.registry.Counter(d, varz.Source{Service: "users"}).Value(); got != want {
				t.Errorf("%s is %d, want %d", d.Name, got, want)
			}
		}
	})
}

// A lost try took at least as long as it was let: an endpoint whose slow
// requests are all rescued is dear all the same.
func TestLostTriesMakeAnEndpointDear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hedgingSettings()
		s.Balance.Policy, s.Balance.Load, s.Balance.Decay, s.Hedge.MaxExtra = policyP2C, loadPeakEwma, 10*time.Second, 1
		r := newRig(t, s, "a:1", "b:1", "c:1")
		defer r.stop()
		r.known()
		r.backend("a:1").delay.Store(int64(time.Second))
		for range 50 {
			if reason := r.do(hedged()); reason != sidecar.NoReason {
				t.Error(reason)
			}
		}
		if a, b := r.row("a:1"), r.row("b:1"); a.Cost < 15*time.Millisecond || a.Cost < 2*b.Cost {
			t.Errorf("the slow one is said to take %v, another %v", a.Cost, b.Cost)
		}
	})
}

// A lost try says nothing about the endpoint: the turn of a probe is given back.
func TestLostTryGivesTheTurnOfAProbeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hedgingSettings()
		s.Hedge.MaxExtra, s.Retry.MaxRetries = 1, 0
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.known()
		r.backend("a:1").reset.Store(true)
		for r.row("a:1").Breaker.State != "ejected" {
			r.do(hedged())
		}
		r.backend("a:1").reset.Store(false)
		r.backend("a:1").delay.Store(int64(time.Second))
		time.Sleep(s.Breaker.MaxBackoff)
		lost := 0
		for range 20 {
			x := hedged()
			if reason := r.do(x); reason != sidecar.NoReason {
				t.Error(reason)
			}
			for _, try := range x.Tries.Kept(nil) {
				if try.Endpoint == "a:1" && try.Reason == sidecar.HedgeLost {
					lost++
				}
			}
		}
		if lost < 2 || r.row("a:1").Breaker.State == "probing" {
			t.Errorf("%d probes lost, then %+v", lost, r.row("a:1").Breaker)
		}
	})
}

func TestHedgesKeepToTheirShareOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, hedgingSettings(), "a:1", "b:1")
		defer r.stop()
		r.known()
		r.announceDelay(100 * time.Millisecond) // all are late now
		time.Sleep(10 * time.Second)            // what came before is out of the budget's window
		for range 90 {
			r.do(hedged())
		}
		row := r.Hedging()
		if row.Sent != 1 || row.Refused < 80 {
			t.Errorf("of 90 requests in 9 s %d are sent twice, %d refused; want 1, as 2 %% of 50 to 90 are", row.Sent, row.Refused)
		}
	})
}

func TestDelaysFollowTheSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hedgingSettings()
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.known()
		apply := func(change func(s *Settings)) map[string]time.Duration {
			next := s
			change(&next)
			if err := r.Apply(next); err != nil {
				t.Fatal(err)
			}
			if row := r.Hedging(); row != nil {
				return row.After
			}
			return nil
		}
		if got := apply(func(s *Settings) { s.Hedge.MinDelay = 50 * time.Millisecond }); got["GET"] != 50*time.Millisecond {
			t.Errorf("a longer least: %v", got)
		}
		if got := apply(func(s *Settings) { s.Operations = []Operation{{Name: "GET", NoHedge: true}} }); len(got) != 0 {
			t.Errorf("an operation without: %v", got)
		}
		if got := apply(func(s *Settings) { s.Hedge.Mode = limit.Off }); got != nil {
			t.Errorf("off: %v", got)
		}
		if got := apply(func(s *Settings) { s.Hedge.Mode = limit.Dark }); got["GET"] != 20*time.Millisecond {
			t.Errorf("dark: %v", got)
		}
		r.announceDelay(time.Second)
		x := hedged()
		r.do(x)
		if row := r.Hedging(); row.Sent != 0 || row.Dark != 1 || x.Tries.Len() != 1 {
			t.Errorf("in the dark: %+v", row)
		}
	})
}

// An upstream that was too slow for a while gets one request to begin with.
func TestRequestThatTriesACircuitIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := guarded()
		s.Hedge = hedgingSettings().Hedge
		s.Hedge.MaxExtra = 1
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.known()
		for _, a := range []string{"a:1", "b:1"} {
			r.backend(a).class.Store(uint32(sidecar.Failure))
		}
		for r.do(request()) != sidecar.BreakerOpen {
		}
		for _, a := range []string{"a:1", "b:1"} {
			r.backend(a).class.Store(0)
		}
		r.announceDelay(time.Second)
		time.Sleep(s.Circuit.Sleep)
		sent := r.registry.Counter(varz.HedgesSent, varz.Source{Service: "users"})
		before := sent.Value()
		if why := r.do(hedged()); why != sidecar.NoReason || sent.Value() != before {
			t.Errorf("%v, sent %d times more", why, sent.Value()-before)
		}
		if why := r.do(hedged()); why != sidecar.NoReason || sent.Value() != before+1 {
			t.Errorf("closed again: %v, sent %d times more", why, sent.Value()-before)
		}
	})
}
