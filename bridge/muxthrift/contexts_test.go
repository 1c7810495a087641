package muxthrift

import (
	"bytes"
	"testing"

	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

func TestTracesCrossOver(t *testing.T) {
	field := func(pairs ...string) (info []byte) {
		for i := 0; i < len(pairs); i += 2 {
			info = thrift.AppendInfo(info, pairs[i], pairs[i+1])
		}
		return info
	}
	for _, row := range []struct {
		name       string
		info, want []byte // want nil: no trace
	}{
		{"of its own", field("X-B3-TraceId", "1", "X-B3-SpanId", "2", "X-B3-ParentSpanId", "3", "X-B3-Sampled", "0"),
			field("X-B3-TraceId", "0000000000000001", "X-B3-SpanId", "0000000000000002", "X-B3-ParentSpanId", "0000000000000003", "X-B3-Sampled", "0")},
		{"in one field", field("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90"),
			field("X-B3-TraceId", "80f198ee56343ba864fe8b2a57d3eff7", "X-B3-SpanId", "e457b5a2e4d86bd1", "X-B3-ParentSpanId", "05e3ac9a4f6e3b90", "X-B3-Sampled", "1")},
		{"in one field, with the least", field("B3", "1-2"), field("X-B3-TraceId", "0000000000000001", "X-B3-SpanId", "0000000000000002")},
		{"for debugging", field("x-b3-traceid", "1", "x-b3-spanid", "2", "x-b3-flags", "1"), field("X-B3-TraceId", "0000000000000001", "X-B3-SpanId", "0000000000000002", "X-B3-Flags", "1")},
		{"without a span", field("X-B3-TraceId", "1"), nil},
		{"no number", field("X-B3-TraceId", "x", "X-B3-SpanId", "2"), nil},
		{"only a decision", field("b3", "0"), nil},
		{"too long", field("X-B3-TraceId", "11111111111111111", "X-B3-SpanId", "2"), nil},
	} {
		pairs, _ := appendContexts(nil, nil, row.info)
		if got := appendInfo(nil, pairs); !bytes.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// FuzzContexts: what stands beside a call crosses over and back without harm:
// what came back once comes back the same.
func FuzzContexts(f *testing.F) {
	f.Add([]byte("\x02b3\x031-2\x09client_id\x02me\x01k\x01v"), []byte("\x00\x01\x00\x01k\x00\x01v"))
	pairs, _ := appendContexts(nil, nil, []byte("\x02b3\x031-2\x09client_id\x02me\x01k\x01v"))
	f.Add([]byte{}, pairs)
	f.Fuzz(func(t *testing.T, info, contexts []byte) {
		there, _ := appendContexts(nil, nil, info)
		back := appendInfo(nil, there)
		again, _ := appendContexts(nil, nil, back)
		if got := appendInfo(nil, again); !bytes.Equal(got, back) {
			t.Errorf("%q, then %q", back, got)
		}
		appendReplyInfo(nil, contexts)
		appendReplyContexts(nil, nil, info)
		header(contexts, "k")
		mux.Left(contexts)
		fields := appendInfo(nil, contexts)
		for rest := fields; len(rest) > 0; {
			_, _, next, ok := thrift.NextInfo(rest)
			if !ok {
				t.Fatalf("%x became %x, which is cut short", contexts, fields)
			}
			rest = next
		}
	})
}
