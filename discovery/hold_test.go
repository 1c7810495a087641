package discovery

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("h%d:1", i)
	}
	return list
}

func held(s *Snapshot) (n int) {
	for _, e := range s.Endpoints {
		if e.Held == HeldLoss {
			n++
		}
	}
	return n
}

func holding(t *testing.T, f func(k *kept, a *scripted)) {
	a := newScripted("a")
	keep(t, KeeperParams{Sources: []Source{a}, Hold: time.Minute}, func(k *kept) { f(k, a) })
}

func TestAnEmptyAnswerIsHeldAndThenObeyed(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.answers("x:1", "y:1")
		a.sends(Update{Empty: "x does not exist (NXDOMAIN)"})
		s := k.wants(2, "x:1", "y:1")
		if held(s) != 2 || !s.HeldSince.Equal(time.Now()) ||
			s.Held != "2 of 2 endpoints were gone at once (x does not exist (NXDOMAIN)); 2 stay in use until 2000-01-01T00:01:00Z" {
			t.Errorf("%d held since %v: %q", held(s), s.HeldSince, s.Held)
		}
		if o := s.Sources[0]; o.Raw != 0 || o.Published != 2 || o.HeldUntil.Sub(o.HeldSince) != time.Minute {
			t.Errorf("the source is told as %+v", o)
		}
		time.Sleep(time.Minute - 1)
		synctest.Wait()
		k.wants(2, "x:1", "y:1")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if s := k.wants(3); s.Held != "" || !s.Answered() || s.Sources[0].Empty == "" {
			t.Errorf("after the hold %+v", s)
		}
	})
}

func TestMostThatGoAtOnceAreHeld(t *testing.T) {
	for _, c := range []struct {
		name         string
		before, now  []string
		held, all    int
		without, off bool
	}{
		{name: "fewer than half", before: names(10), now: names(6), all: 6},
		{name: "half", before: names(10), now: names(5), all: 5},
		{name: "more than half", before: names(10), now: names(4), held: 6, all: 10},
		{name: "one of two", before: names(2), now: names(1), all: 1},
		{name: "two of three", before: names(3), now: names(1), held: 2, all: 3},
		{name: "as many came as went", before: names(3), now: []string{"x:1", "y:1", "z:1"}, all: 3},
		{name: "fewer came than went", before: names(3), now: []string{"x:1"}, held: 3, all: 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			holding(t, func(k *kept, a *scripted) {
				a.answers(c.before...)
				a.answers(c.now...)
				s := k.Snapshot()
				if held(s) != c.held || len(s.Endpoints) != c.all {
					t.Errorf("%d held of %d, want %d of %d", held(s), len(s.Endpoints), c.held, c.all)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if s := k.Snapshot(); len(s.Endpoints) != len(c.now) {
					t.Errorf("%d after the hold", len(s.Endpoints))
				}
			})
		})
	}
}

// A registry fails by forgetting: what it names as draining is not lost.
func TestWhatIsRetiredIsNotHeld(t *testing.T) {
	for _, c := range []struct {
		name              string
		before, now, away []string
		held, all         int
	}{
		{name: "most", before: names(10), now: names(1), away: names(10), all: 1},
		{name: "some of those that are missing", before: names(10), now: names(2), away: []string{"h2:1", "h3:1"}, held: 6, all: 8},
		{name: "enough of them", before: names(10), now: names(4), away: []string{"h4:1", "h5:1"}, all: 4},
		{name: "all", before: names(10), away: names(10), held: 10, all: 10},
		{name: "others", before: names(10), now: names(1), away: []string{"x:1"}, held: 9, all: 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			holding(t, func(k *kept, a *scripted) {
				a.answers(c.before...)
				u := Update{Retired: c.away}
				for _, n := range c.now {
					u.Endpoints = append(u.Endpoints, at(n, 1))
				}
				a.sends(u)
				if s := k.Snapshot(); held(s) != c.held || len(s.Endpoints) != c.all {
					t.Errorf("%d held of %d, want %d of %d", held(s), len(s.Endpoints), c.held, c.all)
				}
			})
		})
	}
}

func TestWhatIsHeldCanBeRetired(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.answers(names(5)...)
		a.answers("h0:1")
		a.sends(Update{Endpoints: []Endpoint{at("h0:1", 1)}, Retired: []string{"h3:1", "h4:1"}})
		if s := k.Snapshot(); held(s) != 2 || len(s.Endpoints) != 3 {
			t.Errorf("%d held of %d", held(s), len(s.Endpoints))
		}
	})
}

// A registry that loses its sessions drops its members one by one.
func TestMembersThatGoOneAfterTheOtherGoAtOnce(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.answers(names(10)...)
		for n := 9; n >= 0; n-- {
			time.Sleep(500 * time.Millisecond)
			a.answers(names(n)...)
		}
		if s := k.Snapshot(); len(s.Endpoints) != 10 || held(s) != 10 {
			t.Errorf("%d endpoints, %d held", len(s.Endpoints), held(s))
		}
	})
}

func TestMembersThatGoSlowlyAreNotHeld(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.answers(names(10)...)
		for n := 9; n >= 1; n-- {
			time.Sleep(lossWindow)
			a.answers(names(n)...)
			if s := k.Snapshot(); len(s.Endpoints) != n {
				t.Errorf("%d endpoints, want %d", len(s.Endpoints), n)
			}
		}
	})
}

func TestWhatComesBackEndsTheHold(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.answers(names(10)...)
		a.answers(names(1)...)
		a.answers(names(3)...)
		if s := k.Snapshot(); len(s.Endpoints) != 10 || held(s) != 7 {
			t.Errorf("%d endpoints, %d held", len(s.Endpoints), held(s))
		}
		a.answers(names(8)...)
		if s := k.Snapshot(); len(s.Endpoints) != 8 || s.Held != "" {
			t.Errorf("%d endpoints, %q", len(s.Endpoints), s.Held)
		}
	})
}

func TestHeldEndpointsThatRefuseAreLetGo(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.answers(names(4)...)
		k.Refuse("h0:1") // not held: it is announced
		synctest.Wait()
		a.answers()
		k.Refuse("h1:1")
		k.Refuse("h2:1")
		k.Refuse("unknown:1")
		synctest.Wait()
		s := k.Snapshot()
		if fmt.Sprint(len(s.Endpoints), held(s)) != "2 2" || !strings.HasPrefix(s.Held, "4 of 4 endpoints were gone at once; 2 stay") {
			t.Errorf("%d, %q", len(s.Endpoints), s.Held)
		}
		a.answers() // those that were let go do not come back by it
		a.answers("h0:1")
		if s := k.Snapshot(); len(s.Endpoints) != 2 || held(s) != 1 {
			t.Errorf("%d endpoints, %d held", len(s.Endpoints), held(s))
		}
	})
}

func TestHoldCanBeChangedWhileItLasts(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.answers("x:1")
		a.answers()
		k.SetHold(time.Hour)
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		k.wants(2, "x:1")
		k.SetHold(0)
		k.wants(3)
		a.answers("x:1")
		a.answers()
		k.wants(5)
	})
}

func TestAFailingSourceIsStale(t *testing.T) {
	holding(t, func(k *kept, a *scripted) {
		a.sends(Update{Err: errors.New("down")})
		if at := k.Snapshot().Stale("a"); !at.IsZero() {
			t.Errorf("stale since %v with nothing known", at)
		}
		a.answers("x:1")
		if at := k.Snapshot().Stale("a"); !at.IsZero() {
			t.Errorf("stale since %v though it works", at)
		}
		time.Sleep(time.Minute)
		a.sends(Update{Err: errors.New("down")})
		since := time.Now()
		time.Sleep(240 * time.Hour)
		if s := k.wants(1, "x:1"); !s.Stale("a").Equal(since) || s.Sources[0].Published != 1 {
			t.Errorf("stale since %v", s.Stale("a"))
		}
	})
}

func TestPreferredSourcesCountAlone(t *testing.T) {
	a, b := newScripted("a"), newScripted("b")
	keep(t, KeeperParams{Sources: []Source{a, b}, Prefer: true}, func(k *kept) {
		b.answers("b:1")
		k.wants(1, "b:1")
		a.answers("a:1")
		k.wants(2, "a:1")
		a.sends(Update{Err: errors.New("down")})
		k.wants(2, "a:1")
		b.answers("b:2")
		k.wants(2, "a:1")
		a.answers()
		k.wants(3, "b:2")
	})
}
