package http

import (
	"time"
)

// maxAfter bounds what a Retry-After may ask for: what is over a day is a slip
// or an attack, and sums of times must not overflow.
const maxAfter = 24 * time.Hour

// RetryAfter is for how long the value of a Retry-After field asks to be left
// alone, in nanoseconds: "The value of this field can be either an HTTP-date or
// a number of seconds to delay" (RFC 9110, 10.2.3). 0 for what is neither, for a
// date that is over, and for no time at all; at most a day.
func RetryAfter(value []byte, wall time.Time) int64 {
	if d, ok := seconds(value); ok {
		return int64(d)
	}
	// RFC 9110, 5.6.7: the form of today and the two obsolete ones, which a
	// recipient must accept too.
	const longest = len("Wednesday, 06-Nov-94 08:49:37 GMT")
	if len(value) > longest {
		return 0
	}
	for _, form := range [...]string{dateFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
		if at, err := time.Parse(form, string(value)); err == nil {
			return int64(min(max(0, at.Sub(wall)), maxAfter))
		}
	}
	return 0
}

// seconds is a number of seconds in decimal digits.
func seconds(value []byte) (time.Duration, bool) {
	d := time.Duration(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		d = min(d*10+time.Duration(c-'0')*time.Second, maxAfter)
	}
	return d, len(value) > 0
}
