package http

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// FuzzControl: a Cache-Control means the same in one field or in two, nothing in
// it can take a prohibition back, and no time is beyond what is counted with.
func FuzzControl(f *testing.F) {
	for _, s := range []string{"max-age=60", "no-store", "private=\"a, b\", s-maxage=\"1\"", "max-age=99999999999999999999", "x=\"\\\",no-store", "public ,, MUST-REVALIDATE", "max-age = 1"} {
		f.Add([]byte(s), []byte("no-cache"))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var one, two, both control
		one.reset()
		one.add(a)
		two.reset()
		two.add(a)
		two.add(b)
		for _, n := range []int64{one.maxAge, one.sMaxAge, one.minFresh, one.staleIfError} {
			if n < -1 || n > maxDelta {
				t.Fatalf("time %d", n)
			}
		}
		if one.noStore && !two.noStore || one.private && !two.private || one.noCache && !two.noCache || one.revalidate && !two.revalidate {
			t.Fatal("a prohibition was taken back")
		}
		if one.maxAge >= 0 && two.maxAge > one.maxAge || one.sMaxAge >= 0 && two.sMaxAge > one.sMaxAge {
			t.Fatal("a lifetime grew")
		}
		if bytes.Count(a, []byte{'"'})+bytes.Count(a, []byte{'\\'}) == 0 { // else a quote may reach over the comma
			both.reset()
			both.add(append(append(bytes.Clone(a), ','), b...))
			if both != two {
				t.Fatalf("one list %+v, two fields %+v", both, two)
			}
		}
	})
}

// FuzzVary: a request matches what it was stored with, and another value of a
// field that counts does not.
func FuzzVary(f *testing.F) {
	f.Add("Accept, x-a", "1", "2")
	f.Add("*", "", "")
	f.Add("a,,b ,A", "x", "x")
	f.Fuzz(func(t *testing.T, list, v, w string) {
		clean := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return -1
				}
				return r
			}, s)
		}
		list, v, w = clean(list), clean(v), clean(w)
		asked := lines("X-A: " + v + "\r\nX-B: " + w + "\r\n")
		got, ok := varyOf(lines("Vary: "+list+"\r\n"), asked)
		if !ok {
			return
		}
		if len(got) > len(placing)+maxVary || got.names("*") {
			t.Fatalf("vary %+v", got)
		}
		if !got.matches(asked) {
			t.Fatal("the request itself does not match")
		}
		other := lines("X-A: " + v + "+\r\nX-B: " + w + "\r\n")
		if got.matches(other) == got.names("x-a") {
			t.Fatalf("another x-a: names %v, matches %v", got.names("x-a"), got.matches(other))
		}
		if got.matches(asked+"X-A: \r\n") == got.names("x-a") {
			t.Fatal("one more x-a")
		}
	})
}

// FuzzFreshness: whatever a reply says, what is stored is fresh, of no secret
// kind, and its end can be counted.
func FuzzFreshness(f *testing.F) {
	f.Add("max-age=60", "Sat, 01 Jan 2000 00:00:00 GMT", "0", "5")
	f.Add("", "Saturday, 01-Jan-00 00:00:00 GMT", "Sat Jan  1 00:01:00 2000", "")
	f.Fuzz(func(t *testing.T, cc, date, expires, age string) {
		h := lines("Cache-Control: " + cc + "\r\nDate: " + date + "\r\nExpires: " + expires + "\r\nAge: " + age + "\r\n")
		fr, ok := freshnessOf(200, h, 0, time.Unix(946684800, 0))
		if !ok {
			return
		}
		c := controlOf(h)
		if c.noStore || c.private || c.noCache || fr.lifetime <= fr.age || fr.age < 0 || fr.lifetime > maxDelta*int64(time.Second) {
			t.Fatalf("stored %+v of %+v", fr, c)
		}
	})
}

// FuzzTags: a list of tags that holds a tag is found to, and never reads beyond.
func FuzzTags(f *testing.F) {
	f.Add("W/\"a\", \"b\"", "x")
	f.Add("\"", "")
	f.Fuzz(func(t *testing.T, list, opaque string) {
		_ = matchesTag([]byte(list), `"x"`)
		if strings.Contains(opaque, `"`) {
			return
		}
		tag := `"` + opaque + `"`
		if !matchesTag([]byte(`"other", W/`+tag), tag) || matchesTag([]byte(`"`+opaque+`+"`), tag) {
			t.Fatalf("tag %q", tag)
		}
	})
}
