package thrift

import (
	"bytes"
	"strings"
	"testing"
)

func TestTranscodedMessagesAreWhatTheLibraryWrites(t *testing.T) {
	for i, sample := range samples {
		for _, from := range protocols {
			for _, to := range protocols {
				t.Run(sample.name+" "+from.testName()+" to "+to.testName(), func(t *testing.T) {
					in, want := message(t, i, from), message(t, i, to)
					out, h, p := Transcode([]byte("before"), from, to, in, 1<<20)
					if p != nil {
						t.Fatal(p)
					}
					got := out[len("before"):]
					if sample.name == "containers" && from == Compact {
						got, want = canonical(t, to, got), canonical(t, to, want) // empty maps have lost their types
					}
					if !bytes.Equal(got, want) {
						t.Errorf("got\n%x, the library writes\n%x", got, want)
					}
					if wantHead, _ := ParseHead(to, want); h != wantHead {
						t.Errorf("head %+v, want %+v", h, wantHead)
					}
				})
			}
		}
	}
}

// canonical is the message in p with what compact cannot say taken out.
func canonical(t *testing.T, p Protocol, b []byte) []byte {
	t.Helper()
	if p == Compact {
		return b
	}
	there, _, problem := Transcode(nil, p, Compact, b, maxSize)
	if problem != nil {
		t.Fatalf("%x: %v", b, problem)
	}
	back, _, problem := Transcode(nil, Compact, p, there, maxSize)
	if problem != nil {
		t.Fatalf("%x, from %x: %v", there, b, problem)
	}
	return back
}

func TestTranscodeRefuses(t *testing.T) {
	call := "800100010000000161" + "00000000"
	for _, c := range []struct {
		name     string
		from, to Protocol
		b        string
		limit    int
		want     *Problem
	}{
		{"half a head", Binary, Compact, call[:8], 1000, errShort},
		{"no struct", Binary, Compact, call, 1000, errShort},
		{"bytes behind", Binary, Compact, call + "00" + "00", 1000, errBehind},
		{"a wrong count", Binary, Compact, call + "0f0001087fffffff", 1000, errCount},
		{"too deep", Binary, Compact, call + deepStructs(64), 1000, errDepth},
		{"too deep in lists", Binary, Compact, call + deepLists(65), 1000, errDepth},
		{"as deep as may be", Binary, Compact, call + deepLists(64), 1000, nil},
		{"just large enough", Compact, Binary, "8221000161" + "1901" + "00", 22, nil},
		{"too large", Compact, Binary, "8221000161" + "1901" + "00", 21, errGrown},
		{"much too large", Compact, Binary, "8221000161" + "19f6c801" + strings.Repeat("00", 200) + "00", 400, errGrown},
		{"too large, raw", Binary, Lax, call + "00", 10, errGrown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, _, p := Transcode(nil, c.from, c.to, unhex(t, c.b), c.limit); p != c.want {
				t.Errorf("got %x, %v, want %v", out, p, c.want)
			}
		})
	}
}

// What is transcoded to compact and back is the same, but for what compact
// cannot say; what WalkStruct takes is transcoded.
func FuzzTranscode(f *testing.F) {
	for i := range samples {
		for _, p := range protocols {
			f.Add(uint8(p), message(f, i, p))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		from := Protocol(which % 3)
		to := Compact
		if from == Compact {
			to = Binary
		}
		there, h, problem := Transcode(nil, from, to, b, maxSize)
		if problem != nil {
			if h, bad := ParseHead(from, b); bad == nil {
				if end, bad := WalkStruct(from, b[h.Body:]); bad == nil && h.Body+end == len(b) {
					t.Fatalf("%x walks and is refused: %v", b, problem)
				}
			}
			return
		}
		if end, err := librarySkip(to, there[h.Body:]); err != nil || end != len(there)-h.Body {
			t.Fatalf("%x as %x: the library ends at %d, %v", b, there, end, err)
		}
		back, _, problem := Transcode(nil, to, from, there, maxSize)
		if problem != nil {
			t.Fatalf("%x as %x does not come back: %v", b, there, problem)
		}
		again, _, problem := Transcode(nil, from, to, back, maxSize)
		if problem != nil || !bytes.Equal(again, there) {
			t.Fatalf("%x as %x, back as %x, again as %x, %v", b, there, back, again, problem)
		}
		third, _, problem := Transcode(nil, to, from, again, maxSize)
		if problem != nil || !bytes.Equal(third, back) {
			t.Fatalf("%x comes back as %x and as %x, %v", b, back, third, problem)
		}
	})
}

func TestVectorsComeBackFromCompact(t *testing.T) {
	for name, text := range vectors {
		t.Run(name, func(t *testing.T) {
			b, from, to := unhex(t, text), Binary, Compact
			if b[0] == compactID {
				from, to = Compact, Binary
			}
			there, _, p := Transcode(nil, from, to, b, maxSize)
			if p != nil {
				t.Fatal(p)
			}
			if back, _, p := Transcode(nil, to, from, there, maxSize); p != nil || !bytes.Equal(back, b) {
				t.Errorf("%x as %x comes back as %x, %v", b, there, back, p)
			}
		})
	}
}
