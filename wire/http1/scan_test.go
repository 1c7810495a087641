package http1

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzField holds the fast way beside the slow one.
func FuzzField(f *testing.F) {
	for _, line := range []string{
		"Host: a\r\n", "A:b\r\n", "A: \t b \t \r\n", "A:\r\n", ":b\r\n", "A b: c\r\n", " A: b\r\n",
		"A: b\n", "A: b\rc\r\n", "A: b\x7fc\r\n", "A: b\r", "A: b", "A", "Content-Length: 12\r\nB: c\r\n", "A: \x80\xff\r\n",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, next, ok := scanField(data, 0)
		var h head
		start, end, whole, bad := h.line(data)
		if !ok {
			return // the slow way decides
		}
		if !whole || bad != nil || start == end {
			t.Fatalf("%q was taken, and is no whole field line: %v %v", data, whole, bad)
		}
		want, bad := parseField(data, start, end)
		if bad != nil || got != want || next != h.pos {
			t.Errorf("%q: %+v up to %d, the slow way %+v up to %d: %v", data, got, next, want, h.pos, bad)
		}
	})
}

func TestOrdinaryFieldLinesTakeTheFastWay(t *testing.T) {
	for _, line := range []string{"Host: example.com\r\n", "Accept:*/*\r\n", "X-Empty:\r\n", "Cookie: a=b; c=\td \r\nnext"} {
		if _, _, ok := scanField([]byte(line), 0); !ok {
			t.Errorf("%q goes the slow way", line)
		}
	}
}

// bothWays parses a head at once, which takes the fast way, and a byte at a time,
// which takes the slow one.
func bothWays(t *testing.T, data []byte) {
	var fast, slow request
	fast.reset()
	slow.reset()
	done, bad := fast.parse(data)
	var slowDone bool
	var slowBad *problem
	for n := 1; n <= len(data) && !slowDone && slowBad == nil; n++ {
		slowDone, slowBad = slow.parse(data[:n])
	}
	if done != slowDone || bad != slowBad {
		t.Fatalf("%q: fast %v %v, slow %v %v", data, done, bad, slowDone, slowBad)
	}
	if done && (fast.framing != slow.framing || fast.end != slow.end || !slices.Equal(fast.fields, slow.fields)) {
		t.Fatalf("%q: fast %+v, slow %+v", data, fast, slow)
	}
}

// What one way refuses the other does too, with the same reason: a line that only
// one of them takes would be a way past the checks.
func TestFastWayTakesNoMoreThanTheSlowOne(t *testing.T) {
	for _, v := range vectors() {
		bothWays(t, []byte(v.bytes))
	}
	head := []byte("POST / HTTP/1.1\r\nHost: a\r\nX-Long-Enough: 0123456789abcdef \t\r\nTransfer-Encoding:chunked\r\nE:\r\n\r\n")
	for at := range len(head) + 1 {
		for _, odd := range []string{
			" ", "\t", "\r", "\n", "\r\n", "\n\r", "\r\r\n", "\r\n ", "\r\n\t", "\x00", "\x0b", "\x0c", "\x1f", "\x7f", "\x80", "\x85", "\xa0", "\xff",
			":", " :", ",", ";", "\"", "\r\nContent-Length: 5", "\nContent-Length: 5\r", "\r\n\r\n",
		} {
			bothWays(t, slices.Concat(head[:at], []byte(odd), head[at:]))
			if at < len(head) {
				bothWays(t, slices.Concat(head[:at], []byte(odd), head[at+1:]))
			}
		}
		bothWays(t, bytes.ReplaceAll(head[:at], []byte("\r\n"), []byte("\n")))
	}
}
