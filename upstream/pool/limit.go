package pool

import "time"

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

// sightings are what one sweep saw. A connection that nobody has used yet is
// under another limit of the server's than the others, mostly a longer one.
type sightings struct {
	used, unused sighting
	lived        int64 // the longest life of one that ended unused
}

func (s *sightings) add(h *held, open bool, now int64) {
	if h.used {
		s.used.add(open, now-h.since, h.good)
		return
	}
	s.unused.add(open, now-h.since, h.good)
	if !open {
		s.lived = max(s.lived, now-h.made)
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

// edge is the idle time from which on the server would soon close, 0 if
// unknown.
func (l *serverLimit) edge() int64 { return l.limit / 5 * 4 }

// near tells whether the server would soon close a connection of that idle time.
func (l *serverLimit) near(age int64) bool { return l.limit > 0 && age > l.edge() }
