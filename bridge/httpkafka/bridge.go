package httpkafka

import (
	"context"
	"errors"

	"sidecar"
	"sidecar/wire/http"
)

// request is an HTTP request as it is answered here. It is called by the goroutine
// that owns the exchange, before the records are sent or after.
type request interface {
	// Body is the whole body without its framing, at most limit bytes.
	Body(x *sidecar.Exchange, limit int) ([]byte, *sidecar.Fault)
	// Answer writes the reply to the client in a backend's place; fields are
	// whole lines. It asks x.Commit first.
	Answer(x *sidecar.Exchange, status int, fields string, body []byte) error
	// Finish is Answer where x is committed and nothing has been written.
	Finish(x *sidecar.Exchange, status int, fields string, body []byte) error
}

var errNoHTTP = errors.New("a producer of records behind what is no HTTP server")

// Layer stands before the upstream, and behind what only knows HTTP: it makes
// records of a request, and an answer of what became of them.
func (p *Producer) Layer(next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		req, ok := x.Msg.(request)
		if !ok {
			return &sidecar.Fault{Stage: sidecar.StageRoute, Reason: sidecar.Internal, Err: errNoHTTP}
		}
		return p.serve(ctx, x, req, next)
	})
}

func (p *Producer) serve(ctx context.Context, x *sidecar.Exchange, req request, next sidecar.Service) error {
	a, bad := p.read(x.Msg)
	if bad != nil {
		return refusal(bad).send(x, req)
	}
	limit := p.set.Load().MaxBody
	body, f := req.Body(x, limit)
	switch {
	case f == nil:
	case f.Reason == sidecar.ClientLeft:
		return f
	case f.Reason == sidecar.TooLarge:
		return refusal(wrong(413, "the body is longer than max_body of the upstream, %d bytes", limit)).send(x, req)
	default:
		return faultAnswer(f, nil, a.form).send(x, req)
	}
	b, bad := a.batch(body)
	if bad != nil {
		return refusal(bad).send(x, req)
	}
	b.producer, b.id = p, attr(x.Msg, http.AttrRequestID, "")
	outer := x.Msg
	x.Msg = b
	err := next.Do(ctx, x)
	x.Msg = outer
	return b.tell(x, req, a.form, err)
}

// tell writes what became of the records.
func (b *batch) tell(x *sidecar.Exchange, req request, kind form, err error) error {
	if err == nil {
		return writtenAnswer(b, kind).send(x, req)
	}
	f := sidecar.FaultOf(err)
	switch {
	case f.Reason == sidecar.ClientLeft:
		return err
	case f.Has(sidecar.FromPeer) && b.started:
		a := writtenAnswer(b, kind)
		a.fault = f
		return a.send(x, req)
	}
	return faultAnswer(f, b, kind).send(x, req)
}
