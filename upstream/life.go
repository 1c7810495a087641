package upstream

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
)

// limbo is how long an endpoint that is not announced any more is kept for its
// return: closed to picks and without new connections, but with those it has.
const limbo = 10 * time.Second

// maxLimbo is how many endpoints are in limbo, or as many as are announced if
// those are more. Each has its pool and its series, some 5 KB: a registry that
// announces others each time would else make a gigabyte of them.
const maxLimbo = 10_000

// life is how an endpoint comes to its end. It is removed when it is no longer
// announced; it is in limbo for a time, in which it may return as if nothing
// had been; then it ends with the last exchange inside.
type life struct {
	// users are the exchanges inside, under the bit ending once the limbo is
	// over; ended if negative. One word: who leaves last may be slow to end the
	// endpoint, and it must not end one that has returned meanwhile.
	users   atomic.Int64
	removed atomic.Bool
	until   atomic.Int64 // when the limbo is over

	mu       sync.Mutex // guards sessions
	sessions map[*sidecar.Exchange]sidecar.Gen
}

const (
	ending = 1 << 62
	// ended is what users is set to when nobody may enter any more. It has the
	// bit ending, too.
	ended = math.MinInt64 / 2
)

// enter keeps the endpoint from ending until leave; false if it has ended.
func (l *life) enter() bool {
	for {
		n := l.users.Load()
		if n < 0 {
			return false
		}
		if l.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave ends what enter began. The last to leave an endpoint whose limbo is
// over ends it.
func (e *endpoint) leave() {
	if e.users.Add(-1) == ending {
		e.end()
	}
}

// remove closes the endpoint to pickers, at once.
func (l *life) remove(now int64) {
	l.until.Store(now + int64(limbo))
	l.removed.Store(true)
}

// revive makes a removed endpoint that has not ended usable again; false if it
// has. With the cluster's lock held, as expire is.
func (l *life) revive() bool {
	for {
		n := l.users.Load()
		if n < 0 {
			return false
		}
		if l.users.CompareAndSwap(n, n&^ending) {
			l.removed.Store(false)
			return true
		}
	}
}

// expire ends the endpoint's limbo if its time has come: it ends as soon as it
// is empty, and sessions inside are asked to end. Either this sees that nobody
// is inside, or the last one's leave sees that the limbo is over.
func (e *endpoint) expire(now int64) {
	if now < e.until.Load() || e.users.Or(ending)&ending != 0 {
		return
	}
	e.end()
	e.mu.Lock()
	defer e.mu.Unlock()
	for x, g := range e.sessions {
		x.Interrupt(g, sidecar.Draining)
	}
}

// end closes the pool if nobody is inside and it has not returned.
func (e *endpoint) end() {
	if e.users.CompareAndSwap(ending, ended) {
		e.pool.Close()
	}
}

// over tells whether it has ended.
func (l *life) over() bool { return l.users.Load() < 0 }

// inLimbo tells whether it is kept for its return.
func (l *life) inLimbo() bool {
	return l.removed.Load() && l.users.Load()&ending == 0
}

// hold notes a session, so that it can be asked to end; drop forgets it. An
// exchange that becomes one on the way, a tunnel, has no safe point at which it
// could end, and stays.
func (l *life) hold(x *sidecar.Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sessions == nil {
		l.sessions = map[*sidecar.Exchange]sidecar.Gen{}
	}
	l.sessions[x] = x.Gen()
}

func (l *life) drop(x *sidecar.Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, x)
}
