package thrift

import (
	"bytes"
	"strings"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"
)

func TestHeadsOfTheLibraryAreRead(t *testing.T) {
	for i, sample := range samples {
		for _, p := range protocols {
			t.Run(sample.name+" "+p.testName(), func(t *testing.T) {
				b := message(t, i, p)
				if got, ok := ProtocolOf(b[0]); !ok || got != p {
					t.Errorf("first byte is of %v, want %v", got, p)
				}
				h := readByPieces(t, p, b)
				if h.Type != Type(sample.kind) || h.Seq != sample.seq || string(b[h.Name:h.NameEnd]) != sample.method {
					t.Errorf("read %+v, name %q", h, b[h.Name:h.NameEnd])
				}
				if got := AppendHead(nil, p, h.Type, h.Seq, sample.method); !bytes.Equal(got, b[:h.Body]) {
					t.Errorf("written %x, the library writes %x", got, b[:h.Body])
				}
			})
		}
	}
}

// readByPieces reads a head that comes byte by byte.
func readByPieces(t *testing.T, p Protocol, b []byte) Head {
	t.Helper()
	for n := range len(b) + 1 {
		h, problem := ParseHead(p, b[:n])
		switch {
		case problem == nil && h.Body > n:
			t.Fatalf("body at %d of %d bytes", h.Body, n)
		case problem == nil:
			return h
		case problem != More:
			t.Fatalf("%d bytes: %v", n, problem)
		}
	}
	t.Fatal("never whole")
	return Head{}
}

func TestHeadsOfVectors(t *testing.T) {
	for _, c := range []struct {
		vector string
		p      Protocol
		want   Head
	}{
		{"call", Binary, Head{CallType, 0, 8, 10, 14}},
		{"reply", Binary, Head{ReplyType, 0, 8, 10, 14}},
		{"compact oneway", Compact, Head{OnewayType, 0, 4, 8, 8}},
	} {
		t.Run(c.vector, func(t *testing.T) {
			if h, p := ParseHead(c.p, unhex(t, vectors[c.vector])); p != nil || h != c.want {
				t.Errorf("got %+v, %v, want %+v", h, p, c.want)
			}
		})
	}
}

func TestBadHeadsAreRefused(t *testing.T) {
	long := strings.Repeat("6e", 257)
	for _, c := range []struct {
		name string
		p    Protocol
		b    string
		want *Problem
	}{
		{"version 2", Binary, "8002", errVersion},
		{"lax as strict", Binary, "00", errVersion},
		{"negative length", Binary, "80010001ffffffff", errLongName},
		{"long name", Binary, "8001000100000101", errLongName},
		{"no type", Binary, "80010000000000016e00000000", errType},
		{"type with high bits", Binary, "80010009000000016e00000000", errType},
		{"call without name", Binary, "800100010000000000000000", errNoName},
		{"reply without name", Binary, "800100020000000000000000", nil},
		{"lax negative length", Lax, "ffffffff", errLongName},
		{"lax long name", Lax, "00000101", errLongName},
		{"lax type", Lax, "000000016e0500000000", errType},
		{"lax oneway without name", Lax, "000000000400000000", errNoName},
		{"compact version 2", Compact, "8222", errCompact},
		{"not compact", Compact, "80", errCompact},
		{"compact type", Compact, "82a100016e", errType},
		{"compact type 0", Compact, "820100016e", errType},
		{"compact endless sequence id", Compact, "8221ffffffffffffffffffff01", errVarint},
		{"compact sequence id of 64 bits", Compact, "8221ffffffffffffffffff01016e", nil},
		{"compact name length over 32 bits", Compact, "822100ffffffff1f", errVarint},
		{"compact negative name length", Compact, "822100ffffffff0f", errLongName},
		{"compact long name", Compact, "8221008102" + long, errLongName},
		{"compact call without name", Compact, "82210000", errNoName},
	} {
		t.Run(c.name, func(t *testing.T) {
			if h, p := ParseHead(c.p, unhex(t, c.b)); p != c.want {
				t.Errorf("got %+v, %v, want %v", h, p, c.want)
			}
		})
	}
}

func FuzzHead(f *testing.F) {
	for i := range samples {
		for _, p := range protocols {
			f.Add(uint8(p), message(f, i, p))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		p := Protocol(which % 3)
		h, problem := ParseHead(p, b)
		if problem != nil {
			return
		}
		name, kind, seq, at, err := libraryHead(p, b)
		if err != nil || name != string(b[h.Name:h.NameEnd]) || kind != apache.TMessageType(h.Type) || seq != h.Seq || at != h.Body {
			t.Fatalf("%+v %q, the library: %q %v %d, body at %d, %v", h, b[h.Name:h.NameEnd], name, kind, seq, at, err)
		}
		again := AppendHead(nil, p, h.Type, h.Seq, b[h.Name:h.NameEnd])
		if g, problem := ParseHead(p, again); problem != nil || g.Type != h.Type || g.Seq != h.Seq || g.Body != len(again) {
			t.Fatalf("%x written as %x, read as %+v %v", b[:h.Body], again, g, problem)
		}
		for n := range h.Body {
			if _, problem := ParseHead(p, b[:n]); problem != More {
				t.Fatalf("the first %d bytes: %v", n, problem)
			}
		}
	})
}

func TestFrameSizes(t *testing.T) {
	for _, c := range []struct {
		b    string
		want int
		p    *Problem
	}{
		{"", 0, More},
		{"000001", 0, More},
		{"00000101", 257, nil},
		{"00000400", 1024, nil},
		{"00000401", 0, errFrameSize},
		{"00000000", 0, errFrameEmpty},
		{"ffffffff", 0, errFrameSign},
		{"47455420", 0, errFrameSign}, // GET
	} {
		t.Run(c.b, func(t *testing.T) {
			if n, p := FrameSize(unhex(t, c.b), 1024); n != c.want || p != c.p {
				t.Errorf("got %d, %v", n, p)
			}
		})
	}
	b := append(OpenFrame([]byte("x")), "abc"...)
	if CloseFrame(b, 1); string(b) != "x\x00\x00\x00\x03abc" {
		t.Errorf("written %q", b)
	}
}
