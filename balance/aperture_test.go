package balance

import (
	"math"
	"testing"
	"time"

	"sidecar"
)

// aperture is one of n nodes under test, with the test's clock.
type aperture struct {
	*Aperture
	t     *testing.T
	nodes []*fake
	now   int64
}

func newAperture(t *testing.T, n int, p ApertureParams) *aperture {
	a := &aperture{Aperture: NewAperture(p, fixed(7), 1), t: t, now: 1}
	fs, nodes := fakes(n, 1)
	a.nodes = fs
	a.Update(nodes, a.now)
	return a
}

// pass lets time pass, with a Tick each second of it.
func (a *aperture) pass(d time.Duration) {
	until := a.now + int64(d)
	for next := a.now - a.now%second + second; next <= until; next += second {
		a.now = next
		a.Tick(a.now)
	}
	a.now = until
}

// hold keeps n requests outstanding from here on.
func (a *aperture) hold(n int) []*fake {
	held := make([]*fake, n)
	for i := range held {
		held[i] = begin(a.t, a, exchange(), a.now)
	}
	return held
}

func (a *aperture) release(held []*fake) {
	for _, f := range held {
		end(a, f, 1, a.now)
	}
}

// serial makes one call after the other for d, each busy and then idle.
func (a *aperture) serial(d, busy, idle time.Duration) {
	for until := a.now + int64(d); a.now < until; {
		f := begin(a.t, a, exchange(), a.now)
		a.pass(busy)
		end(a, f, 1, a.now)
		a.pass(idle)
	}
}

// inside is the one member of an aperture of one, and the others.
func (a *aperture) inside() (*fake, []*fake) {
	a.t.Helper()
	if a.Size() != 1 {
		a.t.Fatalf("size %d, want 1", a.Size())
	}
	var in *fake
	var out []*fake
	for _, f := range a.nodes {
		if a.Has(f.id) {
			in = f
		} else {
			out = append(out, f)
		}
	}
	return in, out
}

func TestApertureKeepsTheRulesOfStatusAndTries(t *testing.T) {
	for name, p := range map[string]ApertureParams{"of one": {}, "of two": {MinSize: 2}, "of all": {MinSize: 10}} {
		t.Run(name, func(t *testing.T) {
			statuses(t, func() picker { return NewAperture(p, nil, 1) })
		})
	}
}

func TestApertureOfOneTriesElsewhereTheSecondTime(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{})
	in, _ := a.inside()
	x := exchange()
	for try := range 8 {
		f := begin(t, a, x, a.now)
		if try == 0 && f != in {
			t.Fatal("the first try went outside")
		}
		if x.Tries.Tried(f.id) {
			t.Fatalf("try %d went to a tried node", try+1)
		}
		x.Try("", f.id, a.now)
	}
}

func TestApertureWithAllInsideClosedServesTheFirstTryOutside(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{MinSize: 3})
	for _, f := range a.nodes {
		if a.Has(f.id) {
			f.set(sidecar.Closed)
		}
	}
	if f := begin(t, a, exchange(), a.now); f.Status(0) != sidecar.Open {
		t.Fatal("picked a Closed member")
	}
}

func TestApertureWithAllInsideBusyGoesOutsideForAnOpenNodeOnly(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{})
	in, out := a.inside()
	in.set(sidecar.Busy)
	if f := begin(t, a, exchange(), a.now); f == in {
		t.Error("picked the Busy member though all outside are Open")
	}
	for _, f := range out {
		f.set(sidecar.Busy)
	}
	if f := begin(t, a, exchange(), a.now); f != in {
		t.Error("went outside for another Busy one")
	}
	if !a.Has(in.id) {
		t.Error("a Busy member was taken out")
	}
}

func TestApertureReplacesAClosedMemberAtOnce(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{MaxSize: 1})
	in, out := a.inside()
	for _, f := range out[:17] {
		f.set(sidecar.Closed)
	}
	in.set(sidecar.Closed)
	begin(t, a, exchange(), a.now)
	now, _ := a.inside()
	if now.Status(0) != sidecar.Open {
		t.Fatal("the member is still Closed after one pick")
	}
	now.set(sidecar.Closed)
	a.pass(time.Second)
	if now, _ = a.inside(); now.Status(0) != sidecar.Open {
		t.Fatal("the member is still Closed after a Tick without traffic")
	}
}

// The exchange that closed it may be the last one for long, or its retry may
// draw the others.
func TestApertureReplacesTheMemberThatAnExchangeClosed(t *testing.T) {
	for _, size := range []int{1, 3} {
		a := newAperture(t, 20, ApertureParams{MinSize: size, MaxSize: size})
		f := begin(t, a, exchange(), a.now)
		f.set(sidecar.Closed)
		end(a, f, 1, a.now)
		if a.Has(f.id) || a.Size() != size {
			t.Errorf("size %d: still inside %v, now %d inside", size, a.Has(f.id), a.Size())
		}
	}
}

// A Closed member stays only where there is nothing better outside, and only
// until the next Tick after there is.
func TestApertureKeepsAClosedMemberWhileNothingElseIsUp(t *testing.T) {
	a := newAperture(t, 3, ApertureParams{MaxSize: 1})
	for _, f := range a.nodes {
		f.set(sidecar.Closed)
	}
	a.pass(time.Minute)
	_, out := a.inside()
	out[0].set(sidecar.Busy)
	a.pass(time.Second)
	if in, _ := a.inside(); in != out[0] {
		t.Error("a Closed member was kept though a Busy one is outside")
	}
}

func TestApertureWithEverythingClosedFindsTheFirstToRecover(t *testing.T) {
	a := newAperture(t, 200, ApertureParams{})
	for _, f := range a.nodes {
		f.set(sidecar.Closed)
	}
	for range 10 {
		end(a, begin(t, a, exchange(), a.now), 1, a.now)
	}
	_, out := a.inside()
	out[150].set(sidecar.Open)
	if f := begin(t, a, exchange(), a.now); f != out[150] {
		t.Error("the pick did not find the one Open node")
	}
	a.pass(time.Second)
	if in, _ := a.inside(); in != out[150] {
		t.Error("the Open node is not inside after a Tick")
	}
}

func TestApertureMeasuresTheTrueUtilisation(t *testing.T) {
	cases := []struct {
		name       string
		busy, idle time.Duration
		want       float64
	}{
		{"a tenth", time.Millisecond, 9 * time.Millisecond, 0.1},
		{"a half", 5 * time.Millisecond, 5 * time.Millisecond, 0.5},
		{"nine tenths", 9 * time.Millisecond, time.Millisecond, 0.9},
		{"a thousandth", time.Millisecond, 999 * time.Millisecond, 0.001},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := newAperture(t, 20, ApertureParams{})
			a.serial(time.Minute, c.busy, c.idle)
			// One period's ripple is at most its length over the window.
			ripple := float64(c.busy+c.idle) / 5e9 * c.want
			if got := a.LoadAverage(); math.Abs(got-c.want) > ripple+0.001 {
				t.Errorf("load average %.4f, want %.4f", got, c.want)
			}
			if a.Size() != 1 {
				t.Errorf("size %d, want 1", a.Size())
			}
		})
	}
}

func TestApertureMeasuresMeanConcurrencyWhateverTheEvents(t *testing.T) {
	a := newAperture(t, 1, ApertureParams{})
	a.hold(30)
	for range 3000 { // events without duration do not count
		end(a, begin(t, a, exchange(), a.now), 1, a.now)
		a.pass(20 * time.Millisecond)
	}
	if got := a.LoadAverage(); math.Abs(got-30) > 0.01 {
		t.Errorf("load average %.4f, want 30", got)
	}
}

func TestApertureLoadFallsWithoutTraffic(t *testing.T) {
	a := newAperture(t, 1, ApertureParams{Smoothing: 10 * time.Second})
	held := a.hold(4)
	a.pass(5 * time.Minute)
	a.release(held)
	a.pass(10 * time.Second)
	if got, want := a.LoadAverage(), 4/math.E; math.Abs(got-want) > 0.01 {
		t.Errorf("load average %.4f one window after the last request, want %.4f", got, want)
	}
	a.pass(10 * time.Minute)
	if got := a.LoadAverage(); got != 0 {
		t.Errorf("load average %v after ten minutes, want 0", got)
	}
}

func TestApertureCountsTheRequestsOfABurst(t *testing.T) {
	a := newAperture(t, 1, ApertureParams{})
	x := exchange()
	x.N = 12
	f := begin(t, a, x, a.now)
	a.pass(5 * time.Minute)
	if got := a.LoadAverage(); math.Abs(got-12) > 0.01 {
		t.Errorf("load average %.4f, want 12", got)
	}
	end(a, f, 12, a.now)
	if a.load.level != 0 {
		t.Errorf("%d are outstanding in the end", a.load.level)
	}
}

func TestApertureSharesByWeight(t *testing.T) {
	const clients = 20000
	fs, nodes := weighted(3, 1, 1)
	first := map[uint64]int{}
	for seed := range uint64(clients) {
		a := NewAperture(ApertureParams{}, fixed(seed), 1)
		a.Update(nodes, 1)
		first[a.Members()[0]]++
	}
	within(t, "apertures of the heavy node", first[fs[0].id], clients, 0.6)
	within(t, "apertures of a light node", first[fs[1].id], clients, 0.2)
	a := NewAperture(ApertureParams{MinSize: 3}, fixed(1), 1)
	a.Update(nodes, 1)
	picks := map[uint64]int{}
	for range clients {
		f := begin(t, a, exchange(), 1)
		picks[f.id]++
		end(a, f, 1, 1)
	}
	within(t, "picks of the heavy node", picks[fs[0].id], clients, 0.6)
}

func TestApertureReplacesMembersThatLeaveTheSet(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{MinSize: 5})
	var stay, gone []Node
	for _, f := range a.nodes {
		if a.Has(f.id) && len(gone) < 3 {
			gone = append(gone, f)
		} else {
			stay = append(stay, f)
		}
	}
	held := a.hold(10)
	a.Update(stay, a.now)
	if a.Size() != 5 || a.Idle() != 12 {
		t.Fatalf("size %d and %d idle, want 5 and 12", a.Size(), a.Idle())
	}
	for _, n := range gone {
		if a.Has(n.ID()) {
			t.Errorf("node %d has left and is inside", n.ID())
		}
	}
	a.release(held)
	if a.load.level != 0 {
		t.Errorf("%d are outstanding in the end", a.load.level)
	}
	members := a.Members()
	_, all := fakes(30, 1)
	a.Update(all, a.now)
	for _, id := range members {
		if !a.Has(id) {
			t.Errorf("node %d was inside, stays in the set and is outside", id)
		}
	}
	if a.Size() != 5 {
		t.Errorf("size %d after new nodes came, want 5", a.Size())
	}
}
