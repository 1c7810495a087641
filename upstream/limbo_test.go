package upstream

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
	"sidecar/discovery"
)

// An endpoint that is gone for a moment costs no connection.
func TestEndpointThatReturnsFromLimboHasItsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1", "b:1")
		defer r.stop()
		r.many(20)
		a := r.backend("a:1")
		before := a.dials.Load()
		for range 3 {
			r.announce("b:1")
			r.want("a:1", "leaving", "healthy")
			if row := r.row("a:1"); row.Held != "limbo" || !strings.Contains(row.Why, "kept for 10s") {
				t.Errorf("held %q, why %q", row.Held, row.Why)
			}
			served := a.served.Load()
			if n := r.many(20); n != 0 || a.served.Load() != served {
				t.Errorf("%d failed, %d went to the endpoint in limbo", n, a.served.Load()-served)
			}
			time.Sleep(limbo - 2*time.Second)
			r.announce("a:1", "b:1")
			r.want("a:1", "open", "healthy")
		}
		if n := r.many(20); n != 0 || a.dials.Load() != before {
			t.Errorf("%d failed, dialled %d times more", n, a.dials.Load()-before)
		}
	})
}

func TestAnotherIdentityIsAnotherEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual())
		defer r.stop()
		shard := func(name string) {
			r.feed.updates <- discovery.Update{Endpoints: []discovery.Endpoint{{Address: "a:1", Weight: 1, Identity: name}}}
			synctest.Wait()
		}
		shard("0")
		r.many(5)
		a := r.backend("a:1")
		before := a.dials.Load()
		shard("1")
		if n := r.many(5); n != 0 || a.dials.Load() == before {
			t.Errorf("%d failed; the other shard has the connections of the first", n)
		}
	})
}

func TestEndpointsInLimboAreBoundedHoweverOftenAllAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1")
		defer r.stop()
		for round := range 6 {
			list := make([]string, maxLimbo/2)
			for i := range list {
				list[i] = fmt.Sprintf("h%d-%d:1", round, i)
			}
			r.announce(list...)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := r.countLeaving((*endpoint).inLimbo); n != maxLimbo {
			t.Errorf("%d are in limbo", n)
		}
		if row := r.row("h4-0:1"); row.Held != "limbo" {
			t.Errorf("the last one to go is told as %+v", row)
		}
	})
}

// A session is asked to end when the limbo is over, and not before.
func TestSessionsOfARemovedEndpointAreAskedToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual(), "a:1")
		defer r.stop()
		asked := make(chan sidecar.Cause, 1)
		r.backend("a:1").inside = func(x *sidecar.Exchange) {
			w := make(signal, 1)
			if x.Block(w) {
				<-w
			}
			asked <- x.Unblock()
		}
		x := request()
		x.Kind = sidecar.Session
		go func() { _ = r.Do(t.Context(), x) }()
		synctest.Wait()
		r.announce("b:1")
		time.Sleep(limbo - time.Second)
		if len(asked) != 0 {
			t.Error("asked to end in limbo")
		}
		time.Sleep(2 * time.Second)
		if got := <-asked; got != sidecar.Draining {
			t.Errorf("ended by %v", got)
		}
	})
}

// signal is a waker for tests.
type signal chan struct{}

func (s signal) Wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// What went with most others at once stays in use, but for those that refuse.
func TestHeldEndpointsStayInUseUnlessTheyRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Hold = time.Minute
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.backend("b:1").refuse.Store(true)
		r.announce()
		if row := r.row("a:1"); row.Held != "hold" || row.State != "open" {
			t.Errorf("a held endpoint is told as %+v", row)
		}
		if n := r.many(20); n != 0 {
			t.Errorf("%d failed", n)
		}
		synctest.Wait()
		if rows := r.Rows(); rows[0].Address != "a:1" || rows[0].Held != "hold" || rows[1].Held != "limbo" {
			t.Errorf("%+v", rows)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		x := request()
		if got := r.do(x); got != sidecar.NoEndpoints {
			t.Errorf("after the hold: %v", got)
		}
	})
}

// Who leaves last ends the endpoint some moments later, in which it may have
// been announced again: ended then, it would be in the set and never used.
func TestEndpointThatReturnsAsItsLastLeavesStays(t *testing.T) {
	var e endpoint
	e.enter()
	e.remove(0)
	e.expire(int64(limbo))
	e.users.Add(-1) // leave, but for the ending
	if !e.revive() {
		t.Fatal("nobody has ended it")
	}
	e.end()
	if e.over() || !e.enter() {
		t.Error("it was ended though it had returned")
	}
	e.leave()
	if e.over() || e.inLimbo() {
		t.Error("one that left ended it later on")
	}
}
