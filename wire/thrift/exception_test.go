package thrift

import (
	"bytes"
	"context"
	"testing"

	"sidecar"

	apache "github.com/apache/thrift/lib/go/thrift"
)

func TestExceptionsAreTheLibrarys(t *testing.T) {
	for _, p := range protocols {
		t.Run(p.testName(), func(t *testing.T) {
			want := written(t, p, func(ctx context.Context, prot apache.TProtocol) error {
				s := &script{ctx: ctx, TProtocol: prot}
				s.do(s.WriteMessageBegin(ctx, "hi", apache.EXCEPTION, -5))
				s.do(apache.NewTApplicationException(apache.PROTOCOL_ERROR, "sidecar: bad").Write(ctx, prot))
				return s.err
			})
			got := AppendException(nil, p, -5, "hi", ProtocolError, "sidecar: bad")
			if !bytes.Equal(got, want) {
				t.Errorf("written %x, the library writes %x", got, want)
			}
			h := readByPieces(t, p, got)
			e, problem := ParseException(p, got[h.Body:])
			if problem != nil || e.Kind != ProtocolError || string(e.Message) != "sidecar: bad" {
				t.Errorf("read %d %q, %v", e.Kind, e.Message, problem)
			}
		})
	}
}

func TestExceptionsOfOtherFields(t *testing.T) {
	for _, c := range []struct {
		name, body string
		kind       Kind
		text       string
		problem    *Problem
	}{
		{"none", "00", UnknownKind, "", nil},
		{"type first", "080002" + "00000001" + "0b0001" + "0000000161" + "00", UnknownMethod, "a", nil},
		{"of other types", "080001" + "00000001" + "0b0002" + "0000000161" + "00", UnknownKind, "", nil},
		{"unknown", "020003" + "01" + "0c0004" + "00" + "080002" + "0000000b" + "00", LoadShedding, "", nil},
		{"cut", "080002" + "0000", UnknownKind, "", errShort},
		{"no end", "080002" + "00000006", InternalError, "", errShort},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, p := ParseException(Binary, unhex(t, c.body))
			if p != c.problem || p == nil && (e.Kind != c.kind || string(e.Message) != c.text) {
				t.Errorf("got %d %q, %v", e.Kind, e.Message, p)
			}
		})
	}
}

func TestClassesOfExceptions(t *testing.T) {
	for k, want := range map[Kind]sidecar.Class{
		UnknownKind: sidecar.Failure, UnknownMethod: sidecar.ClientError, BadSequenceID: sidecar.Failure,
		InternalError: sidecar.Failure, ProtocolError: sidecar.ClientError, LoadShedding: sidecar.Shed,
		TimedOut: sidecar.Unavailable, InjectedFailure: sidecar.Failure, 99: sidecar.Failure, -1: sidecar.Failure,
	} {
		if got := ClassOf(k); got != want {
			t.Errorf("%d is %v, want %v", k, got, want)
		}
	}
}

func FuzzException(f *testing.F) {
	for _, p := range protocols {
		b := AppendException(nil, p, 1, "m", InternalError, "text")
		h, _ := ParseHead(p, b)
		f.Add(uint8(p), b[h.Body:])
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		p := Protocol(which % 3)
		e, problem := ParseException(p, b)
		if _, bad := WalkStruct(p, b); (bad == nil) != (problem == nil) {
			t.Fatalf("%x: %v, walked: %v", b, problem, bad)
		}
		if problem != nil {
			return
		}
		again := AppendException(nil, p, 1, "m", e.Kind, string(e.Message))
		h, _ := ParseHead(p, again)
		if g, problem := ParseException(p, again[h.Body:]); problem != nil || g.Kind != e.Kind || !bytes.Equal(g.Message, e.Message) {
			t.Fatalf("%+v read again as %+v, %v", e, g, problem)
		}
	})
}
