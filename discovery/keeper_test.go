package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// scripted is a Source that publishes what the test sends; a nil func ends Run.
type scripted struct {
	name string
	in   chan func(publish func(Update)) error
	runs atomic.Int32
}

func newScripted(name string) *scripted {
	return &scripted{name: name, in: make(chan func(func(Update)) error)}
}

func (s *scripted) String() string { return s.name }

func (s *scripted) Run(ctx context.Context, publish func(Update)) error {
	s.runs.Add(1)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case f := <-s.in:
			if f == nil {
				return nil
			}
			if err := f(publish); err != nil {
				return err
			}
		}
	}
}

func (s *scripted) answers(addresses ...string) {
	set := make([]Endpoint, len(addresses))
	for i, a := range addresses {
		set[i] = at(a, 1)
	}
	s.sends(Update{Endpoints: set})
}

func (s *scripted) sends(u Update) {
	s.in <- func(publish func(Update)) error { publish(u); return nil }
	synctest.Wait()
}

// kept is a Keeper in virtual time and the snapshots that it has called about.
type kept struct {
	*Keeper
	t     *testing.T
	mu    sync.Mutex // a sleep orders nothing between goroutines
	calls []*Snapshot
}

func keep(t *testing.T, p KeeperParams, f func(k *kept)) {
	synctest.Test(t, func(t *testing.T) {
		for _, s := range p.Sources {
			s.(*scripted).in = make(chan func(func(Update)) error) // of this bubble
		}
		k := &kept{t: t}
		p.Changed = func(s *Snapshot) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.calls = append(k.calls, s)
		}
		k.Keeper = NewKeeper(p)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- k.Run(ctx) }()
		synctest.Wait()
		f(k)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

// wants fails if the endpoints or the number of calls so far are others.
func (k *kept) wants(calls int, addresses ...string) *Snapshot {
	k.t.Helper()
	s := k.Snapshot()
	var got []string
	for _, e := range s.Endpoints {
		got = append(got, e.Address)
	}
	if fmt.Sprint(got) != fmt.Sprint(addresses) {
		k.t.Fatalf("endpoints %v, want %v", got, addresses)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.calls) != calls {
		k.t.Fatalf("%d calls, want %d", len(k.calls), calls)
	}
	return s
}

func TestKeeperKnowsNothingBeforeTheFirstAnswer(t *testing.T) {
	a := newScripted("a")
	keep(t, KeeperParams{Sources: []Source{a}}, func(k *kept) {
		if s := k.wants(0); s.Answered() || s.Source != "a" || s.Err != nil {
			t.Errorf("got %+v", s)
		}
		a.sends(Update{Err: errors.New("no way")})
		if s := k.wants(0); s.Answered() || s.Err == nil {
			t.Errorf("got %+v", s)
		}
		a.answers() // nothing is there to be held
		if s := k.wants(1); !s.Answered() || s.Err != nil || s.Held != "" {
			t.Errorf("got %+v", s)
		}
		a.answers("x:1")
		k.wants(2, "x:1")
	})
}

// Whoever waits for the first answer, as /ready does, sends requests at once:
// they must find the endpoints.
func TestKeeperIsSeenToHaveAnsweredOnlyWhenTheEndpointsAreInUse(t *testing.T) {
	src := newScripted("a")
	var k *Keeper
	told := 0
	synctest.Test(t, func(t *testing.T) {
		src.in = make(chan func(func(Update)) error)
		k = NewKeeper(KeeperParams{Sources: []Source{src}, Log: slog.New(slog.DiscardHandler), Changed: func(*Snapshot) {
			told++
			if k.Snapshot().Answered() {
				t.Error("seen to have answered before the endpoints were told")
			}
		}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = k.Run(ctx) }()
		src.answers("a:1")
		if told != 1 || !k.Snapshot().Answered() {
			t.Errorf("told %d times, answered %v", told, k.Snapshot().Answered())
		}
		cancel()
		<-done
	})
}

func TestKeeperKeepsTheLastGoodSetThroughErrors(t *testing.T) {
	a := newScripted("a")
	keep(t, KeeperParams{Sources: []Source{a}}, func(k *kept) {
		a.answers("x:1", "y:1")
		began := time.Now()
		time.Sleep(time.Minute)
		a.sends(Update{Err: errors.New("session lost")})
		failed := time.Now()
		time.Sleep(time.Minute)
		a.sends(Update{Err: errors.New("no route"), Endpoints: []Endpoint{at("z:1", 1)}})
		s := k.wants(1, "x:1", "y:1")
		if s.Err.Error() != "no route" || !s.ErrSince.Equal(failed) || !s.LastOK.Equal(began) || !s.Since.Equal(began) {
			t.Errorf("got %+v", s)
		}
		a.answers("x:1", "y:1")
		s = k.wants(1, "x:1", "y:1")
		if s.Err != nil || !s.ErrSince.IsZero() || !s.LastOK.Equal(time.Now()) || !s.Since.Equal(began) {
			t.Errorf("got %+v after it works again", s)
		}
	})
}

func TestFailureBeforeTheFirstAnswerSaysThatNothingIsKnown(t *testing.T) {
	var log strings.Builder
	a := newScripted("a")
	keep(t, KeeperParams{Sources: []Source{a}, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(k *kept) {
		a.sends(Update{Err: errors.New("no file")})
		if text := log.String(); !strings.Contains(text, "no endpoints yet") || strings.Contains(text, "last good") {
			t.Errorf("the log has %q", text)
		}
		a.answers("x:1")
		a.sends(Update{Err: errors.New("no file")})
		if !strings.Contains(log.String(), "the last good endpoints stay") {
			t.Errorf("the log has %q", log.String())
		}
	})
}

// A misspelled name is an answer, and no error: without a line of its own it
// would show nowhere but in failed requests.
func TestAnswerWithoutEndpointsIsToldOnceWithItsReason(t *testing.T) {
	var log strings.Builder
	a := newScripted("dns://x:1")
	none := Update{Empty: "x does not exist (NXDOMAIN)"}
	keep(t, KeeperParams{Sources: []Source{a}, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(k *kept) {
		wants := func(times int, why string) {
			t.Helper()
			if n := strings.Count(log.String(), "tells no endpoints"); n != times {
				t.Errorf("told %d times, want %d:\n%s", n, times, log.String())
			}
			if got := k.Snapshot().Nothing(); got != why {
				t.Errorf("the snapshot says %q, want %q", got, why)
			}
		}
		wants(0, "")
		a.sends(none)
		a.sends(none)
		wants(1, "dns://x:1: "+none.Empty)
		if !strings.Contains(log.String(), "NXDOMAIN") || strings.Contains(log.String(), `answer=""`) {
			t.Errorf("the log has %s", log.String())
		}
		a.answers("x:1")
		wants(1, "")
		a.sends(none) // which is not held here
		wants(2, "dns://x:1: "+none.Empty)
		a.sends(Update{})
		wants(3, "")
	})
}

func TestHowLongASourceFailedIsToldInMilliseconds(t *testing.T) {
	var log strings.Builder
	o := &origin{log: slog.New(slog.NewTextHandler(&log, nil))}
	at := time.Unix(1000, 0)
	o.take(Update{Err: errors.New("no file"), At: at})
	o.take(Update{At: at.Add(90*time.Second + 1234567*time.Nanosecond)})
	if !strings.Contains(log.String(), "failed_for=1m30.001s\n") {
		t.Errorf("the log has %q", log.String())
	}
}

func TestKeeperTellsOnlyRealChanges(t *testing.T) {
	a := newScripted("a")
	keep(t, KeeperParams{Sources: []Source{a}}, func(k *kept) {
		label := func(v string) Endpoint {
			return Endpoint{Address: "x:1", Weight: 1, Labels: map[string]string{"k": v}}
		}
		steps := []struct {
			name  string
			set   []Endpoint
			fresh bool
		}{
			{"first", []Endpoint{label("v"), at("y:1", 1)}, true},
			{"the same", []Endpoint{label("v"), at("y:1", 1)}, false},
			{"in another order", []Endpoint{at("y:1", 1), label("v")}, false},
			{"one twice", []Endpoint{label("v"), at("y:1", 1), at("y:1", 7)}, false},
			{"no weight is 1", []Endpoint{label("v"), at("y:1", math.NaN())}, false},
			{"a label", []Endpoint{label("w"), at("y:1", 1)}, true},
			{"a weight", []Endpoint{label("w"), at("y:1", 2)}, true},
			{"another in place of one", []Endpoint{label("w"), at("z:1", 2)}, true},
		}
		for _, st := range steps {
			time.Sleep(time.Second)
			before := len(k.calls)
			since := k.Snapshot().Since
			a.sends(Update{Endpoints: st.set})
			if fresh := len(k.calls) > before; fresh != st.fresh || fresh == k.Snapshot().Since.Equal(since) {
				t.Errorf("%s: called %v, since %v", st.name, fresh, k.Snapshot().Since)
			}
		}
	})
}

func TestKeeperKnowsTheAgeOfEachEndpoint(t *testing.T) {
	a := newScripted("a")
	keep(t, KeeperParams{Sources: []Source{a}}, func(k *kept) {
		began := time.Now()
		a.answers("x:1", "y:1")
		time.Sleep(time.Hour)
		a.sends(Update{Endpoints: []Endpoint{at("x:1", 9), at("z:1", 1)}})
		time.Sleep(time.Hour)
		a.answers("x:1", "y:1", "z:1")
		s := k.wants(3, "x:1", "y:1", "z:1")
		for i, want := range []time.Duration{0, 2 * time.Hour, time.Hour} {
			if e := s.Endpoints[i]; e.Since.Sub(began) != want || e.Source != "a" {
				t.Errorf("%s is known since %v from %s", e.Address, e.Since.Sub(began), e.Source)
			}
		}
	})
}

func TestKeeperJoinsSourcesThatFailAlone(t *testing.T) {
	a, b := newScripted("a"), newScripted("b")
	keep(t, KeeperParams{Sources: []Source{a, b}}, func(k *kept) {
		b.sends(Update{Endpoints: []Endpoint{at("both:1", 2), at("b:1", 1)}})
		k.wants(1, "both:1", "b:1")
		a.answers("a:1", "both:1")
		s := k.wants(2, "a:1", "both:1", "b:1")
		if e := s.Endpoints[1]; e.Weight != 1 || e.Source != "a" {
			t.Errorf("of two, got %+v", e)
		}
		a.sends(Update{Err: errors.New("down")})
		time.Sleep(time.Minute)
		b.sends(Update{Err: errors.New("down too")})
		s = k.wants(2, "a:1", "both:1", "b:1")
		if s.Err == nil || s.Err.Error() != "a: down\nb: down too" || time.Since(s.ErrSince) != time.Minute {
			t.Errorf("err %q since %v", s.Err, s.ErrSince)
		}
		b.answers()
		s = k.wants(3, "a:1", "both:1")
		if s.Held != "" || s.Err.Error() != "a: down" || s.Source != "a, b" {
			t.Errorf("held %q, err %v", s.Held, s.Err)
		}
		b.sends(Update{Endpoints: []Endpoint{at("both:1", 2), at("b:1", 1)}})
		a.answers("a:1") // what b says of the address counts now
		if e := k.wants(5, "a:1", "both:1", "b:1").Endpoints[1]; e.Source != "b" || e.Weight != 2 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestKeeperRunsASourceAgainThatGaveUp(t *testing.T) {
	a := newScripted("a")
	keep(t, KeeperParams{Sources: []Source{a}}, func(k *kept) {
		a.answers("x:1")
		a.in <- nil
		synctest.Wait()
		if s := k.wants(1, "x:1"); s.Err == nil {
			t.Error("the end of the source is not told")
		}
		time.Sleep(restartDelay - 1)
		synctest.Wait()
		if a.runs.Load() != 1 {
			t.Error("run again at once")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		a.answers("y:1")
		if s := k.wants(2, "y:1"); s.Err != nil || a.runs.Load() != 2 {
			t.Errorf("got %+v", s)
		}
		a.in <- func(func(Update)) error { return errors.New("gave up") }
		synctest.Wait()
		if s := k.wants(2, "y:1"); s.Err == nil || s.Err.Error() != "gave up" {
			t.Errorf("got %+v", s)
		}
		// Run ends in the middle of the delay.
	})
}

func TestKeeperSnapshotsStayAsTheyWere(t *testing.T) {
	a, b := newScripted("a"), newScripted("b")
	keep(t, KeeperParams{Sources: []Source{a, b}}, func(k *kept) {
		var readers sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					for _, e := range k.Snapshot().Endpoints {
						if e.Address == "" || e.Weight != 1 {
							t.Error("a torn endpoint")
						}
					}
					time.Sleep(time.Nanosecond)
				}
			})
		}
		for i := range 200 {
			for _, s := range []*scripted{a, b} {
				set := []Endpoint{at(fmt.Sprintf("h%d:1", i%7), 1), at(fmt.Sprintf("h%d:1", i%5+10), 1)}
				s.in <- func(publish func(Update)) error { publish(Update{Endpoints: set}); return nil }
			}
			time.Sleep(2 * time.Nanosecond)
		}
		close(stop)
		readers.Wait()
	})
}

// What is dropped goes with the endpoints that it is for.
func TestDropsAreThoseOfTheSourcesInUse(t *testing.T) {
	for _, prefer := range []bool{false, true} {
		a, b := newScripted("a"), newScripted("b")
		keep(t, KeeperParams{Sources: []Source{a, b}, Prefer: prefer}, func(k *kept) {
			one, two := Drop{"one", 0.5}, Drop{"two", 0.1}
			b.sends(Update{Endpoints: []Endpoint{at("b:1", 1)}, Drops: []Drop{two}})
			if got := k.Snapshot().Drops; !slices.Equal(got, []Drop{two}) {
				t.Errorf("of b %+v", got)
			}
			a.sends(Update{Endpoints: []Endpoint{at("a:1", 1)}, Drops: []Drop{one}})
			want := []Drop{one, two}
			if prefer {
				want = want[:1]
			}
			if got := k.Snapshot().Drops; !slices.Equal(got, want) {
				t.Errorf("of both %+v, want %+v", got, want)
			}
			a.sends(Update{Err: errors.New("down")})
			if s := k.Snapshot(); s.Drops[0] != one || s.Sources[0].Drops[0] != one {
				t.Errorf("after an error %+v", s.Drops)
			}
			a.sends(Update{Endpoints: []Endpoint{at("a:1", 1)}})
			for _, d := range k.Snapshot().Drops {
				if d == one || prefer {
					t.Errorf("still %+v", d)
				}
			}
		})
	}
}
