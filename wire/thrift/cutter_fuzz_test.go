package thrift

import "testing"

// However the bytes of a connection are cut, the same messages come of them, and
// none goes beyond what is there.
func FuzzMessagesAreCutAlike(f *testing.F) {
	for i, e := range plainEncodings {
		f.Add(uint8(i), uint8(3), []byte(call(e, 1, "m", "abc")+call(e, 2, "other", "")))
	}
	f.Add(uint8(0), uint8(1), []byte("\xff\xff\xff\xff"))
	f.Add(uint8(3), uint8(1), []byte("\x80\x01\x00\x01\x7f\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, which, step uint8, b []byte) {
		e := plainEncodings[int(which)%len(plainEncodings)]
		const most = 4096
		var whole, pieces cutter
		whole.begin(most)
		size, p := whole.next(e, b)
		if p == nil && (size > len(b) || size > most+FrameHead) {
			t.Fatalf("a message of %d bytes in %d", size, len(b))
		}
		// A frame that is no message is found out before it is whole, if it comes
		// in pieces, and else by who opens it.
		early := p
		if p == nil && e.Transport == Framed {
			_, early = ParseHead(e.Protocol, b[FrameHead:size])
		}
		pieces.begin(most)
		for n := 0; ; n = min(n+1+int(step), len(b)) {
			need, q := pieces.next(e, b[:n])
			if q == More && n < len(b) {
				if need <= n {
					t.Fatalf("%d bytes are needed of which there are %d", need, n)
				}
				continue
			}
			if q != p && q != early || q == nil && need != size {
				t.Fatalf("in pieces: %d, %v; at once: %d, %v", need, q, size, p)
			}
			return
		}
	})
}
