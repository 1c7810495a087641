package sock

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// heard notes when each time was over.
type heard struct {
	start time.Time
	mu    sync.Mutex
	marks []uint64
	after []time.Duration
	then  func(which uint8, mark uint64)
}

func (h *heard) Expire(which uint8, mark uint64) {
	h.mu.Lock()
	h.marks = append(h.marks, mark)
	h.after = append(h.after, time.Since(h.start))
	h.mu.Unlock()
	if h.then != nil {
		h.then(which, mark)
	}
}

// running is a wheel on the bubble's clock.
func running() (*Wheel, *heard, func(d time.Duration) int64) {
	h := &heard{start: time.Now()}
	now := func() int64 { return int64(time.Since(h.start)) + 1 }
	return NewWheel(now), h, func(d time.Duration) int64 { return now() + int64(d) }
}

func TestTimesFireUpToTwoTicksLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, h, in := running()
		times := []time.Duration{1, Tick - 1, Tick, 17 * time.Millisecond, 250 * time.Millisecond, 2560 * time.Millisecond, 10 * time.Second, time.Minute}
		for i, d := range times {
			timer := &Timer{}
			timer.Init(w, h, 0)
			timer.Arm(in(d), uint64(i))
		}
		w.Wait()
		if len(h.marks) != len(times) {
			t.Fatalf("%d times fired, want %d", len(h.marks), len(times))
		}
		for i, mark := range h.marks {
			if late := h.after[i] - times[mark]; late < 0 || late > 2*Tick {
				t.Errorf("%v fired %v late", times[mark], late)
			}
		}
	})
}

func TestWheelStopsWhenNothingIsFiledAndStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, h, in := running()
		w.Wait() // before the first
		var a Alarms
		a.Init(w, h)
		for round := range uint64(3) {
			a.Arm(1, in(20*time.Millisecond), round)
			w.Wait()
			time.Sleep(time.Hour) // virtual: the clock of a wheel at rest stands still
		}
		if !slices.Equal(h.marks, []uint64{0, 1, 2}) {
			t.Errorf("got %v", h.marks)
		}
		a.Arm(0, in(time.Second), 9)
		a.Arm(0, 0, 0)
		w.Wait() // a disarmed time leaves when its slot comes up
		if len(h.marks) != 3 {
			t.Errorf("a disarmed time fired: %v", h.marks)
		}
	})
}

func TestExpireMayArm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, h, in := running()
		var a Alarms
		a.Init(w, h)
		h.then = func(which uint8, mark uint64) {
			if mark < 5 {
				a.Arm(which, in(30*time.Millisecond), mark+1)
			}
		}
		a.Arm(3, in(30*time.Millisecond), 1)
		w.Wait()
		if !slices.Equal(h.marks, []uint64{1, 2, 3, 4, 5}) {
			t.Errorf("got %v", h.marks)
		}
	})
}

// A time that every exchange pushes on fires once, after the last.
func TestTimePushedOnFiresAfterTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, h, in := running()
		var a Alarms
		a.Init(w, h)
		for mark := range uint64(1000) {
			a.Arm(0, in(100*time.Millisecond), mark)
			time.Sleep(7 * time.Millisecond)
		}
		w.Wait()
		if !slices.Equal(h.marks, []uint64{999}) {
			t.Fatalf("got %v", h.marks)
		}
		if late := h.after[0] - (999*7+100)*time.Millisecond; late < 0 || late > 2*Tick {
			t.Errorf("fired %v late", late)
		}
	})
}
