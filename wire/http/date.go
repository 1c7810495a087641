package http

import (
	"sync/atomic"
	"time"
)

const dateFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// Dates is the time as Date tells it (RFC 9110, 5.6.7). The text is made once a
// second and shared by all replies of that second, since making it costs more
// than the rest of a reply's head. The zero value is ready; safe for concurrent
// use.
type Dates struct {
	last atomic.Pointer[date]
	wall func(now int64) time.Time // for tests; nil is the clock
}

// date is one second's text, never changed.
type date struct {
	until int64 // when the next second begins, in the time of sidecar.Now
	text  [len(dateFormat)]byte
}

// Text is the date at now, a time of sidecar.Now. It must not be changed. A now
// that is a little behind another's gets the later text: two that come with
// times about a second's turn would else make a text each time.
func (d *Dates) Text(now int64) []byte {
	last := d.last.Load()
	if last == nil || now >= last.until {
		wall := time.Now // and not derived from now, which knows nothing of a clock that was set
		if d.wall != nil {
			wall = func() time.Time { return d.wall(now) }
		}
		at := wall().UTC()
		last = &date{until: now - int64(at.Nanosecond()) + int64(time.Second)}
		at.AppendFormat(last.text[:0], dateFormat)
		d.last.Store(last)
	}
	return last.text[:]
}
