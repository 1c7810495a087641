package thrift

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// headerFrame is what Apache Thrift's library sends of a call with fields.
func headerFrame(t testing.TB, p Protocol, zlib bool, fields map[string]string) []byte {
	t.Helper()
	id := apache.THeaderProtocolBinary
	if p == Compact {
		id = apache.THeaderProtocolCompact
	}
	conf := &apache.TConfiguration{THeaderProtocolID: &id}
	if zlib {
		conf.THeaderTransforms = []apache.THeaderTransformID{apache.TransformZlib}
	}
	buf := apache.NewTMemoryBuffer()
	prot := apache.NewTHeaderProtocolConf(buf, conf)
	ctx := context.Background()
	for k, v := range fields {
		prot.SetWriteHeader(k, v)
	}
	s := &script{ctx: ctx, TProtocol: prot}
	s.do(s.WriteMessageBegin(ctx, "echo", apache.CALL, 9))
	s.structure(func() { everyField(s) })
	s.do(s.WriteMessageEnd(ctx))
	s.do(s.Flush(ctx))
	if s.err != nil {
		t.Fatal(s.err)
	}
	return bytes.Clone(buf.Bytes())
}

func manyFields(n int) map[string]string {
	fields := map[string]string{}
	for i := range n {
		fields[fmt.Sprint("key", i)] = strings.Repeat("v", i)
	}
	return fields
}

func TestHeadersOfTheLibraryAreRead(t *testing.T) {
	var k Packing
	for _, p := range []Protocol{Binary, Compact} {
		for _, zlib := range []bool{false, true} {
			for _, n := range []int{0, 1, 200} {
				t.Run(fmt.Sprintf("%s zlib %v, %d fields", p.testName(), zlib, n), func(t *testing.T) {
					frame := headerFrame(t, p, zlib, manyFields(n))
					if size, problem := FrameSize(frame, 1<<20); problem != nil || size != len(frame)-4 {
						t.Fatalf("frame of %d, %v", size, problem)
					}
					h, problem := ParseTHeader(frame[4:])
					if problem != nil || h.Protocol != p || len(h.Steps.All()) > 0 != zlib {
						t.Fatalf("%+v, %v", h, problem)
					}
					for key, want := range manyFields(n) {
						if v, ok := InfoValue(h.Info, key); !ok || string(v) != want {
							t.Errorf("%s is %q, %v", key, v, ok)
						}
					}
					payload, problem := k.Unpack(nil, h.Payload, h.Steps, 10_000)
					if problem != nil {
						t.Fatal(problem)
					}
					head := readByPieces(t, p, payload)
					if string(payload[head.Name:head.NameEnd]) != "echo" || head.Seq != 9 {
						t.Errorf("%+v of %x", head, payload)
					}
				})
			}
		}
	}
}

// The library reads what is written here, and so does ParseTHeader.
func TestWrittenHeadersAreRead(t *testing.T) {
	var k Packing
	for _, c := range []struct {
		name   string
		h      THeader
		fields int
		alone  bool // the library lacks it
	}{
		{"plain", THeader{Seq: 3}, 0, false},
		{"compact with fields", THeader{Protocol: Compact, Flags: 5, Seq: -1}, 3, false},
		{"zlib", THeader{Steps: StepsOf(Zlib)}, 200, false},
		{"snappy", THeader{Steps: StepsOf(Snappy), Protocol: Compact}, 1, true},
		{"all", THeader{Steps: StepsOf(Zlib, Snappy, Zlib, Snappy)}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for key, v := range manyFields(c.fields) {
				c.h.Info = AppendInfo(c.h.Info, key, v)
			}
			payload := message(t, 1, c.h.Protocol)
			frame, problem := AppendTHeader(OpenFrame(nil), &c.h)
			if problem != nil {
				t.Fatal(problem)
			}
			frame = k.Pack(frame, payload, c.h.Steps)
			CloseFrame(frame, 0)
			got, problem := ParseTHeader(frame[4:])
			if problem != nil || got.Flags != c.h.Flags || got.Seq != c.h.Seq || got.Protocol != c.h.Protocol ||
				got.Steps != c.h.Steps || !bytes.Equal(got.Info, c.h.Info) {
				t.Fatalf("%+v read as %+v, %v", c.h, got, problem)
			}
			if back, problem := k.Unpack(nil, got.Payload, got.Steps, len(payload)); problem != nil || !bytes.Equal(back, payload) {
				t.Fatalf("payload comes back as %x, %v", back, problem)
			}
			if c.alone {
				return
			}
			buf := apache.NewTMemoryBufferLen(len(frame))
			buf.Write(frame)
			prot := apache.NewTHeaderProtocolConf(buf, nil)
			name, kind, _, err := prot.ReadMessageBegin(context.Background())
			if err != nil || name != samples[1].method || kind != apache.CALL || len(prot.GetReadHeaders()) != c.fields {
				t.Errorf("the library reads %q %v, %d fields, %v", name, kind, len(prot.GetReadHeaders()), err)
			}
		})
	}
}

func TestBadHeaderFramesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, b string
		want    *Problem
	}{
		{"short", "0fff0000" + "00000001" + "00", errShort},
		{"another magic", "0ffe0000" + "00000001" + "0001" + "00000000", errMagic},
		{"header beyond the frame", "0fff0000" + "00000001" + "0002" + "00000000", errHeader},
		{"no header", "0fff0000" + "00000001" + "0000", errHeader},
		{"json", "0fff0000" + "00000001" + "0001" + "01000000", errProtocolID},
		{"hmac", "0fff0000" + "00000001" + "0001" + "00010200", errTransform},
		{"five transforms", "0fff0000" + "00000001" + "0002" + "0005010101010100", errTransform},
		{"endless nothings", "0fff0000" + "00000001" + "0003" + "00ffffff0f00000000000000", errTransform},
		{"nothing as a transform", "0fff0000" + "00000001" + "0001" + "00010000", nil},
		{"transforms beyond the header", "0fff0000" + "00000001" + "0001" + "00030101", errHeader},
		{"other block", "0fff0000" + "00000001" + "0001" + "00000201", nil},
		{"fields beyond the header", "0fff0000" + "00000001" + "0002" + "0000010101610562", errHeader},
		{"more fields than bytes", "0fff0000" + "00000001" + "0002" + "000001ffffffff07", errHeader},
		{"a field", "0fff0000" + "00000001" + "0002" + "0000010101610162", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if h, p := ParseTHeader(unhex(t, c.b)); p != c.want {
				t.Errorf("got %+v, %v, want %v", h, p, c.want)
			}
		})
	}
	if _, p := AppendTHeader(nil, &THeader{Info: AppendInfo(nil, "k", make([]byte, maxInfo))}); p != errInfoLength {
		t.Errorf("too many fields: %v", p)
	}
}

func TestPayloadsOverTheLimitAreRefused(t *testing.T) {
	var k Packing
	bomb := make([]byte, 1<<20)
	for _, s := range []Steps{StepsOf(Zlib), StepsOf(Snappy), StepsOf(Zlib, Zlib), StepsOf(Snappy, Zlib)} {
		packed := k.Pack(nil, bomb, s)
		if _, p := k.Unpack(nil, packed, s, 1<<20); p != nil {
			t.Errorf("%v at the limit: %v", s.All(), p)
		}
		out, p := k.Unpack(nil, packed, s, 1000)
		if p != errUnpacked || cap(out) > 10*unpackPiece {
			t.Errorf("%v over it: %v, %d bytes taken", s.All(), p, cap(out))
		}
		for _, bad := range [][]byte{nil, packed[:len(packed)/2], []byte("what is this"), append(bytes.Clone(packed), 0)} {
			if _, p := k.Unpack(nil, bad, s, 1<<20); p != errPacked {
				t.Errorf("%v of %d broken bytes: %v", s.All(), len(bad), p)
			}
		}
	}
	// 16 MiB in eight bytes: refused before they are taken.
	if out, p := k.Unpack(nil, unhex(t, "8080800800000000"), StepsOf(Snappy), 1<<30); p != errPacked || cap(out) > 0 {
		t.Errorf("a lie about the size: %v, %d bytes taken", p, cap(out))
	}
}

func TestInfoIsEdited(t *testing.T) {
	info := AppendInfo(nil, "a", "1")
	info = AppendInfo(info, "b", []byte("2"))
	info = AppendInfo(info, "a", strings.Repeat("3", 200))
	if v, ok := InfoValue(info, "a"); !ok || len(v) != 200 {
		t.Errorf("the last of two is %q, %v", v, ok)
	}
	if v, ok := InfoValue(info, "A"); ok {
		t.Errorf("another key is %q", v)
	}
	if got, want := AppendInfoWithout(nil, info, "a"), AppendInfo(nil, "b", "2"); !bytes.Equal(got, want) {
		t.Errorf("without a: %q", got)
	}
	if got := AppendInfoWithout(nil, info, "x"); !bytes.Equal(got, info) {
		t.Errorf("without x: %q", got)
	}
}

func FuzzTHeader(f *testing.F) {
	f.Add(headerFrame(f, Binary, true, manyFields(3))[4:])
	f.Add(headerFrame(f, Compact, false, manyFields(130))[4:])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, problem := ParseTHeader(b)
		if problem != nil {
			return
		}
		again, problem := AppendTHeader(nil, &h)
		if problem != nil {
			t.Fatalf("%x: %v", b, problem)
		}
		g, problem := ParseTHeader(append(again, h.Payload...))
		if problem != nil || g.Flags != h.Flags || g.Seq != h.Seq || g.Protocol != h.Protocol || g.Steps != h.Steps ||
			!bytes.Equal(g.Info, h.Info) || !bytes.Equal(g.Payload, h.Payload) {
			t.Fatalf("%+v read again as %+v, %v", h, g, problem)
		}
		var k Packing
		const limit = 1 << 16
		if out, problem := k.Unpack(nil, h.Payload, h.Steps, limit); problem == nil && len(h.Steps.All()) > 0 {
			if len(out) > limit {
				t.Fatalf("unpacked to %d", len(out))
			}
			if back, problem := k.Unpack(nil, k.Pack(nil, out, h.Steps), h.Steps, limit); problem != nil || !bytes.Equal(back, out) {
				t.Fatalf("%x packed and unpacked is %x, %v", out, back, problem)
			}
		}
	})
}
