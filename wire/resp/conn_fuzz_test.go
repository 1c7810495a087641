package resp

import "testing"

// However replies are cut, the same ones end at the same places.
func FuzzTally(f *testing.F) {
	for _, c := range replies {
		f.Add([]byte(c.in+"+next\r\n-ERR a\r\n"), uint8(3), uint8(1))
	}
	f.Add([]byte("$3\r\nabc\r\n:1\r\n>1\r\n+a\r\n"), uint8(3), uint8(4))
	f.Add([]byte("-ERR a\r\n!5\r\nERR b\r\n*1\r\n-ERR c\r\n"), uint8(3), uint8(2))
	f.Add([]byte("*99999999999\r\n"), uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, awaited, step uint8) {
		replies, piece := int(awaited%8)+1, int(step)+1
		var whole, cut tally
		whole.begin(replies, maxPassed)
		end, done, bad := whole.take(b)
		cut.begin(replies, maxPassed)
		var from, have int
		var doneToo bool
		var badToo *Problem
		for have < len(b) && !doneToo && badToo == nil {
			have = min(have+piece, len(b))
			var n int
			n, doneToo, badToo = cut.take(b[from:have])
			from += n
		}
		if done != doneToo || (bad == nil) != (badToo == nil) || bad == nil && end != from || done && whole.errors != cut.errors {
			t.Fatalf("whole: %d, %v, %v, %d errors; in pieces of %d: %d, %v, %v, %d errors",
				end, done, bad, whole.errors, piece, from, doneToo, badToo, cut.errors)
		}
		if !done {
			return
		}
		at, errors := 0, 0
		for range replies {
			n, p := WalkReply(b[at:end])
			if p != nil {
				t.Fatalf("no reply at %d: %v", at, p)
			}
			if IsError(bare(b[at : at+n])) {
				errors++
			}
			at += n
		}
		if at != end || errors != whole.errors {
			t.Fatalf("ends at %d with %d errors, want %d with %d", end, whole.errors, at, errors)
		}
		verdict(b[:end])
		firstError(b[:end])
	})
}

// Whatever a server says when it is to clean a connection, what is ticked off
// was said, and the end is its end.
func FuzzDue(f *testing.F) {
	f.Add([]byte("+RESET\r\n+OK\r\n"), false)
	f.Add([]byte("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n+RESET\r\n+OK\r\n+OK\r\n"), false)
	f.Add([]byte("-ERR DISCARD without MULTI\r\n+OK\r\n$15\r\nsidecar-is-done\r\n"), true)
	f.Add([]byte(">1\r\n+a\r\n-ERR unknown command 'RESET'\r\n"), false)
	f.Fuzz(func(t *testing.T, b []byte, old bool) {
		l := new(Dialer)
		d := due{steps: []step{stepReset, stepName}}
		if old {
			d.steps = []step{stepToken}
		}
		c := &Exclusive{dialer: l, due: d, in: append(make([]byte, 0, len(b)), b...), n: len(b)}
		ok := c.tick()
		if c.due.at > len(c.due.steps) || c.n > len(b) || ok && !c.due.open() && c.n > 0 {
			t.Fatalf("ok %v, %d of %d steps, %d bytes left", ok, c.due.at, len(c.due.steps), c.n)
		}
	})
}
