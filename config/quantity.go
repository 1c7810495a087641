package config

import (
	"strconv"
	"time"
)

// span asks for a duration. zero says what 0 means there; "" if it may not be.
func (t *table) span(name, def, zero string) time.Duration {
	return t.spanFrom(name, def, zero, byDefault)
}

// spanFrom is span for a default that is itself set somewhere.
func (t *table) spanFrom(name, def, zero, origin string) time.Duration {
	f := t.field(name)
	d, text, ok := f.duration(def, zero)
	if !ok {
		return 0
	}
	if r := f.raised(d); r != d {
		d, text = r, durationText(r)
	}
	f.settle(quote(text), origin)
	return d
}

// floor asks for a duration that only bounds a computed one from below. The
// clock keeps neither more finely than its ticks, so it is not raised.
func (t *table) floor(name, def string) time.Duration {
	f := t.field(name)
	d, text, ok := f.duration(def, "none")
	if ok {
		f.settle(quote(text), byDefault)
	}
	return d
}

// duration is the value, or that of def where it is not set, with its text;
// false if it is none, which has been told then.
func (f field) duration(def, zero string) (d time.Duration, text string, ok bool) {
	text = def
	if f.set {
		if text, ok = f.value.(string); !ok {
			f.unitless(`a duration such as "250ms"`)
			return 0, "", false
		}
	}
	d, err := parseDuration(text)
	if err == nil && d == 0 && zero == "" {
		err = errNotZero
	}
	if err != nil {
		f.fail("%v", err)
		return 0, "", false
	}
	return d, text, true
}

// unitless reports a value that is no text; a number probably lacks its unit.
func (f field) unitless(what string) {
	if n, number := f.value.(int64); number && n > 0 {
		f.fail("expected %s, got the number %d; did you mean %s?", what, n, shown(strconv.FormatInt(n, 10)+"s"))
		return
	}
	f.expected(what)
}

// raised is d, or the least time that the clock can keep.
func (f field) raised(d time.Duration) time.Duration {
	if d <= 0 || d >= minDuration {
		return d
	}
	f.t.r.note(f.line, f.key, "raised to 10ms: the clock ticks every 5 ms")
	return minDuration
}

// spanRange asks for a range of durations, "min..max", or "0s".
func (t *table) spanRange(name, def string) (least, most time.Duration) {
	f := t.field(name)
	text := def
	if f.set {
		s, ok := f.value.(string)
		if !ok {
			f.expected(`a range of durations such as "120s..240s"`)
			return 0, 0
		}
		text = s
	}
	least, most, err := parseRange(text)
	if err != nil {
		f.fail("%v", err)
		return 0, 0
	}
	if l, m := f.raised(least), max(most, minDuration); l != least {
		least, most = l, m
		text = durationText(least) + ".." + durationText(most)
	}
	f.settle(quote(text), byDefault)
	return least, most
}

// size asks for a number of bytes: "64KiB", or a whole number.
func (t *table) size(name, def string, least, most int64) int64 {
	f := t.field(name)
	literal, text := quote(def), def
	if f.set {
		switch v := f.value.(type) {
		case string:
			literal, text = quote(v), v
		case int64:
			literal = strconv.FormatInt(v, 10)
			text = literal
		default:
			f.expected(`a size such as "64KiB"`)
			return 0
		}
	}
	n, err := parseSize(text)
	switch {
	case err != nil:
		f.fail("%v", err)
	case n < least || n > most:
		f.fail("expected a size from %s to %s, got %s", sizeText(least), sizeText(most), shown(text))
	}
	f.settle(literal, byDefault)
	return n
}
