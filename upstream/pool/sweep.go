package pool

import (
	"slices"
	"time"

	"sidecar"
)

// maxLooks is how many idle connections one Sweep looks at: a large pool is
// seen in several, rather than in one burst of system calls.
const maxLooks = 64

// Sweep keeps the idle connections in order; the owner calls it about once a
// second. It closes those that the peer has closed, those that it would soon
// close, and those above the low watermark that were idle for too long.
func (p *Exclusive) Sweep(now int64) {
	var seen sighting
	var shut []*held
	alive := 0
	for range maxLooks {
		h := p.takeForLook(alive)
		if h == nil {
			break
		}
		// Without the lock, and out of the list: nobody else may use it while
		// its socket is read.
		open := h.conn.Status(true) == sidecar.Open
		if open {
			alive++
		}
		if h.used {
			// One that nobody has used yet is under another limit of the
			// server's, mostly a longer one.
			seen.add(open, now-h.since, h.good)
		}
		h.good = now - h.since
		if !p.returnFromLook(h, open) {
			shut = append(shut, h)
		}
	}
	shut = p.retire(shut, now, seen)
	for _, h := range shut {
		h.conn.Close()
	}
}

// takeForLook takes the next idle connection out, nil after the last. Those
// that the sweep has returned (alive many) are not taken again.
func (p *Exclusive) takeForLook(alive int) *held {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cursor >= len(p.idle) {
		if alive > 0 || len(p.idle) == 0 {
			p.cursor = 0
			return nil
		}
		p.cursor = 0
	}
	h := p.idle[p.cursor]
	p.idle = slices.Delete(p.idle, p.cursor, p.cursor+1)
	p.looking++
	p.note()
	return h
}

// returnFromLook puts h back where it was, or gives it to who came to
// wait meanwhile. False if it is not to be used any more.
func (p *Exclusive) returnFromLook(h *held, open bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking--
	if !open || p.closed {
		p.size--
		p.fill()
		return false
	}
	if w := p.queue.pop(); w != nil {
		w.got = h
		w.Wake()
		p.note()
		return true
	}
	// Others come and go at the young end only, so its place is the same.
	at := min(p.cursor, len(p.idle))
	p.idle = slices.Insert(p.idle, at, h)
	p.cursor = at + 1
	return true
}

// retire learns from what was seen and adds to shut what is to be closed. The
// oldest stand first, so that only the front is looked at.
func (p *Exclusive) retire(shut []*held, now int64, seen sighting) []*held {
	s := p.settings.Load()
	low := max(0, s.LowWatermark)
	if p.cold.Load() {
		low = 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server.learn(seen, now)
	n := 0
	for ; n < len(p.idle); n++ {
		age := now - p.idle[n].since
		beyond := s.IdleTimeout > 0 && age > int64(s.IdleTimeout) && len(p.idle)-n > low
		if !beyond && !p.server.near(age) {
			break
		}
		shut = append(shut, p.idle[n])
	}
	p.idle = slices.Delete(p.idle, 0, n)
	p.size -= n
	p.cursor = max(0, p.cursor-n)
	p.fill()
	return shut
}

// sighting is what one sweep saw of idle connections; times in nanoseconds.
type sighting struct {
	dead              int
	oldAlive, oldDead int64 // the longest that one of them had been idle
	good              int64 // for how long that dead one had been when it was last found open, 0: never
}

func (s *sighting) add(open bool, age, good int64) {
	if open {
		s.oldAlive = max(s.oldAlive, age)
		return
	}
	s.dead++
	if age > s.oldDead {
		s.oldDead, s.good = age, good
	}
}

// serverLimit is how long the server lets a connection idle, as far as we can
// tell: a connection closed a little before that cannot be closed by the server
// just while a request is being written to it.
//
// It is learned from the oldest connection that a sweep finds closed, and only
// if no older one is alive: a server with a limit closes all that are older, a
// server that restarts closes them at any age. The limit lies between the last
// sweep that found it open and the one that found it closed; the former counts,
// and only four fifths of it are used, since sweeps are a second apart. As we then
// close first and see no more evidence, it grows by half a percent a second,
// until the server is again seen to close: a wrong lesson wears off in minutes,
// a right one is confirmed about once a minute.
type serverLimit struct {
	limit int64 // 0 is unknown
	last  int64 // when it last grew
}

const (
	// minLimit keeps a coincidence from closing connections that were hardly
	// idle; lookAfter protects those.
	minLimit = int64(time.Second)
	// maxLimit is where a limit is no longer of interest.
	maxLimit = int64(time.Hour)
	growth   = 200 // parts of the limit that make one second's growth
)

func (l *serverLimit) learn(seen sighting, now int64) {
	if seconds := (now - l.last) / int64(time.Second); seconds > 0 {
		l.limit += l.limit / growth * min(seconds, growth)
		l.last += seconds * int64(time.Second)
	}
	if l.limit > maxLimit {
		l.limit = 0
	}
	if seen.dead > 0 && seen.oldDead > seen.oldAlive {
		d := seen.oldDead
		if seen.good > 0 {
			d = seen.good
		}
		d = max(minLimit, d)
		if l.limit == 0 || d < l.limit {
			l.limit, l.last = d, now
		}
	}
}

// near tells whether the server would soon close a connection of that idle time.
func (l *serverLimit) near(age int64) bool {
	return l.limit > 0 && age > l.limit/5*4
}
