package sock

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// The model: a list of times, searched whole at each turn.
type model map[int]struct {
	at   int64
	mark uint64
}

func (m model) turnTo(now int64) []uint64 {
	var due []uint64
	for i, e := range m {
		if e.at <= now {
			due = append(due, e.mark)
			delete(m, i)
		}
	}
	slices.Sort(due)
	return due
}

func TestWheelDoesWhatAListDoes(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		h := byHand(t, 1+r.Int64N(3*slots))
		m := model{}
		timers := make([]*Timer, 20)
		for i := range timers {
			timers[i] = h.timer()
		}
		for step := range 3000 {
			i := r.IntN(len(timers))
			switch r.IntN(5) {
			case 0:
				timers[i].Arm(0, 0)
				delete(m, i)
			case 1:
				far := []int64{1, 3, 40, slots, 4 * slots}[r.IntN(5)]
				now := h.now + 1 + r.Int64N(far)
				want := m.turnTo(now)
				if got := h.turnTo(now); !slices.Equal(got, want) {
					t.Fatalf("seed %d, step %d, tick %d: got %v, want %v", seed, step, now, got, want)
				}
			default:
				at := max(1, h.in(0)+r.Int64N(int64(Tick)*[]int64{2, 50, 5 * slots}[r.IntN(3)])-int64(3*Tick))
				timers[i].Arm(at, uint64(step))
				m[i] = struct {
					at   int64
					mark uint64
				}{(at + int64(Tick) - 1) / int64(Tick), uint64(step)}
			}
		}
	}
}

// storm arms shared timers from several goroutines while the wheel turns. Every
// arm has its own mark, under which its tick is noted.
type storm struct {
	h      *hand
	timers []*Timer
	ticks  []atomic.Int64 // by mark
	marks  atomic.Int64
	at     atomic.Int64 // the tick turned to
	fired  []int        // by mark
}

const stormWorkers, stormArms = 4, 4000

func newStorm(t *testing.T) *storm {
	s := &storm{h: byHand(t, 500), timers: make([]*Timer, 8)}
	most := stormWorkers*stormArms + len(s.timers) + 1
	s.ticks, s.fired = make([]atomic.Int64, most), make([]int, most)
	s.at.Store(500)
	for i := range s.timers {
		s.timers[i] = s.h.timer()
	}
	s.h.timer().Arm(s.h.in(1<<30), 0) // keeps the wheel going
	return s
}

// arm sets the timer for some ticks ahead and tells the mark.
func (s *storm) arm(timer *Timer, ahead int64) uint64 {
	mark := s.marks.Add(1)
	tick := s.at.Load() + ahead
	s.ticks[mark].Store(tick)
	timer.Arm(tick*int64(Tick), uint64(mark))
	return uint64(mark)
}

// turn moves on by some ticks and checks what comes due.
func (s *storm) turn(t *testing.T, by int64) {
	now := s.at.Add(by)
	due, more := s.h.w.turn(now, nil)
	if !more {
		t.Fatal("the wheel would stop with a time filed")
	}
	for _, f := range due {
		mark := f.mark
		if s.fired[mark]++; s.fired[mark] > 1 {
			t.Errorf("mark %d fired %d times", mark, s.fired[mark])
		}
		if tick := s.ticks[mark].Load(); tick > now {
			t.Errorf("mark %d fired in tick %d, before its own, %d", mark, now, tick)
		}
	}
}

func TestWheelLosesNoTimeArmedFromManyGoroutines(t *testing.T) {
	s := newStorm(t)
	var workers sync.WaitGroup
	for g := range stormWorkers {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 2))
			for range stormArms {
				timer := s.timers[r.IntN(len(s.timers))]
				if r.IntN(4) == 0 {
					timer.Arm(0, 0)
				} else {
					s.arm(timer, []int64{0, 1, 2, 30, 2 * slots}[r.IntN(5)])
				}
			}
		})
	}
	over := make(chan struct{})
	go func() {
		workers.Wait()
		close(over)
	}()
	r := rand.New(rand.NewPCG(1, 3))
	for turning := true; turning; {
		select {
		case <-over:
			turning = false
		default:
			s.turn(t, 1+r.Int64N(3))
		}
	}
	// The last word on each timer, while the wheel goes on.
	last := make([]uint64, len(s.timers))
	var closing sync.WaitGroup
	for i, timer := range s.timers {
		closing.Go(func() {
			if i%4 == 3 {
				timer.Arm(0, 0)
				return
			}
			last[i] = s.arm(timer, int64(i)*slots/3)
		})
	}
	for range 5 {
		s.turn(t, 1)
	}
	closing.Wait()
	stood := slices.Clone(s.fired)
	for range 4 * slots {
		s.turn(t, 1)
	}
	for i, mark := range last {
		if mark != 0 && s.fired[mark] != 1 {
			t.Errorf("timer %d was armed last with mark %d, which fired %d times", i, mark, s.fired[mark])
		}
	}
	for mark, n := range s.fired {
		if n != stood[mark] && !slices.Contains(last, uint64(mark)) {
			t.Errorf("mark %d fired after it was replaced", mark)
		}
	}
	if s.h.w.filed != 1 {
		t.Errorf("%d are filed at the end, want the one far away", s.h.w.filed)
	}
}
