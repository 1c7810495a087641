package thrift

import (
	"context"
	"strings"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// libraryHead is what Apache Thrift's library reads of a head, and where the
// body begins.
func libraryHead(p Protocol, b []byte) (name string, t apache.TMessageType, seq int32, body int, err error) {
	buf := apache.NewTMemoryBufferLen(len(b))
	buf.Write(b)
	name, t, seq, err = factoryOf(p).GetProtocol(buf).ReadMessageBegin(context.Background())
	return name, t, seq, len(b) - buf.Len(), err
}

// librarySkip is where Apache Thrift's library finds the end of the struct that
// b begins with.
func librarySkip(p Protocol, b []byte) (end int, err error) {
	buf := apache.NewTMemoryBufferLen(len(b))
	buf.Write(b)
	err = apache.Skip(context.Background(), factoryOf(p).GetProtocol(buf), apache.STRUCT, maxDepth+2)
	return len(b) - buf.Len(), err
}

func TestWalkEndsWhereTheLibraryDoes(t *testing.T) {
	for i, sample := range samples {
		for _, p := range protocols {
			t.Run(sample.name+" "+p.testName(), func(t *testing.T) {
				b := message(t, i, p)
				h := readByPieces(t, p, b)
				body := append(b[h.Body:], "next message"...)
				want := len(b) - h.Body
				if end, problem := WalkStruct(p, body); problem != nil || end != want {
					t.Errorf("ends at %d, %v, want %d", end, problem, want)
				}
				if end, err := librarySkip(p, body); err != nil || end != want {
					t.Errorf("the library ends at %d, %v, want %d", end, err, want)
				}
				for _, size := range []int{1, 2, 3, 7, 100} {
					if end := walkByPieces(t, p, body, size); end != want {
						t.Errorf("in pieces of %d: ends at %d, want %d", size, end, want)
					}
				}
				for n := range want {
					if _, problem := WalkStruct(p, body[:n]); problem != errShort && problem != errCount {
						t.Fatalf("the first %d of %d bytes: %v", n, want, problem)
					}
				}
			})
		}
	}
}

// walkByPieces walks through b of which size bytes more are there each time.
func walkByPieces(t *testing.T, p Protocol, b []byte, size int) int {
	t.Helper()
	var w Walker
	w.Start(p, maxSize)
	for n := 0; ; n += size {
		n = min(n, len(b))
		end, problem := w.Walk(b[:n])
		if problem == nil {
			return end
		}
		if problem != More || n == len(b) {
			t.Fatalf("%d bytes: %v", n, problem)
		}
	}
}

func TestBadStructsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Protocol
		b    string
		want *Problem
	}{
		{"type void", Binary, "01000100", errFieldType},
		{"type 5", Binary, "05000100", errFieldType},
		{"type 255", Binary, "ff000100", errFieldType},
		{"string of negative length", Binary, "0b0001ffffffff", errNegative},
		{"string longer than what is left", Binary, "0b00017fffffff00", errShort},
		{"list of negative size", Binary, "0f000108ffffffff", errNegative},
		{"list of more than is left", Binary, "0f0001020000000501010101", errCount},
		{"list of what needs no bytes", Binary, "0f0001007fffffff", errFieldType},
		{"list of structs beyond what is left", Binary, "0f00010c7fffffff", errCount},
		{"empty list of unknown", Binary, "0f00016300000000" + "00", errFieldType},
		{"empty list of nothing", Binary, "0f00010000000000" + "00", nil},
		{"map of negative size", Binary, "0d00010808ffffffff", errNegative},
		{"map of nothing to i32", Binary, "0d0001000800000001" + "0000000000", errFieldType},
		{"map of i32 to nothing", Binary, "0d0001080000000001" + "0000000000", errFieldType},
		{"map of more than is left", Binary, "0d0001080800000002" + strings.Repeat("00", 15), errCount},
		{"empty map of nothing", Binary, "0d0001000000000000" + "00", nil},
		{"64 lists, the last empty", Binary, deepLists(64), nil},
		{"65 lists", Binary, deepLists(65), errDepth},
		{"63 structs within", Binary, deepStructs(63), nil},
		{"64 structs within", Binary, deepStructs(64), errDepth},
		{"compact type 14", Compact, "1e", errFieldType},
		{"compact stop with an id", Compact, "10", errStop},
		{"compact id of more than 16 bits", Compact, "05ffff0700", errVarint},
		{"compact i16 of more than 16 bits", Compact, "14ffff0400", errVarint},
		{"compact i32 of more than 32 bits", Compact, "15ffffffff1f00", errVarint},
		{"compact i64 of more than 64 bits", Compact, "16ffffffffffffffffff0200", errVarint},
		{"compact i64 of 64 bits", Compact, "16ffffffffffffffffff0100", nil},
		{"compact negative length", Compact, "18ffffffff0f", errNegative},
		{"compact string longer than what is left", Compact, "18ffffffff0700", errShort},
		{"compact list of more than is left", Compact, "19f5ffffffff07", errCount},
		{"compact list of nothing", Compact, "191000", errFieldType},
		{"compact map of nothing to i32", Compact, "1b01050000", errFieldType},
		{"compact map of i32 to nothing", Compact, "1b01500000", errFieldType},
		{"compact map of more than is left", Compact, "1bffffffff0755", errCount},
		{"compact list of bools 0", Compact, "1931010200" + "00", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if end, p := WalkStruct(c.p, unhex(t, c.b)); p != c.want {
				t.Errorf("ends at %d, %v, want %v", end, p, c.want)
			}
		})
	}
}

func deepStructs(n int) string { return strings.Repeat("0c0001", n) + strings.Repeat("00", n+1) }

// deepLists is a field with n lists within each other, the last of them empty
// of strings.
func deepLists(n int) string {
	return "0f0001" + strings.Repeat("0f00000001", n-1) + "0b00000000" + "00"
}

func TestWalkStopsAtItsLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		b     string
		want  *Problem
	}{
		{"string within", 12, "0b000100000004" + "61626364" + "00", nil},
		{"string beyond", 11, "0b000100000004" + "61626364" + "00", errValueSize},
		{"head of a string beyond", 5, "0b0001000000", errValueSize},
		{"string to come", 11, "0b000100000005", errValueSize},
		{"string that may come", 12, "0b000100000005", More},
		{"uuid beyond", 18, "100001", errValueSize},
		{"uuid to come", 20, "100001", More},
		{"stop beyond", 4, "02000101" + "00", errValueSize},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w Walker
			w.Start(Binary, c.limit)
			b := unhex(t, c.b)
			if end, p := w.Walk(b[:min(len(b), max(c.limit, 0))]); p != c.want {
				t.Errorf("ends at %d, %v, want %v", end, p, c.want)
			}
		})
	}
}

// A struct that Walk takes ends where the library's own reader ends, and comes
// to the same end in pieces. What Walk refuses and the library reads is wrong in
// one of the ways that are told apart here.
func FuzzWalk(f *testing.F) {
	for i := range samples {
		for _, p := range protocols {
			b := message(f, i, p)
			h, _ := ParseHead(p, b)
			f.Add(uint8(p), b[h.Body:])
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		p := Protocol(which % 3)
		end, problem := WalkStruct(p, b)
		theirs, err := librarySkip(p, b)
		switch problem {
		case nil:
			if err != nil || end != theirs {
				t.Fatalf("%x ends at %d, the library says %d, %v", b, end, theirs, err)
			}
			if pieces := walkByPieces(t, p, b, 1+len(b)/5); pieces != end {
				t.Fatalf("%x ends at %d, in pieces at %d", b, end, pieces)
			}
			if cut, problem := WalkStruct(p, b[:end]); problem != nil || cut != end {
				t.Fatalf("%x ends at %d: %v", b[:end], cut, problem)
			}
		case errShort:
			if err == nil {
				t.Fatalf("%x is short, the library ends at %d", b, theirs)
			}
		case errDepth, errFieldType, errStop, errVarint, errNegative, errCount:
		default:
			t.Fatalf("%x: %v", b, problem)
		}
	})
}
