package http

import "math"

// maxDelta is the longest time that a directive can name, in seconds (RFC 9111,
// 1.2.2): "If a cache receives a delta-seconds value greater than the greatest
// integer it can represent [...] the cache MUST consider the value to be
// 2147483648 (2^31) or the greatest positive integer it can conveniently
// represent."
const maxDelta = math.MaxInt32

// control is what Cache-Control says, in a request or a reply (RFC 9111, 5.2).
// Times are in seconds, -1 where nothing is said of them.
type control struct {
	noStore, noCache, private, public bool
	revalidate                        bool // must-revalidate or proxy-revalidate
	onlyIfCached                      bool
	given                             bool // there is a Cache-Control field at all
	maxAge, sMaxAge, minFresh         int64
	staleIfError                      int64 // RFC 5861
}

func (c *control) reset() { *c = control{maxAge: -1, sMaxAge: -1, minFresh: -1, staleIfError: -1} }

// add reads one more field of that name: "cache-directive = token [ "=" ( token
// / quoted-string ) ]", names in any case.
//
// A directive that limits to some fields (private="X-A") is taken for the one
// without, which is stricter and allowed (5.2.2.4 and 5.2.2.7). A time that is
// none is 0, as "caches are encouraged to consider responses that have invalid
// freshness information [...] to be stale" (4.2.1), and of two the shorter counts.
// Behind a quote that does not end anything may stand: it is taken for no-store.
func (c *control) add(v []byte) {
	c.given = true
	for len(v) > 0 {
		var name, value []byte
		var whole bool
		name, value, v, whole = nextDirective(v)
		c.take(name, value)
		c.noStore = c.noStore || !whole
	}
}

func (c *control) take(name, value []byte) {
	switch {
	case EqualFold(name, "no-store"):
		c.noStore = true
	case EqualFold(name, "no-cache"):
		c.noCache = true
	case EqualFold(name, "private"):
		c.private = true
	case EqualFold(name, "public"):
		c.public = true
	case EqualFold(name, "must-revalidate"), EqualFold(name, "proxy-revalidate"):
		c.revalidate = true
	case EqualFold(name, "only-if-cached"):
		c.onlyIfCached = true
	case EqualFold(name, "max-age"):
		c.maxAge = shorter(c.maxAge, deltaSeconds(value))
	case EqualFold(name, "s-maxage"):
		c.sMaxAge = shorter(c.sMaxAge, deltaSeconds(value))
	case EqualFold(name, "min-fresh"):
		c.minFresh = max(c.minFresh, deltaSeconds(value))
	case EqualFold(name, "stale-if-error"):
		c.staleIfError = shorter(c.staleIfError, deltaSeconds(value))
	}
}

// shorter is the shorter of two times, of which the first may not have been
// said.
func shorter(a, b int64) int64 {
	if a < 0 {
		return b
	}
	return min(a, b)
}

// deltaSeconds reads delta-seconds; what is none is 0.
func deltaSeconds(v []byte) int64 {
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0
		}
		n = min(10*n+int64(c-'0'), maxDelta)
	}
	return n
}

// nextDirective cuts the first directive off a list. Commas within a quoted value
// do not end it. A quote elsewhere is a byte as any other, or it would hide what
// stands behind it from us and not from others; one that is not closed reaches to
// the end, and is whole = false.
func nextDirective(list []byte) (name, value, rest []byte, whole bool) {
	end, equals, quoted := len(list), -1, false
scan:
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && (quoted || equals >= 0 && len(Trim(list[equals+1:i])) == 0):
			quoted = !quoted
		case quoted:
		case c == '=' && equals < 0:
			equals = i
		case c == ',':
			end, rest = i, list[i+1:]
			break scan
		}
	}
	name = list[:end]
	if equals >= 0 {
		name, value = list[:equals], Trim(list[equals+1:end])
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
	}
	return Trim(name), value, rest, !quoted
}

// fields are what has fields by their names: a request as it will be sent, a
// reply, what is stored of one.
type fields interface {
	// Field is the n-th value, from 0, of the fields of the name lower.
	Field(lower string, n int) ([]byte, bool)
}

// controlOf is what all Cache-Control fields say together.
func controlOf(f fields) (c control) {
	c.reset()
	for n := 0; ; n++ {
		v, ok := f.Field("cache-control", n)
		if !ok {
			return c
		}
		c.add(v)
	}
}
