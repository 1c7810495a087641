package muxthrift

import (
	"bytes"
	"encoding/binary"

	"sidecar/wire/thrift"
)

// The fields of a trace as Zipkin names them (openzipkin/b3-propagation).
const (
	b3Trace   = "X-B3-TraceId"
	b3Span    = "X-B3-SpanId"
	b3Parent  = "X-B3-ParentSpanId"
	b3Sampled = "X-B3-Sampled"
	b3Flags   = "X-B3-Flags"
	b3Single  = "b3" // all of them in one
)

// The flags of Finagle's traces (Flags.scala).
const (
	flagDebug uint64 = 1 << iota
	flagKnown        // whether it is sampled is decided
	flagSampled
)

// traceSize is the longest value of a TraceContext: span, parent, trace and
// flags, and the higher half of a long trace id.
const traceSize = 40

// trace is where a call stands in a trace.
type trace struct {
	high, id, span, parent, flags uint64
	has, long                     bool
	hasSpan, hasParent            bool
}

// known tells whether there is a trace to be told of.
func (t *trace) known() bool { return t.has && t.hasSpan }

// field takes a field of a call; false if it is none of a trace's. A value that
// is no number is as if it were not there.
func (t *trace) field(k, v []byte) bool {
	switch {
	case len(k) == 0 || k[0]|0x20 != 'x' && k[0]|0x20 != 'b':
		return false
	case same(k, b3Trace):
		t.setID(v)
	case same(k, b3Span):
		t.span, t.hasSpan = hex(v)
	case same(k, b3Parent):
		t.parent, t.hasParent = hex(v)
	case same(k, b3Sampled):
		t.sampled(v)
	case same(k, b3Flags):
		if string(v) == "1" {
			t.flags |= flagDebug
		}
	case same(k, b3Single):
		t.single(v)
	default:
		return false
	}
	return true
}

func (t *trace) setID(v []byte) {
	if t.long = len(v) == 32; t.long {
		if t.high, t.long = hex(v[:16]); !t.long {
			return
		}
		v = v[16:]
	}
	t.id, t.has = hex(v)
}

func (t *trace) sampled(v []byte) {
	switch string(v) {
	case "1", "true":
		t.flags |= flagKnown | flagSampled
	case "0", "false":
		t.flags |= flagKnown
	case "d":
		t.flags |= flagKnown | flagSampled | flagDebug
	}
}

// single reads "{TraceId}-{SpanId}-{SamplingState}-{ParentSpanId}", the last two
// of which may be missing.
func (t *trace) single(v []byte) {
	id, rest, _ := bytes.Cut(v, dash)
	span, rest, _ := bytes.Cut(rest, dash)
	sampled, parent, _ := bytes.Cut(rest, dash)
	t.setID(id)
	t.span, t.hasSpan = hex(span)
	t.sampled(sampled)
	t.parent, t.hasParent = hex(parent)
}

var dash = []byte("-") // never changed

// append writes a TraceContext's value. Without a parent it is the span itself,
// as TraceId.scala has it.
func (t *trace) append(dst []byte) []byte {
	parent := t.span
	if t.hasParent {
		parent = t.parent
	}
	for _, n := range [...]uint64{t.span, parent, t.id, t.flags} {
		dst = binary.BigEndian.AppendUint64(dst, n)
	}
	if t.long {
		dst = binary.BigEndian.AppendUint64(dst, t.high)
	}
	return dst
}

// appendB3 appends the fields of a TraceContext's value; none if it is not of its
// form.
func appendB3(dst, v []byte) []byte {
	if len(v) != 32 && len(v) != traceSize {
		return dst
	}
	span, parent, id := binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:]), binary.BigEndian.Uint64(v[16:])
	flags := binary.BigEndian.Uint64(v[24:])
	var room [32]byte
	long := room[:0]
	if len(v) == traceSize {
		long = appendHex(long, binary.BigEndian.Uint64(v[32:]))
	}
	dst = thrift.AppendInfo(dst, b3Trace, appendHex(long, id))
	dst = thrift.AppendInfo(dst, b3Span, appendHex(room[:0], span))
	if parent != span {
		dst = thrift.AppendInfo(dst, b3Parent, appendHex(room[:0], parent))
	}
	switch {
	case flags&flagKnown != 0 && flags&flagSampled != 0:
		dst = thrift.AppendInfo(dst, b3Sampled, "1")
	case flags&flagKnown != 0:
		dst = thrift.AppendInfo(dst, b3Sampled, "0")
	}
	if flags&flagDebug != 0 {
		dst = thrift.AppendInfo(dst, b3Flags, "1")
	}
	return dst
}

// same compares the names of fields, in which case does not matter here.
func same(k []byte, name string) bool {
	if len(k) != len(name) {
		return false
	}
	for i, c := range k {
		if c != name[i] && (c|0x20 != name[i]|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// hex reads a number of 1 to 16 hexadecimal digits.
func hex(v []byte) (n uint64, ok bool) {
	if len(v) == 0 || len(v) > 16 {
		return 0, false
	}
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}

// appendHex appends n in 16 hexadecimal digits.
func appendHex(dst []byte, n uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[n>>shift&15])
	}
	return dst
}
