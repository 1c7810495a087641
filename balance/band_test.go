package balance

import (
	"testing"
	"time"
)

func TestApertureWidensToTheLoadAndNarrowsAfterIt(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{})
	held := a.hold(20)
	a.pass(time.Minute)
	// 20 outstanding are at least two a node up to a size of ten; the average
	// comes near 20 from below, so that the last step may be missing.
	if n := a.Size(); n < 10 || n > 11 {
		t.Errorf("size %d for 20 outstanding, want 10 or 11", n)
	}
	a.release(held)
	a.pass(2 * time.Minute)
	if n := a.Size(); n != 1 {
		t.Errorf("size %d after two minutes without traffic, want 1", n)
	}
}

func TestApertureKeepsItsSizeBetweenTheBounds(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{MinSize: 4})
	a.hold(5) // 1.25 a node
	a.pass(10 * time.Minute)
	if n := a.Size(); n != 4 {
		t.Errorf("size %d, want 4", n)
	}
}

func TestApertureKeepsWithinItsSizes(t *testing.T) {
	cases := []struct {
		name      string
		p         ApertureParams
		nodes     int
		low, high int // size without and with a load of 1000
	}{
		{"defaults", ApertureParams{}, 8, 1, 8},
		{"bounded", ApertureParams{MinSize: 2, MaxSize: 5}, 8, 2, 5},
		{"fewer nodes than the least", ApertureParams{MinSize: 12}, 8, 8, 8},
		{"largest below least", ApertureParams{MinSize: 3, MaxSize: 1}, 8, 3, 3},
		{"one node", ApertureParams{}, 1, 1, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := newAperture(t, c.nodes, c.p)
			a.pass(time.Minute)
			if n := a.Size(); n != c.low {
				t.Errorf("size %d without load, want %d", n, c.low)
			}
			a.hold(1000)
			a.pass(time.Minute)
			if n := a.Size(); n != c.high {
				t.Errorf("size %d under load, want %d", n, c.high)
			}
		})
	}
}

func TestApertureDoesNotOpenEverythingForOneBurst(t *testing.T) {
	a := newAperture(t, 100, ApertureParams{})
	held := a.hold(2000)
	for _, f := range held { // done one by one within 100 ms
		a.pass(50 * time.Microsecond)
		end(a, f, 1, a.now)
	}
	if n := a.Size(); n > 2 {
		t.Errorf("size %d after a burst of 100 ms, want at most 2", n)
	}
}

func TestApertureGrowsAtMostEFoldInAQuarterOfTheWindow(t *testing.T) {
	a := newAperture(t, 1000, ApertureParams{})
	a.hold(100000)
	sizes := []int{1}
	for range 6 {
		for range 1250 {
			a.pass(time.Millisecond)
			end(a, begin(t, a, exchange(), a.now), 1, a.now)
		}
		sizes = append(sizes, a.Size())
	}
	for i, n := range sizes[1:] {
		// The steps are discrete: at a size of one a single one fits in.
		if most := 3*sizes[i] + 1; n > most || n <= sizes[i] {
			t.Errorf("sizes %v: grew from %d to %d in a quarter of the window", sizes, sizes[i], n)
		}
	}
}

func TestApertureNarrowsAwayFromRequestsInFlight(t *testing.T) {
	a := newAperture(t, 10, ApertureParams{MinSize: 1, LowLoad: 0.9, HighLoad: 4})
	a.Set(ApertureParams{MinSize: 4, LowLoad: 0.9, HighLoad: 4}, a.now)
	one := a.hold(1)[0]
	a.Set(ApertureParams{MinSize: 1, LowLoad: 0.9, HighLoad: 4}, a.now)
	a.pass(time.Minute)
	if in, _ := a.inside(); in != one {
		t.Error("the node with a request in flight was dropped before idle ones")
	}
	more := a.hold(3)
	a.Set(ApertureParams{MinSize: 4, LowLoad: 0.9, HighLoad: 4}, a.now)
	busy := a.hold(4)
	a.Set(ApertureParams{MaxSize: 1, LowLoad: 0.9, HighLoad: 4}, a.now)
	a.inside()
	a.release(append(more, busy...))
	end(a, one, 1, a.now)
	if a.load.level != 0 {
		t.Errorf("%d are outstanding after nodes that had left drained", a.load.level)
	}
}

func TestApertureObeysNewSettingsLive(t *testing.T) {
	a := newAperture(t, 20, ApertureParams{})
	a.Set(ApertureParams{MinSize: 6}, a.now)
	if n := a.Size(); n != 6 {
		t.Errorf("size %d with a least of 6", n)
	}
	a.Set(ApertureParams{MaxSize: 2}, a.now)
	if n := a.Size(); n != 2 {
		t.Errorf("size %d with a largest of 2", n)
	}
	a.hold(20)
	a.Set(ApertureParams{Smoothing: 100 * time.Second}, a.now)
	a.pass(5 * time.Second)
	if got := a.LoadAverage(); got > 1 {
		t.Errorf("load average %.2f after a twentieth of the new window", got)
	}
}

// churn is how many members changed and when, over d without traffic.
func churn(a *aperture, d time.Duration) (swaps []int64, largest int) {
	members := map[uint64]bool{}
	note := func() (fresh bool) {
		now := map[uint64]bool{}
		for _, id := range a.Members() {
			now[id] = true
			fresh = fresh || !members[id]
		}
		members = now
		return fresh
	}
	note()
	for until := a.now + int64(d); a.now < until; {
		a.pass(time.Second)
		if note() {
			swaps = append(swaps, a.now)
		}
		largest = max(largest, len(members))
	}
	return swaps, largest
}

func TestJitterSwapsOneNodeEachTimeAndKeepsTheSize(t *testing.T) {
	p := ApertureParams{MinSize: 3, MaxSize: 3, JitterMin: 120 * time.Second, JitterMax: 240 * time.Second}
	a := newAperture(t, 20, p)
	began := a.now
	swaps, largest := churn(a, 10*time.Hour)
	if a.Size() != 3 || largest != 4 {
		t.Errorf("size %d, at most %d, want 3 and one more during a swap", a.Size(), largest)
	}
	for i, at := range swaps {
		gap := at - began
		began = at
		if gap < 120*second || gap > 243*second { // up to a Tick late at each of its two steps
			t.Errorf("swap %d came %d s after the last", i, gap/second)
		}
	}
	// The mean is 181.5 s; 198 intervals of a uniform 120 s span have a
	// standard deviation of 35 s each, 2.5 s in the mean, so six are 15 s.
	if n := len(swaps); n < 36000/197 || n > 36000/166 {
		t.Errorf("%d swaps in ten hours", n)
	}
}

func TestJitterDoesNothingWhereItCannot(t *testing.T) {
	on := ApertureParams{JitterMin: 2 * time.Second}
	full := newAperture(t, 3, ApertureParams{MinSize: 3, JitterMin: 2 * time.Second})
	if swaps, largest := churn(full, time.Minute); len(swaps) != 0 || largest != 3 {
		t.Error("swapped with nothing outside")
	}
	off := newAperture(t, 3, ApertureParams{})
	if swaps, _ := churn(off, time.Hour); len(swaps) != 0 {
		t.Error("swapped though it is off")
	}
	down := newAperture(t, 3, on)
	_, out := down.inside()
	for _, f := range out {
		f.set(2)
	}
	if swaps, _ := churn(down, time.Minute); len(swaps) != 0 {
		t.Error("swapped in a Closed node")
	}
	out[0].set(0)
	if swaps, _ := churn(down, time.Minute); len(swaps) == 0 {
		t.Error("did not go on swapping")
	}
	down.Set(ApertureParams{}, down.now)
	down.pass(2 * time.Second) // a swap under way is finished
	if swaps, _ := churn(down, time.Minute); len(swaps) != 0 || down.Size() != 1 {
		t.Error("went on swapping after it was switched off")
	}
}

func TestJitterUnderChangeOfTheSetKeepsTheSize(t *testing.T) {
	a := newAperture(t, 10, ApertureParams{MinSize: 2, JitterMin: 2 * time.Second})
	_, nodes := fakes(40, 1)
	for i := range 300 {
		a.pass(700 * time.Millisecond)
		a.Update(nodes[i%30:i%30+10], a.now)
		if n := a.Size(); n < 2 || n > 3 {
			t.Fatalf("size %d", n)
		}
	}
	a.Set(ApertureParams{MinSize: 2}, a.now)
	a.pass(2 * time.Second)
	if n := a.Size(); n != 2 {
		t.Errorf("size %d in the end, want 2", n)
	}
}
