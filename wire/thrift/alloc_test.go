//go:build !race

package thrift

import "testing"

// allocatesNothing fails the test if do allocates.
func allocatesNothing(t *testing.T, do func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, do); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAllocNothingReadingAndWalking(t *testing.T) {
	for i, sample := range samples {
		for _, p := range protocols {
			t.Run(sample.name+" "+p.testName(), func(t *testing.T) {
				b := message(t, i, p)
				head := make([]byte, 0, 64)
				allocatesNothing(t, func() {
					h, problem := ParseHead(p, b)
					if problem != nil {
						t.Fatal(problem)
					}
					if _, problem := WalkStruct(p, b[h.Body:]); problem != nil {
						t.Fatal(problem)
					}
					AppendHead(head, p, h.Type, h.Seq, b[h.Name:h.NameEnd])
				})
			})
		}
	}
}

func TestAllocNothingTranscoding(t *testing.T) {
	for i, sample := range samples {
		for _, from := range protocols {
			for _, to := range protocols {
				t.Run(sample.name+" "+from.testName()+" to "+to.testName(), func(t *testing.T) {
					b, dst := message(t, i, from), make([]byte, 0, 64<<10)
					allocatesNothing(t, func() {
						if _, _, p := Transcode(dst, from, to, b, cap(dst)); p != nil {
							t.Fatal(p)
						}
					})
				})
			}
		}
	}
}

func TestAllocNothingForHeadersExceptionsAndSniffing(t *testing.T) {
	frame, dst := headerFrame(t, Compact, false, manyFields(20)), make([]byte, 0, 64<<10)
	exception := AppendException(nil, Compact, 1, "method", InternalError, "text")
	head, _ := ParseHead(Compact, exception)
	allocatesNothing(t, func() {
		h, p := ParseTHeader(frame[4:])
		if p != nil {
			t.Fatal(p)
		}
		InfoValue(h.Info, "key7")
		info := AppendInfo(AppendInfoWithout(dst, h.Info, "key7"), "key7", "new")
		h.Info = info
		if _, p := AppendTHeader(info[len(info):], &h); p != nil {
			t.Fatal(p)
		}
		if _, p := ParseException(Compact, exception[head.Body:]); p != nil {
			t.Fatal(p)
		}
		AppendException(dst, Compact, 1, exception[head.Name:head.NameEnd], InternalError, "text")
		if _, v := Sniff(frame[:SniffBytes]); v != IsThrift {
			t.Fatal(v)
		}
	})
}

// Unpacking takes from the heap only what the standard library's reader takes
// for each stream.
func TestAllocLittleUnpacking(t *testing.T) {
	var k Packing
	src, dst := make([]byte, 10_000), make([]byte, 0, 64<<10)
	for _, s := range []Steps{StepsOf(Zlib), StepsOf(Snappy)} {
		packed := k.Pack(nil, src, s)
		if n := testing.AllocsPerRun(100, func() {
			if _, p := k.Unpack(dst, packed, s, len(src)); p != nil {
				t.Fatal(p)
			}
			k.Pack(dst, src, s)
		}); n > 2 {
			t.Errorf("%v: %v allocations", s.All(), n)
		}
	}
}
