package sidecar_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar"
)

// numbered is the waker of one exchange. It knows when it must not be called
// any more, and whether a call is in progress.
type numbered struct {
	inside atomic.Int32
	over   atomic.Bool
	late   atomic.Bool
	rung   chan struct{}
}

func (n *numbered) Wake() {
	n.inside.Add(1)
	n.check()
	select {
	case n.rung <- struct{}{}:
	default:
	}
	runtime.Gosched() // give Unblock the time to be wrong
	n.check()
	n.inside.Add(-1)
}

func (n *numbered) check() {
	if n.over.Load() {
		n.late.Store(true)
	}
}

// raced is an owner and those who interrupt it. They aim at even exchanges
// only, with moments that are as old as it happens: so an odd exchange that is
// woken or has a cause got one that was meant for its neighbour.
type raced struct {
	x     sidecar.Exchange
	even  atomic.Pointer[sidecar.Gen]
	taken atomic.Int64
	stale atomic.Int64
	stop  atomic.Bool
	wg    sync.WaitGroup
}

func (r *raced) interrupt(c sidecar.Cause, lag int) {
	defer r.wg.Done()
	var old []sidecar.Gen
	for !r.stop.Load() {
		m := r.even.Load()
		if m == nil {
			runtime.Gosched()
			continue
		}
		old = append(old, *m)
		if len(old) > lag {
			if r.x.Interrupt(old[0], c) {
				r.taken.Add(1)
			} else {
				r.stale.Add(1)
			}
			old = old[1:]
		}
		runtime.Gosched()
	}
}

// once is one exchange: its waits are of every length, down to none.
func (r *raced) once(t *testing.T, number int) {
	r.x.Begin(nil, nil, 1)
	r.x.Try("a", 1, 1)
	even := number%2 == 0
	if even {
		g := r.x.Gen()
		r.even.Store(&g)
	}
	w := &numbered{rung: make(chan struct{}, 1)}
	for range 1 + number%3 {
		began := r.x.Block(w)
		switch {
		case began && number%8 == 0:
			<-w.rung // nothing else ends it
		case began && number%4 == 1:
			runtime.Gosched()
		}
		cause := r.x.Unblock()
		if w.inside.Load() != 0 {
			t.Errorf("exchange %d: Unblock returned during Wake", number)
		}
		if !even && (cause != sidecar.NoCause || !began) {
			t.Errorf("exchange %d was told %v, which was meant for another", number, cause)
		}
		if !began && cause == sidecar.NoCause {
			t.Errorf("exchange %d: no wait and no cause", number)
		}
		if number%8 == 0 && cause == sidecar.NoCause {
			t.Errorf("exchange %d was woken and not told why", number)
		}
	}
	w.over.Store(true)
	if number%5 != 0 { // Begin alone must do too
		r.x.End()
	}
	if !even && len(w.rung) != 0 {
		t.Errorf("exchange %d was woken, which was meant for another", number)
	}
	if w.late.Load() {
		t.Errorf("exchange %d: woken after its Unblock", number)
	}
}

func TestNoWakeFallsIntoTheNextExchange(t *testing.T) {
	const exchanges = 20_000
	var r raced
	// The first has no lag: a wait of an even exchange always ends.
	for i, c := range []sidecar.Cause{sidecar.ClientGone, sidecar.Lost, sidecar.DeadlineCause, sidecar.AttemptDeadline, sidecar.Draining} {
		r.wg.Add(1)
		go r.interrupt(c, i)
	}
	for n := 1; n <= exchanges && !t.Failed(); n++ {
		r.once(t, n)
	}
	r.stop.Store(true)
	r.wg.Wait()
	if r.taken.Load() == 0 || r.stale.Load() == 0 {
		t.Errorf("%d interrupts were taken, %d were stale: the race was not run", r.taken.Load(), r.stale.Load())
	}
}

// The late waker shows itself only after the owner has gone on.
func TestNoWakeComesAfterUnblock(t *testing.T) {
	const waits = 20_000
	x := begun()
	x.Kind = sidecar.Session
	var wg sync.WaitGroup
	var stop atomic.Bool
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for !stop.Load() {
				x.Interrupt(x.Gen(), sidecar.Draining) // which a Session forgets
				runtime.Gosched()
			}
		}()
	}
	wakers := make([]numbered, waits)
	for i := range wakers {
		w := &wakers[i]
		w.rung = make(chan struct{}, 1)
		if x.Block(w) && i%2 == 0 {
			<-w.rung
		}
		if c := x.Unblock(); i%2 == 0 && c != sidecar.Draining {
			t.Fatalf("wait %d: told %v", i, c)
		}
		w.over.Store(true)
	}
	stop.Store(true)
	wg.Wait()
	for i := range wakers {
		if wakers[i].late.Load() {
			t.Fatalf("wait %d was woken after its Unblock", i)
		}
	}
}

// The leaf commits an early reply while a helper still sends the request and
// finds its end: whoever comes last, no time may stay armed.
func TestNoTimeIsArmedAfterCommitWhateverTheHelperDoes(t *testing.T) {
	const exchanges = 20_000
	var x sidecar.Exchange
	var b board
	ask, done := make(chan int), make(chan struct{})
	go func() {
		defer close(done)
		for n := range ask {
			spin(n / 7 % 5)
			x.RequestDone(100)
			done <- struct{}{}
		}
	}()
	for n := range exchanges {
		x.Begin(nil, &b, 1)
		x.Try("a", 1, 1)
		x.SetTimeout(10)
		x.SetAttemptTimeout(5, 1)
		ask <- n
		spin(n % 7)
		if !x.Commit(sidecar.Success) {
			t.Fatal("nothing is held")
		}
		<-done
		if d, a := b.at[deadline].Load(), b.at[attempt].Load(); d != 0 || a != 0 {
			t.Fatalf("exchange %d: deadline armed for %d, attempt for %d", n, d, a)
		}
		x.End()
	}
	close(ask)
	<-done
}

// late is an Alarm on whose goroutine something comes in between: after the
// exchange has decided to arm and before it is done.
type late struct {
	board
	between func()
}

func (l *late) Arm(which uint8, at int64, mark uint64) {
	if between := l.between; at != 0 && between != nil {
		l.between = nil
		between()
	}
	l.board.Arm(which, at, mark)
}

func TestTimeArmedAcrossTheCommitIsTakenBack(t *testing.T) {
	for which, arm := range []func(x *sidecar.Exchange){
		func(x *sidecar.Exchange) { x.SetTimeout(10) },
		func(x *sidecar.Exchange) { x.SetAttemptTimeout(10, 1) },
	} {
		var x sidecar.Exchange
		var l late
		x.Begin(nil, &l, 1)
		x.Try("a", 1, 1)
		arm(&x)
		l.between = func() { x.Commit(sidecar.Success) }
		x.RequestDone(100)
		if l.between != nil || x.Replied() == 0 {
			t.Fatal("the commit did not come in between")
		}
		if at := l.at[which].Load(); at != 0 {
			t.Errorf("time %d is armed for %d", which, at)
		}
	}
}

// What the wheel has fired already may come while the leaf commits.
func TestNoTimeoutStandsAfterCommitWhateverTheWheelDoes(t *testing.T) {
	const exchanges = 20_000
	var x sidecar.Exchange
	ask, done := make(chan uint64), make(chan struct{})
	go func() {
		defer close(done)
		for mark := range ask {
			x.Expire(deadline, mark)
			x.Expire(attempt, mark)
			done <- struct{}{}
		}
	}()
	for n := range exchanges {
		x.Begin(nil, nil, 1)
		x.Try("a", 1, 1)
		ask <- uint64(x.Gen())
		spin(n % 7)
		x.Commit(sidecar.Success)
		first := x.Pending()
		<-done
		if p := x.Pending(); p != sidecar.NoCause || first != sidecar.NoCause {
			t.Fatalf("exchange %d: %v, then %v stands after the commit", n, first, p)
		}
		x.End()
	}
	close(ask)
	<-done
}

func spin(n int) {
	for range n {
		runtime.Gosched()
	}
}
