package http

import (
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
)

// maxFollowers is how many requests wait for one reply: each holds its client.
// What comes beyond goes to the backend by itself.
const maxFollowers = 4096

// maxJoins is how many leaders a request waits for, one after the other, where
// each fails before its reply is there.
const maxJoins = 3

// flights are the replies that are under way for more than one request.
type flights struct {
	mu  sync.Mutex
	all map[uint64]*flight // guarded by mu
}

// flight is one of them. Who made it asks the backend; the others wait until it
// is over and look whether it helped.
type flight struct {
	of        *flights
	key       uint64
	begun     int64
	over      chan struct{}
	lost      atomic.Bool // it ended without the reply, and another may ask; set before over
	followers int         // guarded by of.mu
	ended     bool        // guarded by of.mu
}

// join is the flight under way of that key, or a new one of which the caller is
// the leader and calls end, whatever becomes of it. nil if there is one with all
// the followers that it may have. One that began longer than limit ago is not
// waited for: a client that takes its reply a byte at a time would else keep
// everybody waiting for it, one after the other.
func (fs *flights) join(key uint64, now int64, limit time.Duration) (f *flight, leads bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f = fs.all[key]; f != nil && now-f.begun <= int64(limit) {
		if f.followers == maxFollowers {
			return nil, false
		}
		f.followers++
		return f, false
	}
	if fs.all == nil {
		fs.all = map[uint64]*flight{}
	}
	f = &flight{of: fs, key: key, begun: now, over: make(chan struct{})}
	fs.all[key] = f
	return f, true
}

// lead is a new flight, nil if one is under way.
func (fs *flights) lead(key uint64, now int64, limit time.Duration) *flight {
	f, leads := fs.join(key, now, limit)
	if leads || f == nil {
		return f
	}
	fs.mu.Lock()
	f.followers--
	fs.mu.Unlock()
	return nil
}

// lose notes, before end, that the leader failed.
func (f *flight) lose() {
	if f != nil {
		f.lost.Store(true)
	}
}

// end wakes all who wait. It may be called more than once, and by another
// goroutine than the leader's.
func (f *flight) end() {
	if f == nil {
		return
	}
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	if f.ended {
		return
	}
	f.ended = true
	if f.of.all[f.key] == f { // or another has taken its place
		delete(f.of.all, f.key)
	}
	close(f.over)
}

// await waits until the flight is over, at most for limit: then the cause is
// AttemptDeadline. Any other cause ends the exchange.
func (f *flight) await(x *sidecar.Exchange, limit time.Duration) sidecar.Cause {
	if limit <= 0 {
		return sidecar.AttemptDeadline
	}
	w := make(bell, 1)
	// The time of a try bounds the wait: the next try forgets it, where every
	// other cause would stay with the exchange.
	x.SetAttemptTimeout(int64(limit), x.Now())
	defer x.SetAttemptTimeout(0, 0)
	for {
		if !x.Block(w) {
			return x.Unblock()
		}
		select {
		case <-f.over:
		case <-w:
		}
		if cause := x.Unblock(); cause != sidecar.NoCause {
			return cause
		}
		select {
		case <-f.over:
			return sidecar.NoCause
		default: // woken for nothing
		}
	}
}

// bell wakes one who waits for a flight.
type bell chan struct{}

// Wake rings, and does nothing if it has been rung.
func (b bell) Wake() {
	select {
	case b <- struct{}{}:
	default:
	}
}
