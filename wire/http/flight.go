package http

import (
	"sync"
	"time"

	"sidecar"
)

// maxFollowers is how many requests wait for one reply: each holds its client.
// What comes beyond goes to the backend by itself.
const maxFollowers = 4096

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
	over      chan struct{}
	followers int  // guarded by of.mu
	ended     bool // guarded by of.mu
}

// join is the flight under way of that key, or a new one of which the caller is
// the leader and calls end, whatever becomes of it. nil if there is one with all
// the followers that it may have.
func (fs *flights) join(key uint64) (f *flight, leads bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f = fs.all[key]; f != nil {
		if f.followers == maxFollowers {
			return nil, false
		}
		f.followers++
		return f, false
	}
	if fs.all == nil {
		fs.all = map[uint64]*flight{}
	}
	f = &flight{of: fs, key: key, over: make(chan struct{})}
	fs.all[key] = f
	return f, true
}

// lead is a new flight, nil if one is under way.
func (fs *flights) lead(key uint64) *flight {
	f, leads := fs.join(key)
	if leads || f == nil {
		return f
	}
	fs.mu.Lock()
	f.followers--
	fs.mu.Unlock()
	return nil
}

// end wakes all who wait. It may be called more than once, and by another
// goroutine than the leader's.
func (f *flight) end() {
	if f == nil {
		return
	}
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	if !f.ended {
		f.ended = true
		f.of.forget(f)
		close(f.over)
	}
}

// leave lets the next request lead a flight of its own, as this one is too slow
// to wait for: a client that takes its reply a byte at a time would else keep
// everybody waiting for it, one after the other.
func (f *flight) leave() {
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	f.of.forget(f)
}

// forget takes f out, of which another may have taken the place. Call with mu
// held.
func (fs *flights) forget(f *flight) {
	if fs.all[f.key] == f {
		delete(fs.all, f.key)
	}
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
