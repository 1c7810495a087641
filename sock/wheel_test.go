package sock

import (
	"math"
	"slices"
	"testing"
)

// hand turns a wheel in the goroutine's place, over a clock of ticks.
type hand struct {
	w   *Wheel
	now int64 // ticks
}

// byHand is a wheel at tick now whose goroutine is not started.
func byHand(t testing.TB, now int64) *hand {
	h := &hand{now: now}
	h.w = NewWheel(func() int64 {
		t.Error("the clock was read, which starting does")
		return 0
	})
	h.w.at, h.w.running = now, true
	return h
}

// turnTo moves the clock and tells which timers came due, in ticks of the wheel
// and by their marks.
func (h *hand) turnTo(now int64) []uint64 {
	h.now = now
	due, more := h.w.turn(now, nil)
	if more != (h.w.filed > 0) {
		panic("turn tells wrongly whether the wheel must go on")
	}
	h.w.running = true
	var marks []uint64
	for _, f := range due {
		marks = append(marks, f.mark)
	}
	slices.Sort(marks)
	return marks
}

type nobodyTold struct{}

func (nobodyTold) Expire(uint8, uint64) { panic("turn itself must tell nobody") }

func (h *hand) timer() *Timer {
	t := &Timer{}
	t.Init(h.w, nobodyTold{}, 0)
	return t
}

// in is a time in the tick that lies n ticks ahead.
func (h *hand) in(n int64) int64 { return (h.now + n) * int64(Tick) }

func TestTimerFires(t *testing.T) {
	const now = 1000
	for _, c := range []struct {
		name string
		do   func(h *hand, t *Timer)
		at   int64 // tick in which it fires, turning one by one; 0: never
		mark uint64
	}{
		{"in its tick", func(h *hand, t *Timer) { t.Arm(h.in(10), 7) }, now + 10, 7},
		{"not before it is over", func(h *hand, t *Timer) { t.Arm(h.in(10)+1, 7) }, now + 11, 7},
		{"in the past", func(h *hand, t *Timer) { t.Arm(1, 7) }, now + 1, 7},
		{"now", func(h *hand, t *Timer) { t.Arm(h.in(0), 7) }, now + 1, 7},
		{"at the wheel's far side", func(h *hand, t *Timer) { t.Arm(h.in(slots-1), 7) }, now + slots - 1, 7},
		{"one round away", func(h *hand, t *Timer) { t.Arm(h.in(slots), 7) }, now + slots, 7},
		{"several rounds away", func(h *hand, t *Timer) { t.Arm(h.in(5*slots+3), 7) }, now + 5*slots + 3, 7},
		{"low bits of the mark", func(h *hand, t *Timer) { t.Arm(h.in(2), 5<<markBits|9) }, now + 2, 9},
		{"mark 0", func(h *hand, t *Timer) { t.Arm(h.in(2), 0) }, now + 2, 0},
		{"put off", func(h *hand, t *Timer) { t.Arm(h.in(3), 1); t.Arm(h.in(30), 2) }, now + 30, 2},
		{"put off beyond the wheel", func(h *hand, t *Timer) { t.Arm(h.in(3), 1); t.Arm(h.in(3*slots), 2) }, now + 3*slots, 2},
		{"brought forward", func(h *hand, t *Timer) { t.Arm(h.in(30), 1); t.Arm(h.in(3), 2) }, now + 3, 2},
		{"brought forward from beyond", func(h *hand, t *Timer) { t.Arm(h.in(9*slots), 1); t.Arm(h.in(3), 2) }, now + 3, 2},
		{"same time, new mark", func(h *hand, t *Timer) { t.Arm(h.in(3), 1); t.Arm(h.in(3), 2) }, now + 3, 2},
		{"disarmed", func(h *hand, t *Timer) { t.Arm(h.in(3), 1); t.Arm(0, 2) }, 0, 0},
		{"disarmed by a negative time", func(h *hand, t *Timer) { t.Arm(h.in(3), 1); t.Arm(-1, 2) }, 0, 0},
		{"never armed", func(*hand, *Timer) {}, 0, 0},
		{"disarmed and armed later", func(h *hand, t *Timer) { t.Arm(h.in(3), 1); t.Arm(0, 0); t.Arm(h.in(8), 2) }, now + 8, 2},
		{"disarmed and armed earlier", func(h *hand, t *Timer) { t.Arm(h.in(8), 1); t.Arm(0, 0); t.Arm(h.in(3), 2) }, now + 3, 2},
		{"further than ticks are counted", func(_ *hand, t *Timer) { t.Arm(math.MaxInt64, 1) }, 0, 0},
		{"just further than ticks are counted", func(h *hand, t *Timer) { t.Arm(h.in(1<<36+5), 1) }, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := byHand(t, now)
			timer := h.timer()
			c.do(h, timer)
			for tick := int64(now + 1); tick < now+6*slots; tick++ {
				got := h.turnTo(tick)
				if tick == c.at && (len(got) != 1 || got[0] != c.mark) {
					t.Fatalf("in its tick: %v, want mark %d", got, c.mark)
				}
				if tick != c.at && len(got) != 0 {
					t.Fatalf("in tick %d: %v, want none (due in %d)", tick, got, c.at)
				}
			}
			if c.at != 0 && (h.w.filed != 0 || timer.filed.Load() != 0) {
				t.Errorf("%d are filed at the end", h.w.filed)
			}
		})
	}
}

// A process that was stopped finds all that came due, once, and nothing else.
func TestLongStop(t *testing.T) {
	for _, stop := range []int64{2, slots - 1, slots, slots + 1, 10*slots + 7} {
		h := byHand(t, 77)
		var want []uint64
		for n := range int64(3 * slots) {
			h.timer().Arm(h.in(n), uint64(n))
			if n <= stop {
				want = append(want, uint64(n))
			}
		}
		from := h.now
		if got := h.turnTo(from + stop); !slices.Equal(got, want) {
			t.Errorf("after %d ticks %d came due, want %d", stop, len(got), len(want))
		}
		for n := stop + 1; n < 3*slots; n++ {
			if got := h.turnTo(from + n); len(got) != 1 || got[0] != uint64(n) {
				t.Fatalf("stopped for %d, then in tick %d: %v", stop, n, got)
			}
		}
		if h.w.filed != 0 {
			t.Errorf("%d are filed at the end", h.w.filed)
		}
	}
}

func TestTimerArmedAgainWhileDue(t *testing.T) {
	h := byHand(t, 10)
	timer := h.timer()
	timer.Arm(h.in(2), 1)
	if got := h.turnTo(12); !slices.Equal(got, []uint64{1}) {
		t.Fatalf("got %v", got)
	}
	timer.Arm(h.in(0), 2) // as Expire may do
	timer.Arm(h.in(4), 3)
	if got := h.turnTo(13); got != nil {
		t.Errorf("got %v, which was replaced", got)
	}
	if got := h.turnTo(16); !slices.Equal(got, []uint64{3}) {
		t.Errorf("got %v, want the last time only", got)
	}
	if got := h.turnTo(200); got != nil {
		t.Errorf("fired again: %v", got)
	}
}

func TestTurnWithoutProgressDoesNothing(t *testing.T) {
	h := byHand(t, 10)
	h.timer().Arm(h.in(1), 1)
	if got := h.turnTo(10); got != nil {
		t.Errorf("got %v", got)
	}
	if got := h.turnTo(11); !slices.Equal(got, []uint64{1}) {
		t.Errorf("got %v", got)
	}
}

func TestAlarmsAreFourTimesOfOneOwner(t *testing.T) {
	h := byHand(t, 10)
	var a Alarms
	a.Init(h.w, nobodyTold{})
	for i := range uint8(4) {
		a.Arm(i, h.in(int64(i)+1), uint64(i)+50)
	}
	a.Arm(2, 0, 0)
	h.now = 20
	due, _ := h.w.turn(20, nil)
	seen := map[uint8]uint64{}
	for _, f := range due {
		seen[f.t.which] = f.mark
	}
	if len(due) != 3 || seen[0] != 50 || seen[1] != 51 || seen[3] != 53 {
		t.Errorf("got %v", seen)
	}
}

func BenchmarkArm(b *testing.B) {
	for _, c := range []struct {
		name string
		step int64
	}{{"put off", int64(Tick) / 100}, {"earlier", -int64(Tick)}} {
		b.Run(c.name, func(b *testing.B) {
			h := byHand(b, 1<<35)
			timer := h.timer()
			at := h.in(slots - 1)
			b.ReportAllocs()
			for b.Loop() {
				timer.Arm(at, 1)
				if at += c.step; at < h.in(2) {
					h.turnTo(h.now + 1) // start again from far away
					at = h.in(slots - 1)
				}
			}
		})
	}
}
