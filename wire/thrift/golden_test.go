package thrift

import (
	"bytes"
	"context"
	"encoding/hex"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// factoryOf makes Apache Thrift's own protocol for ours.
func factoryOf(p Protocol) apache.TProtocolFactory {
	no := false
	switch p {
	case Binary:
		return apache.NewTBinaryProtocolFactoryConf(nil)
	case Lax:
		return apache.NewTBinaryProtocolFactoryConf(&apache.TConfiguration{TBinaryStrictRead: &no, TBinaryStrictWrite: &no})
	default:
		return apache.NewTCompactProtocolFactoryConf(nil)
	}
}

// written is what Apache Thrift's library writes by write, in p.
func written(t testing.TB, p Protocol, write func(context.Context, apache.TProtocol) error) []byte {
	t.Helper()
	buf := apache.NewTMemoryBuffer()
	prot := factoryOf(p).GetProtocol(buf)
	ctx := context.Background()
	if err := write(ctx, prot); err != nil {
		t.Fatal(err)
	}
	if err := prot.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

// script writes by single calls and keeps the first error.
type script struct {
	ctx context.Context
	apache.TProtocol
	err error
}

func (s *script) do(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *script) field(id int16, t apache.TType, value func()) {
	s.do(s.WriteFieldBegin(s.ctx, "", t, id))
	value()
	s.do(s.WriteFieldEnd(s.ctx))
}

func (s *script) structure(fields func()) {
	s.do(s.WriteStructBegin(s.ctx, ""))
	fields()
	s.do(s.WriteFieldStop(s.ctx))
	s.do(s.WriteStructEnd(s.ctx))
}

func (s *script) list(t apache.TType, n int, element func(int)) {
	s.do(s.WriteListBegin(s.ctx, t, n))
	for i := range n {
		element(i)
	}
	s.do(s.WriteListEnd(s.ctx))
}

func (s *script) mapping(k, v apache.TType, n int, pair func(int)) {
	s.do(s.WriteMapBegin(s.ctx, k, v, n))
	for i := range n {
		pair(i)
	}
	s.do(s.WriteMapEnd(s.ctx))
}

func (s *script) i32(v int) { s.do(s.WriteI32(s.ctx, int32(v))) }
func (s *script) text(v string) {
	s.do(s.WriteString(s.ctx, v))
}

// samples are messages that have, between them, every type in every place.
var samples = []struct {
	name   string
	method string
	kind   apache.TMessageType
	seq    int32
	body   func(*script)
}{
	{"no arguments", "ping", apache.CALL, 0, func(s *script) { s.structure(func() {}) }},
	{"every type of field", "Users:every", apache.CALL, 1, func(s *script) { s.structure(func() { everyField(s) }) }},
	{"ids that jump", "jump", apache.ONEWAY, -1, func(s *script) {
		s.structure(func() {
			for _, id := range []int16{5, 4, -3, 15, 30, 46, 32767, -32768, 0} {
				s.field(id, apache.I32, func() { s.i32(int(id) * 1000) })
				s.field(id, apache.BOOL, func() { s.do(s.WriteBool(s.ctx, id > 4)) })
			}
		})
	}},
	{"containers", "containers", apache.REPLY, 1 << 30, func(s *script) { s.structure(func() { everyContainer(s) }) }},
	{"nested", "nested", apache.REPLY, -1 << 31, func(s *script) {
		s.structure(func() { s.field(0, apache.STRUCT, func() { nested(s, 30) }) })
	}},
	{"exception", "broken", apache.EXCEPTION, 7, func(s *script) {
		s.do(apache.NewTApplicationException(apache.INTERNAL_ERROR, "it broke").Write(s.ctx, s.TProtocol))
	}},
}

func everyField(s *script) {
	s.field(1, apache.BOOL, func() { s.do(s.WriteBool(s.ctx, true)) })
	s.field(2, apache.BOOL, func() { s.do(s.WriteBool(s.ctx, false)) })
	s.field(3, apache.BYTE, func() { s.do(s.WriteByte(s.ctx, -7)) })
	for i, v := range []int16{0, -1, 32767, -32768} {
		s.field(int16(4+i), apache.I16, func() { s.do(s.WriteI16(s.ctx, v)) })
	}
	for i, v := range []int{0, -1, 1<<31 - 1, -1 << 31} {
		s.field(int16(8+i), apache.I32, func() { s.i32(v) })
	}
	for i, v := range []int64{0, -1, 1<<63 - 1, -1 << 63} {
		s.field(int16(12+i), apache.I64, func() { s.do(s.WriteI64(s.ctx, v)) })
	}
	for i, v := range []float64{0, -1.5, 1e300} {
		s.field(int16(16+i), apache.DOUBLE, func() { s.do(s.WriteDouble(s.ctx, v)) })
	}
	s.field(20, apache.STRING, func() { s.text("") })
	s.field(21, apache.STRING, func() { s.text(string(make([]byte, 300))) })
	s.field(22, apache.UUID, func() { s.do(s.WriteUUID(s.ctx, apache.Tuuid{1, 2, 3, 15: 16})) })
}

func everyContainer(s *script) {
	for i, n := range []int{0, 1, 14, 15, 33} {
		id := int16(10 * i)
		s.field(id+1, apache.LIST, func() { s.list(apache.I32, n, s.i32) })
		s.field(id+2, apache.SET, func() {
			s.list(apache.STRING, n, func(i int) { s.text(string(make([]byte, i))) })
		})
		s.field(id+3, apache.MAP, func() {
			s.mapping(apache.STRING, apache.I64, n, func(i int) { s.text("k"); s.do(s.WriteI64(s.ctx, int64(-i))) })
		})
		s.field(id+4, apache.LIST, func() {
			s.list(apache.BOOL, n, func(i int) { s.do(s.WriteBool(s.ctx, i%3 == 0)) })
		})
		s.field(id+5, apache.MAP, func() {
			s.mapping(apache.BYTE, apache.DOUBLE, n, func(i int) {
				s.do(s.WriteByte(s.ctx, int8(i)))
				s.do(s.WriteDouble(s.ctx, float64(i)/3))
			})
		})
		s.field(id+6, apache.LIST, func() {
			s.list(apache.UUID, n, func(i int) { s.do(s.WriteUUID(s.ctx, apache.Tuuid{byte(i)})) })
		})
		s.field(id+7, apache.MAP, func() {
			s.mapping(apache.I16, apache.BOOL, n, func(i int) {
				s.do(s.WriteI16(s.ctx, int16(i)))
				s.do(s.WriteBool(s.ctx, i%2 == 0))
			})
		})
	}
}

// nested is a struct with a list of maps of structs, to a depth.
func nested(s *script, depth int) {
	s.structure(func() {
		s.field(3, apache.I16, func() { s.do(s.WriteI16(s.ctx, int16(depth))) })
		if depth > 3 {
			s.field(2, apache.LIST, func() {
				s.list(apache.MAP, 1, func(int) {
					s.mapping(apache.STRING, apache.STRUCT, 1, func(int) { s.text("k"); nested(s, depth-3) })
				})
			})
		}
		s.field(9, apache.BOOL, func() { s.do(s.WriteBool(s.ctx, depth%2 == 0)) })
	})
}

// message is sample i as Apache Thrift's library writes it in p.
func message(t testing.TB, i int, p Protocol) []byte {
	sample := samples[i]
	return written(t, p, func(ctx context.Context, prot apache.TProtocol) error {
		s := &script{ctx: ctx, TProtocol: prot}
		s.do(s.WriteMessageBegin(ctx, sample.method, sample.kind, sample.seq))
		sample.body(s)
		s.do(s.WriteMessageEnd(ctx))
		return s.err
	})
}

var protocols = []Protocol{Binary, Lax, Compact}

func (p Protocol) testName() string { return [...]string{"binary", "lax", "compact"}[p] }

// Bytes as other implementations have them.
var vectors = map[string]string{
	"call":           "80010001000000026869000000000b000100000011746869735f69735f746573745f6461746100",
	"reply":          "80010002000000026869000000000b0000000000187468697320697320612072657475726e206d65737361676500",
	"abc":            "80010001000000026869000000000b00010000000361626300",
	"compact oneway": "8281000468692121" + "180361626300",
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
