package http

import (
	"bytes"
	"hash/maphash"
	"strings"

	"sidecar"
)

// Cached is a message as a cache uses it. It is called by the goroutine that
// owns the exchange, before the first try or after the last.
type Cached interface {
	// Field is the n-th value, from 0, of the request's fields of the name
	// lower, as they will be sent; Upgrade only where it would be obeyed.
	Field(lower string, n int) ([]byte, bool)
	// Tap shows the reply that goes out to t. condition are field lines that are
	// sent in the place of the client's own If-None-Match and If-Modified-Since;
	// with none, these go as they came.
	Tap(t Tap, condition string)
	// Note is the field lines that are added to the final reply, whoever makes
	// it; the cache writes them there.
	Note() *[]byte
}

// maxKey is the longest host and target of which anything is stored: they are
// kept with it.
const maxKey = 8 << 10

// asking is what a cache must know of a request.
type asking struct {
	control
	cached     Cached
	host, path []byte // path with its query; valid until Do returns
	key        uint64 // of both
	auth       bool   // it is somebody's
	cookie     bool
}

// read looks at a GET or HEAD; false if no cache may be used for it or it is
// better left alone: what asks for a part, has a body, changes protocol or says
// no-store.
func (a *asking) read(m sidecar.Message, c Cached, seed maphash.Seed) bool {
	a.cached = c
	for _, name := range [...]string{"range", "if-match", "if-unmodified-since", "if-range", "transfer-encoding", "content-length", "upgrade"} {
		if has(c, name) {
			return false
		}
	}
	a.control = controlOf(c)
	if v, ok := c.Field("pragma", 0); ok && !a.given && HasToken(v, "no-cache") {
		a.noCache = true // RFC 9111, 5.4
	}
	a.auth, a.cookie = has(c, "authorization"), has(c, "cookie")
	return !a.noStore && a.name(m, seed)
}

// name finds what the request is for: its host and target, which are the key of
// whatever is stored of it.
func (a *asking) name(m sidecar.Message, seed maphash.Seed) bool {
	t, ok := m.(Filtered)
	if !ok {
		return false
	}
	a.host, _ = m.Attr(sidecar.Selector{Attr: AttrHost})
	a.path = t.Target()
	if len(a.host)+len(a.path) > maxKey || len(a.path) == 0 || a.path[0] != '/' {
		return false
	}
	a.key = maphash.Bytes(seed, a.host)*31 ^ maphash.Bytes(seed, a.path)
	return true
}

// mine tells whether the client's own condition says that it has the entry
// already (RFC 9111, 4.3.2).
func (a *asking) mine(e *entry) bool {
	if _, ok := a.cached.Field("if-none-match", 0); ok {
		for n := 0; ; n++ {
			list, ok := a.cached.Field("if-none-match", n)
			if !ok {
				return false
			}
			if e.etag != "" && matchesTag(list, e.etag) {
				return true
			}
		}
	}
	v, ok := a.cached.Field("if-modified-since", 0)
	if !ok || e.modified == "" {
		return false
	}
	if string(v) == e.modified {
		return true
	}
	since, ok := parseDate(string(v))
	at, good := parseDate(e.modified)
	return ok && good && !at.After(since)
}

// matchesTag compares weakly (RFC 9110, 8.8.3.2), which is what If-None-Match
// asks for. Tags may hold commas.
func matchesTag(list []byte, tag string) bool {
	opaque := bytes.TrimPrefix([]byte(tag), weak)
	for list = Trim(list); len(list) > 0; {
		if list[0] == '*' {
			return true
		}
		item := bytes.TrimPrefix(list, weak)
		end := -1
		if len(item) > 0 && item[0] == '"' {
			end = bytes.IndexByte(item[1:], '"')
		}
		if end < 0 {
			return false // no list of tags
		}
		if bytes.Equal(item[:end+2], opaque) {
			return true
		}
		list = bytes.TrimLeft(item[end+2:], ", \t")
	}
	return false
}

// sameTag compares two entity tags, weakly.
func sameTag(a, b string) bool { return strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/") }

var weak = []byte("W/")
