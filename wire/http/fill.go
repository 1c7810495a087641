package http

import (
	"math"
	"strconv"
	"time"

	"sidecar"
)

const (
	// fillShare is the part of max_bytes that replies may take while they come
	// and are not stored yet.
	fillShare = 4
	// deltaShare bounds how much of its lifetime before its end an entry may be
	// refreshed: a slow reply must not make it live for nothing.
	deltaShare = 10
	minDelta   = int64(time.Millisecond)
)

// fill is one reply that a cache asked for, from the request to its place in
// the store. It is the Tap of its message.
type fill struct {
	c       *Cache
	a       *asking
	set     *CacheSettings
	dest    string
	old     *entry // what it takes the place of, nil if there is none
	asked   bool   // with the condition of old
	mine    bool   // the client has old already
	version uint32
	begun   int64
	flight  *flight // nil: nobody waits for it

	fields    string
	status    int
	fresh     freshness
	vary      vary
	body      []byte
	length    int64  // of the body, -1 if not announced
	keeps     bool   // it is to be stored
	taken     int64  // of the cache's bytes for replies under way
	validated bool   // old was found to hold
	next      *entry // old as it is then, to be stored
	stale     bool   // old stood in
}

// Head decides what becomes of the reply.
func (f *fill) Head(h Head) (instead *Stored, note []byte, keep bool) {
	now, status := sidecar.Now(), h.Status() // a try of its own may have brought it, on another goroutine
	if f.set.Mode == CacheDark {
		f.keeps = f.collect(h, now)
		return nil, nil, f.keeps
	}
	switch {
	case f.asked && status == 304:
		return f.revalidated(h, now)
	case f.old != nil && staleFor(status) && f.old.allows(f.a) && f.old.standsIn(now, f.set.LastGood):
		f.stale = true
		f.flight.end()
		return f.again(f.old, now, statusNote("hit; fwd=stale; fwd-status=", status))
	}
	if f.keeps = f.collect(h, now); f.keeps {
		return nil, f.note("; stored"), true
	}
	f.flight.end() // there will be nothing to wait for
	if f.old != nil && status < 500 {
		f.c.store.remove(f.a, f.old) // it has been replaced by what must not be stored
	}
	return nil, f.note(""), false
}

// staleFor tells whether a reply of that status is a failure that RFC 5861, 4
// speaks of.
func staleFor(status int) bool {
	return status == 500 || status == 502 || status == 503 || status == 504
}

// note tells what the cache did, in the words of RFC 9211.
func (f *fill) note(more string) []byte {
	why := "fwd=uri-miss"
	switch {
	case f.a.noCache || f.a.maxAge >= 0:
		why = "fwd=request"
	case f.old != nil:
		why = "fwd=stale"
	}
	return []byte("Cache-Status: sidecar; " + why + more + "\r\n")
}

func statusNote(what string, status int) string { return what + strconv.Itoa(status) }

// collect reads what the reply says of being stored, and makes ready for its
// body; false if it will not be stored.
func (f *fill) collect(h Head, now int64) bool {
	f.status, f.length = h.Status(), -1
	v, sized := h.Field("content-length", 0)
	if sized {
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || n > f.set.MaxEntry {
			return false
		}
		f.length = n
	}
	if !sized && !has(h, "transfer-encoding") && hasBody(f.status) {
		return false // it ends with its connection, and that may be too early
	}
	wall := time.Now()
	fresh, ok := freshnessOf(f.status, h, max(now-f.begun, 0), wall)
	if f.fresh = fresh; !ok {
		return false
	}
	if !f.fresh.allows(f.a) {
		return false
	}
	if f.vary, ok = varyOf(h, f.a.cached); !ok {
		return false
	}
	f.fields = string(storedLines(h, wall))
	if f.length > 0 {
		if !f.take(f.length) {
			return false
		}
		f.body = make([]byte, 0, f.length)
	}
	return true
}

// take counts n more bytes under way; false if they are too many.
func (f *fill) take(n int64) bool {
	if f.c.filling.Add(n) > f.set.MaxBytes/fillShare {
		f.c.filling.Add(-n)
		return false
	}
	f.taken += n
	return true
}

// Body collects the next piece.
func (f *fill) Body(p []byte) {
	if !f.keeps {
		return
	}
	size := int64(len(f.body) + len(p))
	if more := size - f.taken; size > f.set.MaxEntry || more > 0 && !f.take(max(more, min(f.taken, f.set.MaxEntry-f.taken))) {
		f.keeps, f.body = false, nil
		f.flight.end()
		return
	}
	f.body = append(f.body, p...)
}

// revalidated takes the stored reply for the one to come: it still holds.
func (f *fill) revalidated(h Head, now int64) (instead *Stored, note []byte, keep bool) {
	f.validated = true
	e := f.renewed(h, now)
	if f.next = e; e == nil {
		e = f.old
		f.c.store.remove(f.a, f.old)
		f.flight.end()
	}
	return f.again(e, now, "fwd=stale; fwd-status=304")
}

// renewed is the stored reply with what a 304 says of it, nil if that must not be
// stored. It is held to what a whole reply to this request would be: who asked
// may be somebody known, and what it depends on may be said only now.
func (f *fill) renewed(h Head, now int64) *entry {
	if tag, ok := h.Field("etag", 0); ok && f.old.etag != "" && !sameTag(string(tag), f.old.etag) {
		return nil // of another version, under whose name the body would live on
	}
	wall, delay := time.Now(), max(now-f.begun, 0)
	s := f.old.updated(h, wall)
	fresh, ok := freshnessOf(s.Status, lines(s.Fields), delay, wall)
	if !ok || !fresh.allows(f.a) {
		return nil
	}
	v, ok := varyOf(lines(s.Fields), f.a.cached)
	if !ok {
		return nil
	}
	return newEntry(s, fresh, f.dest, v, now, delay)
}

// again is the stored reply as it goes out.
func (f *fill) again(e *entry, now int64, status string) (instead *Stored, note []byte, keep bool) {
	note = e.appendAge([]byte("Cache-Status: sidecar; "+status+"\r\n"), now)
	if f.mine {
		return &Stored{Status: 304, Fields: e.notModified()}, note, false
	}
	return &e.stored, note, false
}

// finish stores the reply if it has come whole, and ends what waits for it.
func (f *fill) finish(now int64, whole, failed bool) {
	if f.keeps && (f.length < 0 || f.length == int64(len(f.body))) {
		s := Stored{Status: f.status, Fields: f.fields, Body: f.body}
		f.next = newEntry(s, f.fresh, f.dest, f.vary, now, max(now-f.begun, 0))
	}
	if f.next != nil && whole && f.c.store.put(f.a, f.next, f.version) {
		f.c.stats.stored.Inc()
	}
	f.c.filling.Add(-f.taken)
	f.taken = 0
	if failed {
		f.flight.lose()
	}
	f.flight.end()
}

// early tells whether this request refreshes the entry although it is still
// fresh, by XFetch (Vattani, Chierichetti and Lowenstein, VLDB 2015): now -
// delta * beta * ln(u) >= expiry, where delta is what it took to get and u is
// even over (0, 1]. Of many readers one is likely to come early, and when the
// entry ends nobody finds it gone.
func (e *entry) early(left int64, beta float64, random func() float64) bool {
	spread := float64(min(max(e.delta, minDelta), max(e.lifetime/deltaShare, 1))) * beta
	const farthest = 40 // -ln(u) is more once in 10^17
	if spread <= 0 || float64(left) > farthest*spread {
		return false
	}
	return -math.Log(1-random())*spread >= float64(left)
}
