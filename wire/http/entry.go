package http

import (
	"strconv"
	"strings"
	"time"
)

const (
	maxVariants = 16  // replies stored of one target: the oldest makes room
	wordSize    = 8   // bytes of a pointer or a length
	entrySize   = 512 // bytes that an entry takes besides its texts, with its place in the store
)

// entry is one stored reply. It never changes.
type entry struct {
	freshness
	stored    Stored
	dest      string // the upstream that it came from: a share of the users may have another
	vary      vary
	born      int64  // when its age was 0, in the time of sidecar.Now
	delta     int64  // what it took to get, in nanoseconds
	condition string // field lines that ask whether it still holds, "" if it has no validator
	etag      string
	modified  string // Last-Modified
}

// newEntry makes an entry of a reply that came at now and took delta to come.
func newEntry(s Stored, fr freshness, dest string, v vary, now, delta int64) *entry {
	e := &entry{freshness: fr, stored: s, dest: dest, vary: v, born: now - fr.age, delta: delta}
	f := lines(s.Fields)
	if tag, ok := f.Field("etag", 0); ok {
		e.etag = string(tag)
		e.condition = "If-None-Match: " + e.etag + "\r\n"
	}
	if at, ok := f.Field("last-modified", 0); ok {
		e.modified = string(at)
		if _, good := parseDate(e.modified); good {
			e.condition += "If-Modified-Since: " + e.modified + "\r\n"
		}
	}
	return e
}

// left is how long the entry is still fresh, in nanoseconds; not after its end.
func (e *entry) left(now int64) int64 { return e.lifetime - (now - e.born) }

func (e *entry) age(now int64) int64 { return max(now-e.born, 0) }

// standsIn tells whether the entry may be used instead of a failure: for as long
// as it says itself, or as least is, whichever is more.
func (e *entry) standsIn(now int64, least time.Duration) bool {
	left := e.left(now)
	return left > 0 || !e.revalidate && -left <= max(e.staleIfError, int64(least))
}

func (e *entry) size() int {
	return entrySize + len(e.stored.Fields) + len(e.stored.Body) + len(e.dest) + e.vary.size() + 2*(len(e.etag)+len(e.modified))
}

// updated is the entry after a 304 said that it still holds: "For each stored
// response identified, the cache MUST update its header fields with the header
// fields provided in the 304 (Not Modified) response" (RFC 9111, 4.3.4).
func (e *entry) updated(h Head, wall time.Time) Stored {
	fresh := string(storedLines(h, wall))
	var kept strings.Builder
	for rest := e.stored.Fields; rest != ""; {
		name, _, next := cutLine(rest)
		if !has(lines(fresh), name) {
			kept.WriteString(rest[:len(rest)-len(next)])
		}
		rest = next
	}
	return Stored{Status: e.stored.Status, Fields: kept.String() + fresh, Body: e.stored.Body}
}

// unstored are the fields that are not stored: Age and Cache-Status are said
// anew with each answer, the others are between a proxy and its client (RFC
// 9111, 3.1).
func unstored(name []byte) bool {
	return EqualFold(name, "age") || EqualFold(name, "cache-status") || EqualFold(name, "proxy-authenticate") ||
		EqualFold(name, "proxy-authentication-info") || EqualFold(name, "proxy-authorization")
}

// storedLines are the lines of a reply that are stored, with the Date at which
// it came if it does not say when it was made.
func storedLines(h Head, wall time.Time) []byte {
	out := h.Lines(nil, unstored)
	if !has(h, "date") {
		out = append(wall.UTC().AppendFormat(append(out, "Date: "...), dateFormat), "\r\n"...)
	}
	return out
}

// notModified are the fields of a 304 of the entry (RFC 9110, 15.4.5).
func (e *entry) notModified() string {
	var out strings.Builder
	for rest := e.stored.Fields; rest != ""; {
		name, _, next := cutLine(rest)
		switch strings.ToLower(name) {
		case "cache-control", "content-location", "date", "etag", "expires", "vary", "last-modified":
			out.WriteString(rest[:len(rest)-len(next)])
		}
		rest = next
	}
	return out.String()
}

// appendAge appends the line of how old the entry is (RFC 9111, 5.1).
func (e *entry) appendAge(out []byte, now int64) []byte {
	out = append(out, "Age: "...)
	return append(strconv.AppendInt(out, e.age(now)/1e9, 10), "\r\n"...)
}
