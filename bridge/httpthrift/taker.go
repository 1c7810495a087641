package httpthrift

import (
	"sidecar"
	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// taker keeps what the backend answered until its connection is free: the client
// is written to by its own goroutine afterwards, at its own pace, and whatever is
// wrong with a reply can still be told.
type taker struct {
	bridge *Bridge
	method *idl.Method
	got    result
	class  sidecar.Class
	kind   thrift.Kind // of an exception that is not declared
	text   string      // and its message
	failed bool        // it is one
	bad    *problem
}

// Reply takes the reply; it never fails. Where a call has a second sender, it is
// called by the one of them that won, and Do returns after both.
func (t *taker) Reply(_ *sidecar.Exchange, r *thrift.Reply) *sidecar.Fault {
	p, body := r.Encoding.Protocol, r.Payload[r.Head.Body:]
	if r.Head.Type == thrift.ExceptionType {
		e, bad := thrift.ParseException(p, body)
		if bad != nil {
			t.bad = broken(bad)
			return nil
		}
		t.failed, t.kind, t.text, t.class = true, e.Kind, string(e.Message), thrift.ClassOf(e.Kind)
		return nil
	}
	t.class = t.bridge.p.Classes.Of(r.Payload[r.Head.Name:r.Head.NameEnd], p, body)
	t.got, t.bad = decodeResult(t.method, p, body, t.bridge.p.MaxJSON)
	return nil
}

// answer is the reply as HTTP.
func (t *taker) answer(attempts int) *answer {
	switch {
	case t.bad != nil:
		return problemAnswer(502, &sidecar.Fault{Stage: sidecar.StageRead, Reason: t.bad.reason, Err: t.bad}, t.bad.text).after(attempts)
	case t.failed:
		status := statusOf(t.class)
		if t.kind == thrift.UnknownMethod {
			status = 404
		}
		return (&answer{status: status, reason: "exception", text: t.text, thrown: "TApplicationException", kind: t.kind}).after(attempts)
	case t.got.thrown == nil:
		return &answer{status: 200, body: t.got.json}
	}
	return (&answer{
		status: statusOf(t.class), reason: "exception", text: t.got.thrown.Name, thrown: t.got.thrown.Type.Struct.Name, value: t.got.json,
	}).after(attempts)
}

// statusOf is how a class of replies is told.
func statusOf(c sidecar.Class) int {
	switch c {
	case sidecar.Success:
		return 200
	case sidecar.ClientError:
		return 400
	case sidecar.Overload:
		return 429
	case sidecar.Shed, sidecar.Unavailable:
		return 503
	default:
		return 500
	}
}
