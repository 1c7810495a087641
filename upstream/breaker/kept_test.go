package breaker

import (
	"testing"
	"time"

	"sidecar"
)

func TestFailingEndpointThatIsKeptIsToldUntilItWorksAsOftenAsFailuresEject(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.leave = false
		for range 4 {
			r.fail()
		}
		if r.Snapshot().Kept {
			t.Error("told before anything was to be ejected")
		}
		r.fail()
		for range 4 {
			r.ok()
		}
		if s := r.Snapshot(); !s.Kept || s.Reason != Consecutive || s.State != Healthy {
			t.Errorf("after four successes: %+v", s)
		}
		r.fail() // the row begins again
		for range 4 {
			r.ok()
		}
		if !r.Snapshot().Kept {
			t.Error("recovered by successes that were no row")
		}
		r.ok()
		if s := r.Snapshot(); s.Kept {
			t.Errorf("after five: %+v", s)
		}
	})
}

// A place becomes free when another endpoint recovers, and nobody tells this
// one's breaker.
func TestKeptEndpointIsEjectedByItsNextFailureOnceThereIsAPlace(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(*rig)
		want State
	}{
		{"failed requests", func(r *rig) { r.fail() }, Ejected},
		{"failed dials", func(r *rig) { r.run(exchange(0), refused()) }, Disconnected},
		{"failed dials of nobody's", func(r *rig) { r.LearnDial(refused()) }, Disconnected},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				r := newRig(t, usual())
				r.leave = false
				for range 5 {
					c.fail(r)
				}
				r.want(Healthy, sidecar.Open)
				r.leave = true
				time.Sleep(time.Second)
				c.fail(r)
				r.want(c.want, sidecar.Closed)
				if s := r.Snapshot(); s.Kept {
					t.Errorf("kept and out: %+v", s)
				}
			})
		})
	}
}

func TestKeptEndpointAsksOnceASecondHoweverOftenItFails(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := usual()
		s.ConsecutiveFailures = 1000
		r := newRig(t, s)
		r.leave = false
		for range 20 {
			r.fail()
		}
		if r.asked != 1 {
			t.Fatalf("asked %d times by its success rate", r.asked)
		}
		for range 10 {
			r.fail()
		}
		if r.asked != 1 {
			t.Errorf("asked %d times in one instant", r.asked)
		}
		time.Sleep(time.Second)
		r.fail()
		r.fail()
		if r.asked != 2 {
			t.Errorf("asked %d times in a second", r.asked)
		}
	})
}

func TestDialTeachesNothingAboutAnEndpointThatIsOut(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.eject()
		r.LearnDial(refused())
		r.want(Ejected, sidecar.Closed)
	})
}

// That it could not be connected to says nothing about how it answers.
func TestRequestsAtAnEndpointKeptForItsDialsAreJudgedByTheirOwnRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		inARow int // consecutive_failures
		fails  int // that leave it in use
		reason string
	}{
		{"in a row", 5, 4, Consecutive},
		{"by the rate alone", 0, 19, Rate},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := usual()
				s.ConsecutiveFailures = c.inARow
				r := newRig(t, s)
				r.leave = false
				r.LearnDial(refused())
				if got := r.Kept(); got != Connect {
					t.Fatalf("kept for %q", got)
				}
				r.leave = true
				time.Sleep(time.Second)
				for range c.fails {
					r.fail()
				}
				r.want(Healthy, sidecar.Open)
				r.fail()
				r.want(Ejected, sidecar.Closed)
				if got := r.Snapshot().Reason; got != c.reason {
					t.Errorf("ejected for %s", got)
				}
			})
		})
	}
}

func TestEndpointIsNotEjectedByARuleThatWasSwitchedOffMeanwhile(t *testing.T) {
	for _, c := range []struct {
		name string
		off  func(*Settings)
		row  int
	}{
		{Consecutive, func(s *Settings) { s.ConsecutiveFailures = 0 }, 5},
		{Rate, func(s *Settings) { s.SuccessRate = 0 }, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := usual()
				s.ConsecutiveFailures = c.row
				r := newRig(t, s)
				r.leave = false
				for range 20 {
					r.fail()
				}
				if got := r.Kept(); got != c.name {
					t.Fatalf("kept for %q", got)
				}
				r.leave = true
				c.off(&s)
				r.Set(s)
				time.Sleep(time.Second)
				r.fail()
				r.want(Healthy, sidecar.Open)
			})
		})
	}
}

// In an outage of all the owner's lock would be taken by each exchange.
func TestKeptEndpointAsksOnceASecondWhateverItFailsAt(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := usual()
		s.ConsecutiveFailures = 1
		r := newRig(t, s)
		r.leave = false
		for second := 1; second <= 3; second++ {
			for range 10 {
				r.LearnDial(refused())
				r.fail()
				r.run(exchange(0), refused())
			}
			if r.asked != second {
				t.Errorf("asked %d times in %d seconds", r.asked, second)
			}
			time.Sleep(time.Second)
		}
	})
}

// There may be no traffic that would tell.
func TestDialThatWorksEndsWhatFailedDialsWereKeptFor(t *testing.T) {
	virtual(t, func(t *testing.T) {
		r := newRig(t, usual())
		r.leave = false
		r.LearnDial(refused())
		if s := r.Snapshot(); !s.Kept || s.Reason != Connect {
			t.Fatalf("after a failed dial: %+v", s)
		}
		r.LearnDial(nil)
		if s := r.Snapshot(); s.Kept {
			t.Errorf("after a dial that worked: %+v", s)
		}
		for range 5 {
			r.fail()
		}
		r.LearnDial(nil)
		if s := r.Snapshot(); !s.Kept || s.Reason != Consecutive {
			t.Errorf("a dial says nothing about requests: %+v", s)
		}
	})
}
