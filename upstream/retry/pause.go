package retry

import (
	"sync"
	"time"

	"sidecar"
)

// pauses are the waits between tries. They are used again, so that waiting
// allocates nothing; an upstream has no more of them than requests under way.
type pauses struct{ free sync.Pool }

func newPauses() *pauses {
	return &pauses{free: sync.Pool{New: func() any {
		p := &pause{timer: time.NewTimer(time.Hour), woken: make(chan struct{}, 1)}
		p.timer.Stop()
		return p
	}}}
}

// pause is one wait. The time of the last try has been disarmed before.
type pause struct {
	timer *time.Timer
	woken chan struct{} // of one place: wakes of one wait are one
}

// Wake ends the wait. It takes no lock but the channel's own.
func (p *pause) Wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// wait keeps x's owner for d nanoseconds, unless something interrupts it, which
// is told.
func (ps *pauses) wait(x *sidecar.Exchange, d int64) sidecar.Cause {
	p := ps.free.Get().(*pause)
	defer ps.free.Put(p)
	// A body that is not under way cannot stand still; the time of a try that
	// is over must not be taken for the next one's.
	if x.Complete() != 0 {
		x.Settled()
	}
	x.SetAttemptTimeout(0, x.Now())
	for end := x.Now() + d; ; {
		left := end - x.Now()
		if left <= 0 {
			return sidecar.NoCause
		}
		p.timer.Reset(time.Duration(left))
		if x.Block(p) {
			select {
			case <-p.timer.C:
			case <-p.woken:
			}
		}
		cause := x.Unblock()
		p.timer.Stop()
		select { // a wake that came with the time is for nobody any more
		case <-p.woken:
		default:
		}
		if cause != sidecar.NoCause {
			return cause
		}
	}
}
