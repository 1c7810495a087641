//go:build !race

package resp

import (
	"context"
	"runtime"
	"testing"

	"sidecar"
)

// A call allocates nothing: not over a shared connection, and not over one that
// it has to itself.
func TestAllocNothingPerCall(t *testing.T) {
	for _, c := range []struct {
		name     string
		commands int
		size     int
		alone    bool
	}{
		{"one", 1, 100, false},
		{"a burst", 16, 100, false},
		{"a burst of larger ones", 16, 1024, false},
		{"large", 1, 25_000, false},
		{"one alone", 1, 100, true},
		{"a burst alone", 16, 1024, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, DialSettings{})
			address := l.serve(quick(c.size))
			var s sidecar.Service
			if c.alone {
				s = l.openAlone(address)
			} else {
				s = l.open(address)
			}
			a := newAsk(repeated(c.commands, []string{"get", "key"})...)
			replies := new(idle)
			a.call.Replies = replies
			do := func() {
				a.begin()
				if err := s.Do(context.Background(), &a.x); err != nil {
					t.Fatal(err)
				}
				a.x.End()
			}
			for range 200 {
				do()
			}
			const rounds = 5000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				do()
			}
			runtime.ReadMemStats(&after)
			if n := after.Mallocs - before.Mallocs; n > rounds/50 {
				t.Errorf("%.2f allocations a call", float64(n)/rounds)
			}
			if replies.replies != rounds+200 {
				t.Errorf("%d replies", replies.replies)
			}
		})
	}
}
