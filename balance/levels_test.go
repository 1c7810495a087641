package balance

import (
	"fmt"
	"math"
	"testing"

	"sidecar"
	"sidecar/varz"
)

// sited is a node with a place.
type sited struct {
	*fake
	zone     string
	priority int
	barred   bool
	failing  bool
}

func (s *sited) Place() Place {
	return Place{Name: fmt.Sprint("10.0.0.", s.id), Zone: s.zone, Priority: s.priority}
}
func (s *sited) Barred() bool  { return s.barred }
func (s *sited) Failing() bool { return s.failing }

// hall is Levels over nodes of given zones and priorities.
type hall struct {
	*Levels
	nodes             []*sited
	spilled, panicked varz.Counter
}

func newHall(p LevelsParams, perLevel int, levels ...sited) *hall {
	h := &hall{}
	p.Fresh = func(int64) Picker { return NewP2C(fixed(1)) }
	p.Spilled, p.Panicked, p.Draws = &h.spilled, &h.panicked, fixed(2)
	h.Levels = NewLevels(p, 0)
	for _, at := range levels {
		for range perLevel {
			n := at
			n.fake = newFake(uint64(len(h.nodes)+1), 1)
			h.nodes = append(h.nodes, &n)
		}
	}
	h.update()
	return h
}

func (h *hall) update() {
	nodes := make([]Node, len(h.nodes))
	for i, n := range h.nodes {
		nodes[i] = n
	}
	h.Update(nodes, 0)
}

// close closes so many of the nodes from the first on.
func (h *hall) close(first, n int) {
	for _, s := range h.nodes[first : first+n] {
		s.set(sidecar.Closed)
	}
	h.Tick(0)
}

// shares is which share of n picks each group of nodes got.
func (h *hall) shares(t *testing.T, n, group int) []float64 {
	t.Helper()
	got := make([]float64, (len(h.nodes)+group-1)/group)
	for range n {
		node := h.Pick(exchange(), 0)
		if node == nil {
			t.Fatal("no node was picked")
		}
		got[(Under(node).ID()-1)/uint64(group)] += 1 / float64(n)
		h.Done(node, 1, 0)
	}
	return got
}

func sharesAre(got []float64, want ...float64) bool {
	for i := range want {
		if math.Abs(got[i]-want[i]) > 0.02 {
			return false
		}
	}
	return len(got) == len(want)
}

func TestLevelsShareOutByPriorityAndHealth(t *testing.T) {
	for _, c := range []struct {
		name   string
		closed [3]int // of ten in each level
		want   []float64
	}{
		{"all well", [3]int{}, []float64{1, 0, 0}},
		{"the first has enough", [3]int{2, 0, 0}, []float64{1, 0, 0}},
		{"half of the first is well", [3]int{5, 0, 0}, []float64{0.7, 0.3, 0}},
		{"nothing of the first", [3]int{10, 0, 0}, []float64{0, 1, 0}},
		{"a little of each", [3]int{5, 8, 0}, []float64{0.7, 0.28, 0.02}},
		{"less than everything is left", [3]int{8, 8, 9}, []float64{0.4, 0.4, 0.2}},
		{"nothing at all", [3]int{10, 10, 10}, []float64{1. / 3, 1. / 3, 1. / 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHall(LevelsParams{}, 10, sited{}, sited{priority: 1}, sited{priority: 5})
			for i, n := range c.closed {
				h.close(10*i, n)
			}
			got := h.shares(t, 20000, 10)
			if c.name == "nothing at all" {
				return // an exchange that finds nothing goes on through the levels
			}
			if !sharesAre(got, c.want...) {
				t.Errorf("got %.3f, want %v", got, c.want)
			}
		})
	}
}

// What fails and may not be ejected draws little to its level, and something.
func TestFailingNodesCountForLittle(t *testing.T) {
	h := newHall(LevelsParams{Panic: 0.5}, 4, sited{}, sited{priority: 1})
	h.close(0, 2)
	h.nodes[2].failing, h.nodes[3].failing = true, true
	h.Tick(0)
	if got := h.shares(t, 20000, 4); !sharesAre(got, 0.035, 0.965) {
		t.Errorf("got %.3f", got)
	}
	if h.panicked.Value() != 0 {
		t.Errorf("%d in panic", h.panicked.Value())
	}
	h.close(4, 4) // nobody else is there: it gets all
	h.Tick(0)
	if got := h.shares(t, 20000, 4); !sharesAre(got, 1, 0) {
		t.Errorf("got %.3f", got)
	}
}

func TestSharesOfLevelsAddUpToOne(t *testing.T) {
	for a := range 11 {
		for b := range 11 {
			h := newHall(LevelsParams{Panic: 0.5}, 10, sited{}, sited{priority: 1})
			h.close(0, a)
			h.close(10, b)
			sum := 0.0
			for _, l := range h.Told() {
				sum += l.Share
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("%d and %d of ten closed: %+v", a, b, h.Told())
			}
		}
	}
}

func TestOwnZoneComesFirstWithinAPriority(t *testing.T) {
	levels := []sited{{zone: "a"}, {zone: "b"}, {zone: "a", priority: 1}, {zone: "b", priority: 1}}
	h := newHall(LevelsParams{Zone: "b"}, 5, levels...)
	if got := h.shares(t, 2000, 5); !sharesAre(got, 0, 1, 0, 0) {
		t.Errorf("got %v", got)
	}
	if n := h.spilled.Value(); n != 0 {
		t.Errorf("%d spilled", n)
	}
	h.close(5, 5)
	if got := h.shares(t, 2000, 5); !sharesAre(got, 1, 0, 0, 0) {
		t.Errorf("own zone down: %v", got)
	}
	if n := h.spilled.Value(); n != 2000 {
		t.Errorf("%d spilled", n)
	}
	h.close(0, 5)
	if got := h.shares(t, 2000, 5); !sharesAre(got, 0, 0, 0, 1) {
		t.Errorf("priority 0 down: %v", got)
	}
	h.Set(LevelsParams{Fresh: h.params.Fresh}, 0)
	if got := h.shares(t, 2000, 10); !sharesAre(got, 0, 1) {
		t.Errorf("without a zone: %v", got)
	}
	for i, n := range h.nodes {
		if at := h.At(n.id); at != i/10 {
			t.Errorf("node %d is in level %d", n.id, at)
		}
	}
}

func TestPanicIgnoresHealthBelowItsShareOnly(t *testing.T) {
	for _, c := range []struct {
		closed int
		panics bool
	}{{0, false}, {5, false}, {6, true}, {10, true}} {
		h := newHall(LevelsParams{Panic: 0.5}, 10, sited{})
		h.close(0, c.closed)
		got := h.shares(t, 20000, 1)
		if h.Told()[0].Panic != c.panics || (h.panicked.Value() > 0) != c.panics {
			t.Errorf("%d of ten closed: %+v, %d counted", c.closed, h.Told(), h.panicked.Value())
		}
		for i, share := range got {
			switch {
			case c.panics && math.Abs(share-0.1) > 0.02:
				t.Errorf("%d of ten closed: node %d got %v", c.closed, i, share)
			case !c.panics && i < c.closed && share > 0:
				t.Errorf("%d of ten closed: a closed one got %v", c.closed, share)
			}
		}
		for _, n := range h.nodes {
			n.set(sidecar.Open)
		}
		h.Tick(0)
		if h.Told()[0].Panic {
			t.Error("panic did not end")
		}
	}
}

func TestNoPanicWhileOtherLevelsHaveRoom(t *testing.T) {
	h := newHall(LevelsParams{Panic: 0.5}, 10, sited{}, sited{priority: 1})
	h.close(0, 8)
	if got := h.shares(t, 20000, 10); !sharesAre(got, 0.28, 0.72) || h.panicked.Value() > 0 {
		t.Errorf("got %v, %d panicked", got, h.panicked.Value())
	}
}

// Who was taken out by hand stays out whatever the others do.
func TestPanicLeavesOutWhatWasTakenOutByHand(t *testing.T) {
	h := newHall(LevelsParams{Panic: 0.5}, 10, sited{})
	for _, n := range h.nodes[:7] {
		n.barred = true
	}
	h.close(0, 7)
	if h.Told()[0].Panic {
		t.Error("panic over what was taken out by hand")
	}
	h.close(7, 2) // two of three are down
	for i, share := range h.shares(t, 3000, 1) {
		if (i < 7) != (share == 0) {
			t.Errorf("node %d got %v", i, share)
		}
	}
}

func TestTriedAndBusyLevelsSpillAtOnce(t *testing.T) {
	h := newHall(LevelsParams{}, 2, sited{}, sited{priority: 1})
	if n := Under(h.Pick(exchange(1, 2), 0)).ID(); n < 3 {
		t.Errorf("a third try went to %d again", n)
	}
	h.nodes[0].set(sidecar.Busy)
	h.nodes[1].set(sidecar.Busy)
	if n := Under(h.Pick(exchange(), 0)).ID(); n < 3 {
		t.Errorf("went to %d, which is Busy", n)
	}
	for _, n := range h.nodes {
		n.set(sidecar.Closed)
	}
	if h.Pick(exchange(1, 2, 3, 4), 0) == nil {
		t.Error("nothing was picked although there are nodes")
	}
}

// A failure is seen before the next tick: Done counts health.
func TestFailureShiftsSharesAtOnce(t *testing.T) {
	h := newHall(LevelsParams{}, 1, sited{}, sited{priority: 1})
	n := h.Pick(exchange(), 0)
	h.nodes[0].set(sidecar.Closed)
	h.Done(n, 1, recountAfter)
	if told := h.Told(); told[0].Share != 0 || told[1].Share != 1 {
		t.Errorf("%+v", told)
	}
}

func TestLevelsKeepTheRulesOfStatusAndTries(t *testing.T) {
	for name, p := range map[string]LevelsParams{"one level": {}, "panic": {Panic: 0.001}} {
		t.Run(name, func(t *testing.T) {
			statuses(t, func() picker {
				p.Fresh = func(int64) Picker { return NewP2C(nil) }
				return NewLevels(p, 0)
			})
		})
	}
}

func TestLevelsComeAndGoUnderConcurrency(t *testing.T) {
	p := LevelsParams{Panic: 0.5, Fresh: func(int64) Picker { return NewLeastLoaded(nil) }}
	l := NewLevels(p, 0)
	i := 0
	storm(t, seated{l}, func(now int64) {
		l.Tick(now)
		i++
		p.Zone, p.Panic = []string{"", "a", "b"}[i%3], float64(i%2)
		l.Set(p, now)
		l.Told()
		l.Pickers()
		l.At(uint64(i % 30))
	})
}

// seated gives nodes zones by their number, and remembers nothing.
type seated struct{ *Levels }

func (s seated) Update(nodes []Node, now int64) {
	placed := make([]Node, len(nodes))
	for i, n := range nodes {
		placed[i] = &sited{fake: n.(*fake), zone: []string{"a", "b"}[n.ID()%2], priority: int(n.ID() % 3)}
	}
	s.Levels.Update(placed, now)
}

func (s seated) Pick(x *sidecar.Exchange, now int64) Node {
	n := s.Levels.Pick(x, now)
	if n == nil {
		return nil
	}
	s.Levels.Done(n, x.N, now)
	return Under(n).(*sited).fake
}

func (s seated) Done(Node, int, int64) {}
