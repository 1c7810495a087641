package http

import (
	"strings"
	"time"
)

// freshness is how long a stored reply may be used without asking again (RFC
// 9111, 4.2). Times are nanoseconds.
type freshness struct {
	lifetime     int64
	age          int64 // when it came
	staleIfError int64 // how long after its lifetime it may stand in for a failure
	revalidate   bool  // it must not be used stale
	forAuth      bool  // it may answer requests with Authorization (3.5)
	forCookie    bool  // and those with Cookie
}

// allows tells whether the reply may be shared with a request of somebody known,
// and may be stored if that brought it.
func (fr *freshness) allows(a *asking) bool {
	return (!a.auth || fr.forAuth) && (!a.cookie || fr.forCookie)
}

// freshnessOf says how long a reply may be used, false if it may not be stored
// by a cache that several clients share (3). delay is how long it took to come;
// wall is the time of day.
//
// There are no heuristics (4.2.2): a reply that does not say how long it holds
// is not stored. Neither is one that sets a cookie, which the standard leaves to
// the server and is a mistake of it more often than not.
func freshnessOf(status int, f fields, delay int64, wall time.Time) (fr freshness, ok bool) {
	c := controlOf(f)
	if !storable(status) || c.noStore || c.private || c.noCache || has(f, "set-cookie") {
		return fr, false
	}
	lifetime := c.sMaxAge
	if lifetime < 0 {
		lifetime = c.maxAge
	}
	date, dated := dateOf(f, "date")
	if lifetime < 0 {
		expires, ok := dateOf(f, "expires")
		if !ok || !dated {
			return fr, false
		}
		lifetime = min(int64(expires.Sub(date)/time.Second), maxDelta)
	}
	// 4.2.3: corrected_initial_age = max(apparent_age, corrected_age_value).
	age := delay
	age += oldest(f) * int64(time.Second)
	if dated {
		age = max(age, int64(wall.Sub(date)))
	}
	fr = freshness{
		lifetime: lifetime * int64(time.Second), age: age, revalidate: c.revalidate || c.sMaxAge >= 0,
		forAuth: c.public || c.sMaxAge >= 0 || c.revalidate, forCookie: c.public,
		staleIfError: max(c.staleIfError, 0) * int64(time.Second),
	}
	return fr, fr.lifetime > fr.age
}

// oldest is the longest of the ages that fields name, in seconds: of two, one is
// a lie.
func oldest(f fields) (age int64) {
	for n := 0; ; n++ {
		v, ok := f.Field("age", n)
		if !ok {
			return age
		}
		age = max(age, deltaSeconds(v))
	}
}

// storable are the final statuses that are stored where they say for how long:
// those that say something of the resource and not of one request for it. 206
// is a part, 304 an answer to one condition, failures are better asked again.
func storable(status int) bool {
	switch status {
	case 200, 203, 204, 300, 301, 302, 307, 308, 404, 410:
		return true
	}
	return false
}

func has(f fields, lower string) bool {
	_, ok := f.Field(lower, 0)
	return ok
}

// dateOf is the time that a field names, false if it is not there, is there
// twice or names none: "A cache recipient MUST interpret invalid date formats,
// especially the value "0", as representing a time in the past" (5.3), which is
// as good as none here.
func dateOf(f fields, lower string) (time.Time, bool) {
	v, ok := f.Field(lower, 0)
	if _, twice := f.Field(lower, 1); !ok || twice {
		return time.Time{}, false
	}
	return parseDate(string(v))
}

// parseDate reads the three forms of RFC 9110, 5.6.7.
func parseDate(s string) (time.Time, bool) {
	for _, form := range [...]string{dateFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// lines are field lines as they are stored, each with its CRLF.
type lines string

// Field is the n-th value, from 0, of the fields of the name lower.
func (l lines) Field(lower string, n int) ([]byte, bool) {
	for rest := string(l); rest != ""; {
		var name, value string
		name, value, rest = cutLine(rest)
		if !strings.EqualFold(name, lower) {
			continue
		}
		if n == 0 {
			return []byte(value), true
		}
		n--
	}
	return nil, false
}

// cutLine cuts the first of lines of the form "Name: value" and CRLF.
func cutLine(l string) (name, value, rest string) {
	line, rest, _ := strings.Cut(l, "\r\n")
	name, value, _ = strings.Cut(line, ": ")
	return name, value, rest
}
