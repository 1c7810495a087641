package upstream

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

// failAll has the endpoints fail until all that may be are out.
func failAll(r *rig, addresses ...string) {
	for _, a := range addresses {
		r.backend(a).class.Store(uint32(sidecar.Failure))
	}
	r.many(20 * len(addresses))
}

// keptRows are the rows of those that fail and are not ejected.
func keptRows(r *rig) (rows []Row) {
	for _, row := range r.Rows() {
		if row.Breaker.Kept {
			rows = append(rows, row)
		}
	}
	return rows
}

func TestFailingEndpointThatIsKeptSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name      string
		share     float64
		addresses []string
		kept      int
		why       string
	}{
		{"the only one", 0.5, []string{"a:1"}, 1, "failing; kept because it is the last one left in use"},
		{"the last of three", 1, []string{"a:1", "b:1", "c:1"}, 1, "failing; kept because it is the last one left in use"},
		{"half of four", 0.5, []string{"a:1", "b:1", "c:1", "d:1"}, 2, "failing; kept because max_ejected is reached"},
		{"none may be", 0, []string{"a:1", "b:1"}, 2, "failing; kept because max_ejected is reached"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := usual()
				s.MaxEjected, s.Retry.MaxRetries = c.share, 0
				r := newRig(t, s, c.addresses...)
				defer r.stop()
				failAll(r, c.addresses...)
				rows := keptRows(r)
				if len(rows) != c.kept {
					t.Fatalf("%d are kept, want %d", len(rows), c.kept)
				}
				for _, row := range rows {
					if row.Why != c.why || row.State != "open" || row.Breaker.State != "failing" {
						t.Errorf("%s is %s, %s: %q, want %q", row.Address, row.State, row.Breaker.State, row.Why, c.why)
					}
				}
				for _, a := range c.addresses {
					r.backend(a).class.Store(0)
				}
				time.Sleep(time.Minute)
				r.many(20 * len(c.addresses))
				for _, row := range r.Rows() {
					if row.Why != "" {
						t.Errorf("%s after recovery: %q", row.Address, row.Why)
					}
				}
			})
		})
	}
}

// An endpoint is kept only for as long as others hold the places.
func TestKeptEndpointIsEjectedWhenAnotherComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Retry.MaxRetries = 0
		s.Breaker.ConsecutiveFailures = 8
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		failAll(r, "a:1", "b:1")
		rows := keptRows(r)
		if len(rows) != 1 {
			t.Fatalf("%d are kept", len(rows))
		}
		kept, other := rows[0].Address, "a:1"
		if kept == other {
			other = "b:1"
		}
		r.backend(other).class.Store(0)
		for range 60 {
			time.Sleep(time.Second)
			r.many(1)
			if r.row(other).State == "open" && r.row(other).Why == "" {
				break
			}
		}
		r.want(other, "open", "healthy")
		if why := r.row(kept).Why; !strings.Contains(why, "at its next failure") {
			t.Errorf("with a free place: %q", why)
		}
		served := r.backend(kept).served.Load()
		r.many(10)
		if n := r.backend(kept).served.Load() - served; n != 1 {
			t.Errorf("%d more requests failed before it was ejected", n)
		}
		r.want(kept, "closed", "ejected")
	})
}

// A refusal takes no time: a host that is down would look the fastest of all.
func TestDialThatFailsCostsTheEndpointNoLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Pool.LowWatermark = 0
		r := newRig(t, s, "a:1", "b:1")
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		r.backend("b:1").delay.Store(int64(time.Second))
		r.many(6)
		if a := r.row("a:1"); a.P50 != 0 || a.P99 != 0 || a.Requests == 0 {
			t.Errorf("a host that is down took %v for %d requests", a.P50, a.Requests)
		}
		if b := r.row("b:1"); b.P50 < 900*time.Millisecond {
			t.Errorf("a slow one took %v", b.P50)
		}
	})
}

// A service that is wholly down must leave something in the log, and one that
// hovers about the limit not a line for each turn.
func TestFailingEndpointThatIsKeptIsLoggedOncePerChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Retry.MaxRetries = 0
		r := newRigOf(t, s, 0.5, "a:1") // upkeep comes between the seconds
		defer r.stop()
		const kept, well = "level=WARN msg=\"endpoint fails and is not ejected\"", "level=INFO msg=\"endpoint that was not ejected works again\""
		want := func(fails, works int) {
			t.Helper()
			if f, w := r.log.lines(kept), r.log.lines(well); len(f) != fails || len(w) != works {
				t.Fatalf("%d and %d lines, want %d and %d: %q", len(f), len(w), fails, works, append(f, w...))
			}
		}
		failAll(r, "a:1")
		time.Sleep(2 * time.Second)
		want(1, 0)
		for _, part := range []string{"upstream=users", "endpoint=a:1", "reason=consecutive_failures", "why=\"kept because it is the last one left in use\""} {
			if line := r.log.lines(kept)[0]; !strings.Contains(line, part) {
				t.Errorf("no %s in %q", part, line)
			}
		}
		for range 30 { // it hovers
			r.backend("a:1").class.Store(0)
			r.many(5)
			time.Sleep(time.Second)
			failAll(r, "a:1")
			time.Sleep(time.Second)
		}
		want(1, 0)
		r.backend("a:1").class.Store(0)
		r.many(5)
		time.Sleep(10 * time.Second)
		want(1, 1)
		failAll(r, "a:1")
		time.Sleep(2 * time.Second)
		want(2, 1)
	})
}

// Requests say nothing about whether it can be connected to.
func TestEndpointKeptForItsDialsIsToldToAwaitADial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.MaxEjected, s.Pool.LowWatermark, s.Retry.MaxRetries = 0, 0, 0
		r := newRig(t, s, "a:1", "b:1", "c:1")
		defer r.stop()
		r.backend("a:1").refuse.Store(true)
		r.many(9)
		s.MaxEjected = 0.5
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		if why := r.row("a:1").Why; why != "failing; ejected at its next dial that fails; connection refused" {
			t.Errorf("told as %q", why)
		}
	})
}
