package xds

import (
	"time"
)

// entry is a resource that is asked for, as far as it is known.
type entry struct {
	parsed
	version string
	sum     uint64    // of the bytes that parsed was made of
	known   bool      // parsed is what was told last
	gone    string    // why it does not exist; "" if it does, or nothing is known
	due     time.Time // when an answer is overdue; zero if there was one on this stream
	until   time.Time // when it is dropped, zero for never
	trouble error     // why what is known may be old, or nothing is known
	stale   bool      // trouble is only that there was no stream
	changed uint64    // what is known changed as the how many-th of its world
}

// take takes what was told.
func (e *entry) take(p parsed, version string, ttl time.Duration, now time.Time) {
	e.parsed, e.version, e.known, e.gone = p, version, true, ""
	e.stands(ttl, now)
}

// stands notes that what is known was confirmed.
func (e *entry) stands(ttl time.Duration, now time.Time) {
	e.due, e.until, e.trouble, e.stale = time.Time{}, time.Time{}, nil, false
	if ttl > 0 {
		e.until = now.Add(ttl)
	}
}

// drop takes note that the resource does not exist, and why.
func (e *entry) drop(why string) {
	e.parsed, e.version, e.known, e.gone = parsed{name: e.name}, "", false, why
	e.due, e.until, e.trouble, e.stale = time.Time{}, time.Time{}, nil, false
}

// refuse keeps what is known beside a version that cannot be used.
func (e *entry) refuse(err error) { e.due, e.trouble, e.stale = time.Time{}, err, false }
