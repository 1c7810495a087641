package httpthrift

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sidecar"
	"sidecar/wire/http"
	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// request is an HTTP request as it is answered here. It is called by the
// goroutine that owns the exchange, before the first try or after the last.
type request interface {
	// Body is the whole body without its framing, at most limit bytes.
	Body(x *sidecar.Exchange, limit int) ([]byte, *sidecar.Fault)
	// Answer writes the reply to the client in a backend's place; fields are
	// whole lines. It asks x.Commit first.
	Answer(x *sidecar.Exchange, status int, fields string, body []byte) error
	// Finish is Answer where x is committed and nothing has been written.
	Finish(x *sidecar.Exchange, status int, fields string, body []byte) error
}

// Params are what a Bridge is made of.
type Params struct {
	Schema *idl.Schema
	// Classes says what declared exceptions mean.
	Classes *idl.Classes
	// Multiplexed: methods are called by "Service:method".
	Multiplexed bool
	// MaxJSON is how many bytes a body and a result may have.
	MaxJSON int
	// Forks are the second senders of calls; nil: none is hedged.
	Forks *thrift.Forks
}

// Bridge is the interface of one upstream as HTTP. It is never changed, and safe
// for concurrent use.
type Bridge struct{ p Params }

// New makes a bridge.
func New(p Params) *Bridge { return &Bridge{p} }

// Layer stands before the upstream, and behind what only knows HTTP.
func (b *Bridge) Layer(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		req, ok := x.Msg.(request)
		if !ok {
			return &sidecar.Fault{Stage: sidecar.StageRoute, Reason: sidecar.Internal, Err: errNoHTTP}
		}
		return b.do(ctx, x, req, next)
	})
}

var errNoHTTP = &problem{sidecar.Internal, "JSON for Thrift behind what is no HTTP server"}

func (b *Bridge) do(ctx context.Context, x *sidecar.Exchange, req request, next sidecar.Service) error {
	service, method, a := b.find(x.Msg)
	if a != nil {
		return a.send(x, req)
	}
	body, f := req.Body(x, b.p.MaxJSON)
	if f != nil {
		if f.Reason == sidecar.ClientLeft {
			return f
		}
		a := faultAnswer(f, x, 0)
		if f.Reason == sidecar.TooLarge {
			a.text = "the body is longer than max_json of the upstream, " + strconv.Itoa(b.p.MaxJSON) + " bytes"
		}
		return a.send(x, req)
	}
	if len(body) > 0 && !isJSON(x.Msg) {
		return refusal(415, sidecar.BadRequest, "the body's Content-Type has to be application/json").send(x, req)
	}
	call, p := b.call(x.Msg, service, method, body)
	if p != nil {
		return refusal(400, p.reason, p.text).send(x, req)
	}
	t := taker{bridge: b, method: method}
	call.Replies = &t
	call.Hedged(b.p.Forks)
	outer := x.Msg
	x.Msg = call
	err := next.Do(ctx, x)
	x.Msg = outer
	return b.tell(x, req, &t, err)
}

// tell writes what became of the call.
func (b *Bridge) tell(x *sidecar.Exchange, req request, t *taker, err error) error {
	switch {
	case err == nil && t.method.Oneway:
		return (&answer{status: 202, body: []byte("null")}).send(x, req)
	case err == nil:
		return t.answer(x.Tries.Len()).send(x, req)
	}
	f := sidecar.FaultOf(err)
	if f.Reason == sidecar.ClientLeft {
		return err
	}
	return faultAnswer(f, x, x.Tries.Len()).send(x, req)
}

// find is the method that a request names by its path, or what is answered
// without any.
func (b *Bridge) find(m sidecar.Message) (*idl.Service, *idl.Method, *answer) {
	path, _ := m.Attr(sidecar.Selector{Attr: http.AttrPath})
	verb, _ := m.Attr(sidecar.Selector{Attr: http.AttrMethod})
	name, rest, _ := strings.Cut(strings.TrimPrefix(string(path), "/"), "/")
	service := b.p.Schema.Services[name]
	if service == nil {
		return nil, nil, refusal(404, sidecar.NoRoute, "no service "+shown(name)+": a path is /Service/method, with one of "+b.services())
	}
	reads := string(verb) == "GET" || string(verb) == "HEAD"
	if rest == "" && reads {
		return nil, nil, &answer{status: 200, body: listing(service)}
	}
	method := service.Methods[rest]
	switch {
	case method == nil:
		return nil, nil, refusal(404, sidecar.NoRoute, "service "+service.Name+" has no method "+shown(rest))
	case string(verb) != "POST":
		a := refusal(405, sidecar.BadRequest, "a method is called by POST")
		a.fields = "Allow: POST\r\n"
		return nil, nil, a
	}
	return service, method, nil
}

// maxNamed is how many services a client is told of that asked for none of them.
const maxNamed = 8

// services are the names of those that there are.
func (b *Bridge) services() string {
	names := slices.Sorted(maps.Keys(b.p.Schema.Services))
	if len(names) > maxNamed {
		names = append(names[:maxNamed], "others")
	}
	return strings.Join(names, ", ")
}

// isJSON tells whether the body says that it is. That it must keeps a page of
// another site from calling what a browser can reach: other types go without
// being asked for.
func isJSON(m sidecar.Message) bool {
	v, _ := m.Attr(sidecar.Selector{Attr: http.AttrHeader, Name: "content-type"})
	v, _, _ = bytes.Cut(v, []byte(";"))
	kind := strings.ToLower(string(http.Trim(v)))
	return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// call makes the call of a method with the arguments in body.
func (b *Bridge) call(m sidecar.Message, service *idl.Service, method *idl.Method, body []byte) (*thrift.Call, *problem) {
	name, kind := method.Name, thrift.CallType
	if b.p.Multiplexed {
		name = service.Name + ":" + name
	}
	if method.Oneway {
		kind = thrift.OnewayType
	}
	frame := thrift.AppendHead(thrift.OpenFrame(nil), thrift.Binary, kind, 1, name)
	frame, p := encodeArgs(frame, method, body)
	if p != nil {
		return nil, p
	}
	thrift.CloseFrame(frame, 0)
	payload := frame[thrift.FrameHead:]
	head, bad := thrift.ParseHead(thrift.Binary, payload)
	if bad != nil {
		return nil, &problem{sidecar.BadRequest, bad.Error()} // a name too long
	}
	call := &thrift.Call{Encoding: thrift.Encoding{Transport: thrift.Framed, Protocol: thrift.Binary}, Head: head, Payload: payload, Frame: frame}
	if id, ok := m.Attr(sidecar.Selector{Attr: http.AttrRequestID}); ok {
		call.Info = thrift.AppendInfo(nil, "request_id", id)
	}
	if ip, ok := m.Attr(sidecar.Selector{Attr: http.AttrClient}); ok {
		call.Client = ip
	}
	return call, nil
}
