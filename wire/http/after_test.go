package http

import (
	"testing"
	"time"
)

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	wall := time.Date(1994, 11, 6, 8, 49, 7, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "30": 30 * time.Second, "0030": 30 * time.Second, "86400": maxAfter, "86401": maxAfter,
		"99999999999999999999999999999999": maxAfter,
		"Sun, 06 Nov 1994 08:49:37 GMT":    30 * time.Second,
		"Sunday, 06-Nov-94 08:49:37 GMT":   30 * time.Second,
		"Sun Nov  6 08:49:37 1994":         30 * time.Second,
		"Sun, 06 Nov 1994 08:49:00 GMT":    0, // over
		"Sun, 06 Nov 2994 08:49:37 GMT":    maxAfter,
		"":                                 0, "-1": 0, "1.5": 0, "soon": 0, "30 s": 0,
	} {
		if got := RetryAfter([]byte(value), wall); got != int64(want) {
			t.Errorf("%q: %v, want %v", value, time.Duration(got), want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"30", "Sun, 06 Nov 1994 08:49:37 GMT", "99999999999999999999", ""} {
		f.Add([]byte(s))
	}
	wall := time.Date(1994, 11, 6, 8, 49, 7, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value []byte) {
		if got := RetryAfter(value, wall); got < 0 || got > int64(maxAfter) {
			t.Errorf("%q: %d", value, got)
		}
	})
}
