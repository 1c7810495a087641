package balance

import (
	"math"
	"sync"
	"testing"
	"time"
)

func costs(decay time.Duration) *Costs {
	c := &Costs{}
	c.Set(decay)
	return c
}

// near: a stored cost has 24 bits and a time the grain of an Ewma.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.003*want {
		t.Errorf("%s: %v, want %v", what, time.Duration(got), time.Duration(want))
	}
}

func TestLongerReplyCountsAtOnceAndWhole(t *testing.T) {
	c, e := costs(10*time.Second), &Ewma{}
	e.Observe(millisecond, 0, c)
	e.Observe(100*millisecond, second, c)
	near(t, "after a peak", e.Cost(second, c), float64(100*millisecond))
	e.Observe(millisecond, 2*second, c)
	w := math.Exp(-0.1)
	near(t, "after a short one", e.Cost(2*second, c), float64(millisecond)*(1-w)+float64(100*millisecond)*w)
}

func TestManyObservationsAverageByTheirTime(t *testing.T) {
	c, e := costs(10*time.Second), &Ewma{}
	e.Observe(100*millisecond, 0, c)
	for now := int64(0); now <= 10*second; now += 100_000 {
		e.Observe(millisecond, now, c)
	}
	want := float64(millisecond) + float64(99*millisecond)*math.Exp(-1)
	near(t, "a decay later", e.Cost(10*second, c), want)
}

func TestIdleCostGoesToTheUsualAndNotToZero(t *testing.T) {
	c, slow, quick := costs(10*time.Second), &Ewma{}, &Ewma{}
	quick.Observe(millisecond, 0, c) // the first of all is the usual until more is known
	slow.Observe(101*millisecond, 0, c)
	near(t, "at once", slow.Cost(0, c), float64(101*millisecond))
	near(t, "a decay later", slow.Cost(10*second, c), float64(millisecond)+float64(100*millisecond)*math.Exp(-1))
	near(t, "long after", slow.Cost(1000*second, c), float64(millisecond))
	quick.Observe(millisecond/2, second, c)
	if got := quick.Cost(100*second, c); got < 0.49*float64(millisecond) {
		t.Errorf("a quick one that was left alone looks free: %v", time.Duration(got))
	}
}

func TestUnknownCostsAsMuchAsTheOthers(t *testing.T) {
	c, fresh := costs(10*time.Second), &Ewma{}
	if got := fresh.Cost(0, c); got != unknownCost {
		t.Errorf("before anything is known: %v", time.Duration(got))
	}
	all := []*Ewma{fresh}
	for _, ms := range []int64{1, 2, 3, 4, 5000} {
		e := &Ewma{}
		e.Observe(ms*millisecond, 0, c)
		all = append(all, e)
	}
	c.Learn(all, second)
	near(t, "the median of the known", fresh.Cost(second, c), float64(3*millisecond))
	c.Learn(all, 100*second) // nothing is fresh any more
	near(t, "what was usual stays", fresh.Cost(100*second, c), float64(3*millisecond))
}

func TestFailureIsASlowReplyHoweverQuickItCame(t *testing.T) {
	for _, f := range []struct {
		name              string
		took, after, want int64
	}{
		{"fast", millisecond, 0, 5 * second},
		{"it asks for a while", millisecond, 60 * second, 60 * second},
		{"it asks for less", millisecond, second, 5 * second},
		{"it asks for a day", millisecond, 86400 * second, 300 * second},
		{"it took longer", 20 * second, 0, 20 * second},
	} {
		t.Run(f.name, func(t *testing.T) {
			if got := Penalty(f.took, f.after); got != f.want {
				t.Errorf("%v, want %v", time.Duration(got), time.Duration(f.want))
			}
		})
	}
	c, e, fresh := costs(10*time.Second), &Ewma{}, &Ewma{}
	e.Penalize(millisecond, 0, 0, c)
	near(t, "the cost", e.Cost(0, c), float64(5*second))
	if got := fresh.Cost(0, c); got != unknownCost {
		t.Errorf("a failure set what is usual: %v", time.Duration(got))
	}
}

// In virtual time the clock may begin below zero.
func TestCostsWorkBeforeTimeZero(t *testing.T) {
	c, e := costs(10*time.Second), &Ewma{}
	start := -26 * 365 * 24 * 3600 * second
	e.Observe(millisecond, start, c)
	e.Observe(101*millisecond, start, c)
	near(t, "a decay later", e.Cost(start+10*second, c), float64(millisecond)+float64(100*millisecond)*math.Exp(-1))
}

func TestObserversAtOnceLeaveWhatTheySaw(t *testing.T) {
	c, e := costs(10*time.Second), &Ewma{}
	var work sync.WaitGroup
	for g := range 8 {
		work.Go(func() {
			for i := range int64(1000) {
				e.Observe(millisecond+int64(g), i*1000, c)
				if cost := e.Cost(i*1000, c); cost < float64(millisecond)*0.99 || cost > float64(millisecond)*1.01 {
					t.Errorf("cost %v", cost)
					return
				}
			}
		})
	}
	work.Wait()
}

func TestCostOutweighsRequestsOutstanding(t *testing.T) {
	fs, nodes := fakes(2, 1)
	p := NewP2C(fixed(1))
	p.Update(nodes, 0)
	fs[0].cost.Store(math.Float64bits(100))
	fs[1].cost.Store(math.Float64bits(1))
	for i := range 99 {
		if f := begin(t, p, exchange(), 0); f != fs[1] {
			t.Fatalf("pick %d went to the slow one", i)
		}
	}
	for range 3 {
		begin(t, p, exchange(), 0)
	}
	if n := fs[0].pending.Load(); n != 1 {
		t.Errorf("with a hundred outstanding the slow one is as quick, and got %d of the next three", n)
	}
}

// The usual cost is the median, so half of a set can be dear at most, and
// nobody is while nothing is known.
func TestDearIsFarAboveTheUsual(t *testing.T) {
	var c Costs
	c.Set(10 * time.Second)
	if c.Dear(c.Usual()) {
		t.Error("what is usual is dear")
	}
	all := []*Ewma{{}, {}, {}}
	for i, e := range all {
		e.Observe(int64(1+20*(i/2))*millisecond, second, &c)
	}
	c.Learn(all, second)
	for i, want := range []bool{false, false, true} {
		if got := c.Dear(all[i].Cost(second, &c)); got != want {
			t.Errorf("node %d is dear: %v", i, got)
		}
	}
}
