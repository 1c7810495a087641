package muxthrift

import (
	"context"
	"sync"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// ToThrift is the layer in front of an upstream that speaks plain Thrift:
// dispatches become calls, and what is one already passes by.
func ToThrift(p LayerParams) sidecar.Layer {
	var forks *thrift.Forks
	if p.Wheel != nil {
		forks = thrift.NewForks(p.Wheel)
	}
	pool := sync.Pool{New: func() any { return newToThrift(&p, forks) }}
	return func(next sidecar.Service) sidecar.Service {
		return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			outer, ok := x.Msg.(*mux.Call)
			if !ok {
				return next.Do(ctx, x)
			}
			b := pool.Get().(*toThrift)
			err := b.do(ctx, x, outer, next)
			pool.Put(b)
			return err
		})
	}
}

// toThrift is one dispatch on its way over plain Thrift, and where its reply
// goes. It is pooled.
type toThrift struct {
	p        *LayerParams
	outer    *mux.Call
	call     thrift.Call
	rep      mux.Reply
	info     []byte
	contexts []byte
	bare     []byte
	out      scratch
}

func newToThrift(p *LayerParams, forks *thrift.Forks) *toThrift {
	b := &toThrift{p: p}
	b.call.Hedged(forks)
	b.call.Replies = b
	return b
}

func (b *toThrift) do(ctx context.Context, x *sidecar.Exchange, outer *mux.Call, next sidecar.Service) error {
	p, h, ok := headOf(outer.Payload)
	if !ok || h.Type != thrift.CallType && h.Type != thrift.OnewayType {
		return unsendable(errNoCall)
	}
	// A server of Thrift would answer what is behind the call as another one, to
	// whoever has its connection next.
	if problem := thrift.Alone(p, outer.Payload[h.Body:]); problem != nil {
		return unsendable(problem)
	}
	c := &b.call
	c.Begin()
	b.info = appendInfo(b.info[:0], outer.Contexts)
	c.Encoding = thrift.Encoding{Transport: thrift.Framed, Protocol: p}
	c.Head, c.Payload, c.Info, c.Client = h, outer.Payload, b.info, outer.Client
	b.outer, x.Msg = outer, c
	err := next.Do(ctx, x)
	x.Msg = outer
	b.out.give(b.p)
	b.outer, c.Payload, c.Info, c.Client, b.rep = nil, nil, nil, nil, mux.Reply{}
	for _, s := range []*[]byte{&b.info, &b.contexts, &b.bare} {
		if cap(*s) > sock.SmallBuffer {
			*s = nil
		}
	}
	return err
}

// Reply gives a reply to the client, in the protocol that it called in.
func (b *toThrift) Reply(x *sidecar.Exchange, r *thrift.Reply) *sidecar.Fault {
	payload := r.Payload
	if to := b.call.Encoding.Protocol; r.Encoding.Protocol != to {
		var err error
		if payload, err = b.out.transcode(b.p, r.Encoding.Protocol, to, payload); err != nil {
			return badReply(err)
		}
	}
	b.rep = mux.Reply{Payload: payload}
	if len(r.Info) > 0 {
		b.contexts, b.bare = appendReplyContexts(b.contexts[:0], b.bare, r.Info)
		b.rep.Contexts = b.contexts
	}
	return b.outer.Replies.Reply(x, &b.rep)
}
