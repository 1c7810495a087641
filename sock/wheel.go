package sock

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Tick is the wheel's resolution: a time fires 0 to 2 ticks late.
	Tick = 5 * time.Millisecond
	// slots is the wheel's size; a time further away than slots*Tick (2.56 s)
	// waits in the furthest slot and is filed again from there.
	slots = 512
)

// Wheel is the process's one deadline wheel. Its goroutine runs only while
// something is filed, and sleeps up to the next tick under which something is:
// two hundred wake-ups a second would be most of what an idle process costs.
type Wheel struct {
	now     func() int64
	mu      sync.Mutex
	slot    [slots]*Timer
	filed   int   // timers in slots
	at      int64 // the tick up to which slots have been emptied
	until   int64 // the tick up to which the goroutine sleeps
	running bool
	earlier chan struct{} // something was filed before until
	idle    sync.WaitGroup
}

// NewWheel makes a wheel over the monotonic clock now, in nanoseconds.
func NewWheel(now func() int64) *Wheel {
	return &Wheel{now: now, earlier: make(chan struct{}, 1)}
}

// Wait returns when the wheel's goroutine has ended, which it does once no
// timer is filed; for tests that look for leaks.
func (w *Wheel) Wait() { w.idle.Wait() }

// Expirer is told of a time that is over. It is called on the wheel's
// goroutine with no lock held and must not block.
type Expirer interface {
	Expire(which uint8, mark uint64)
}

// Timer is one lazy time. Arming it is an atomic store as long as it is filed
// no later than its new time; one that comes up early files itself again. So a
// time that is pushed on with every exchange costs a store each.
type Timer struct {
	wheel  *Wheel
	target Expirer
	next   *Timer
	want   atomic.Uint64 // tick<<markBits | mark; 0: disarmed. One word, so that time and mark are read as one
	filed  atomic.Int64  // the tick it is filed under, 0: not filed
	which  uint8
}

const (
	// markBits is how much of a mark a Timer keeps. The other 36 bits count
	// ticks for ten years.
	markBits = 28
	// maxTick is the furthest time; what is further away fires then.
	maxTick = 1<<(64-markBits) - 1
)

// Init ties the timer to its wheel and to what it tells, once.
func (t *Timer) Init(w *Wheel, target Expirer, which uint8) {
	t.wheel, t.target, t.which = w, target, which
}

// Arm sets the time, 0 for none, replacing the earlier one. mark comes back in
// Expire (its low 28 bits). Safe for concurrent calls.
func (t *Timer) Arm(at int64, mark uint64) {
	if at <= 0 {
		if t.want.Load() != 0 { // a look costs less than a store
			t.want.Store(0)
		}
		return
	}
	tick := min((at-1)/int64(Tick)+1, maxTick) // rounded up: never early
	t.want.Store(uint64(tick)<<markBits | mark&(1<<markBits-1))
	// want is stored before filed is read, and the wheel clears filed before it
	// reads want: one of the two always sees the other.
	if f := t.filed.Load(); f != 0 && f <= tick {
		return
	}
	t.wheel.file(t, tick)
}

func (w *Wheel) file(t *Timer, tick int64) {
	w.mu.Lock()
	if !w.running {
		w.at = w.now() / int64(Tick)
	}
	if f := t.filed.Load(); f == 0 || f > tick {
		if f != 0 {
			w.unlink(t, f)
		}
		w.link(t, tick)
	}
	start := !w.running && w.filed > 0
	if start {
		w.running = true
		w.until = w.next()
		w.idle.Add(1)
	}
	early := !start && t.filed.Load() != 0 && t.filed.Load() < w.until
	if early {
		w.until = t.filed.Load()
	}
	w.mu.Unlock()
	switch {
	case start:
		go w.run()
	case early:
		select {
		case w.earlier <- struct{}{}:
		default: // it is told already
		}
	}
}

// next is the first tick under which something is filed; with the lock held.
func (w *Wheel) next() int64 {
	for tick := w.at + 1; tick < w.at+slots; tick++ {
		if w.slot[tick%slots] != nil {
			return tick
		}
	}
	return w.at + slots
}

// link files t under tick, but not in the past and not beyond the wheel.
func (w *Wheel) link(t *Timer, tick int64) {
	tick = min(max(tick, w.at+1), w.at+slots-1)
	t.filed.Store(tick)
	s := &w.slot[tick%slots]
	t.next, *s = *s, t
	w.filed++
}

// unlink takes t out of the slot of tick. Slots hold few timers: only those
// armed earlier than they were filed come here.
func (w *Wheel) unlink(t *Timer, tick int64) {
	for p := &w.slot[tick%slots]; *p != nil; p = &(*p).next {
		if *p == t {
			*p, t.next = t.next, nil
			w.filed--
			return
		}
	}
}

func (w *Wheel) run() {
	defer w.idle.Done()
	var due []firing
	for sleep := time.NewTimer(w.wait()); ; sleep.Reset(w.wait()) {
		select {
		case <-sleep.C:
		case <-w.earlier:
		}
		var more bool
		due, more = w.turn(w.now()/int64(Tick), due[:0])
		for i := range due {
			due[i].t.target.Expire(due[i].t.which, due[i].mark)
			due[i].t = nil
		}
		if !more {
			sleep.Stop()
			return
		}
	}
}

// wait is how long the goroutine may sleep.
func (w *Wheel) wait() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.until*int64(Tick) - w.now())
}

type firing struct {
	t    *Timer
	mark uint64
}

// turn empties the slots up to tick now: what is due goes to due, what was
// pushed on is filed again. It reports whether the wheel must go on.
func (w *Wheel) turn(now int64, due []firing) ([]firing, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// After a long stop of the process each slot need be seen only once.
	from := max(w.at+1, now-slots+1)
	w.at = now
	for tick := from; tick <= now; tick++ {
		t := w.slot[tick%slots]
		w.slot[tick%slots] = nil
		for t != nil {
			next := t.next
			t.next = nil
			w.filed--
			t.filed.Store(0)
			want := t.want.Load()
			switch at := int64(want >> markBits); {
			case want == 0:
			case at > now:
				w.link(t, at)
			case t.want.CompareAndSwap(want, 0):
				due = append(due, firing{t, want & (1<<markBits - 1)})
			default:
				// Armed anew in this instant: its Arm saw filed or files it
				// itself, but may have seen the old value; file it again.
				if want = t.want.Load(); want != 0 {
					w.link(t, int64(want>>markBits))
				}
			}
			t = next
		}
	}
	if w.filed == 0 {
		w.running = false
		return due, false
	}
	w.until = w.next()
	return due, true
}

// Alarms are the few times of one owner, numbered from 0, under one target.
type Alarms struct{ timers [4]Timer }

// Init ties them to the wheel and the target, once.
func (a *Alarms) Init(w *Wheel, target Expirer) {
	for i := range a.timers {
		a.timers[i].Init(w, target, uint8(i))
	}
}

// Arm sets the time numbered which (0 to 3), see Timer.Arm.
func (a *Alarms) Arm(which uint8, at int64, mark uint64) { a.timers[which].Arm(at, mark) }
