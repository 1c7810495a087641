package muxthrift

import (
	"context"
	"sync"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// ToMux is the layer in front of an upstream that speaks ThriftMux: calls of
// plain Thrift become dispatches, and what is one already passes by.
func ToMux(p LayerParams) sidecar.Layer {
	var forks *mux.Forks
	if p.Wheel != nil {
		forks = mux.NewForks(p.Wheel)
	}
	pool := sync.Pool{New: func() any { return newToMux(&p, forks) }}
	var labels mux.Labels = classed{p: &p}
	return func(next sidecar.Service) sidecar.Service {
		return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			outer, ok := x.Msg.(*thrift.Call)
			if !ok {
				if c, ok := x.Msg.(*mux.Call); ok {
					defer func(was mux.Labels) { c.Labels = was }(c.Labels)
					c.Labels = labels
				}
				return next.Do(ctx, x)
			}
			b := pool.Get().(*toMux)
			err := b.do(ctx, x, outer, next)
			pool.Put(b)
			return err
		})
	}
}

// toMux is one call of Thrift on its way over Mux: the inner call's labels and
// where its reply goes. It is pooled.
type toMux struct {
	p        *LayerParams
	outer    *thrift.Call
	call     mux.Call
	rep      thrift.Reply
	contexts []byte
	bare     []byte
	info     []byte
	text     []byte // of an exception
	out      scratch
}

func newToMux(p *LayerParams, forks *mux.Forks) *toMux {
	b := &toMux{p: p}
	b.call.Hedged(forks)
	b.call.Labels, b.call.Replies = b, b
	return b
}

// do sends the call. Its time is the exchange's own, which the connection says
// anew on each try.
func (b *toMux) do(ctx context.Context, x *sidecar.Exchange, outer *thrift.Call, next sidecar.Service) error {
	c := &b.call
	c.Begin()
	c.Payload = outer.Payload
	if outer.Encoding.Protocol != thrift.Binary {
		payload, err := b.out.transcode(b.p, outer.Encoding.Protocol, thrift.Binary, outer.Payload)
		if err != nil {
			b.out.give(b.p)
			return unsendable(err)
		}
		c.Payload = payload
	}
	b.contexts, b.bare = appendContexts(b.contexts[:0], b.bare, outer.Info)
	c.Contexts, c.Client = b.contexts, outer.Client
	c.Once = outer.Oneway || outer.Head.Type == thrift.OnewayType
	b.outer, x.Msg = outer, c
	err := next.Do(ctx, x)
	x.Msg = outer
	b.out.give(b.p)
	b.outer, c.Payload, c.Contexts, c.Client, b.rep = nil, nil, nil, nil, thrift.Reply{}
	b.shrink()
	return err
}

// shrink lets go of what a call of unusual size has left.
func (b *toMux) shrink() {
	for _, s := range []*[]byte{&b.contexts, &b.bare, &b.info, &b.text} {
		if cap(*s) > sock.SmallBuffer {
			*s = nil
		}
	}
}

// Attr is the part of the call that sel names: it is called as it came.
func (b *toMux) Attr(_ *mux.Call, sel sidecar.Selector) ([]byte, bool) { return b.outer.Attr(sel) }

// Class is what a reply means.
func (b *toMux) Class(_ *mux.Call, reply []byte) sidecar.Class { return classOf(b.p, reply) }

// Reply gives a reply to the caller. Who sent a oneway call waits for none. That
// a method is oneway its server may say alone, by an empty reply, as Finagle's
// does: some libraries call it as any other.
func (b *toMux) Reply(x *sidecar.Exchange, r *mux.Reply) *sidecar.Fault {
	if b.call.Once || r.Status == mux.OK && len(r.Payload) == 0 {
		return nil
	}
	payload := r.Payload
	if r.Status != mux.OK {
		payload = b.exception(r)
	}
	p, h, ok := headOf(payload)
	if !ok || h.Type != thrift.ReplyType && h.Type != thrift.ExceptionType || h.Seq != b.outer.Head.Seq {
		return badReply(errNoReply)
	}
	b.info = appendReplyInfo(b.info[:0], r.Contexts)
	b.rep = thrift.Reply{
		Encoding: thrift.Encoding{Transport: thrift.Framed, Protocol: p}, Head: h, Payload: payload, Info: b.info,
	}
	return b.outer.Replies.Reply(x, &b.rep)
}

// maxText is how many bytes of a server's text a caller is told.
const maxText = 1 << 10

// exception is what a caller of Thrift is told of a reply that is none of
// Thrift's: the server failed, or turned the call away.
func (b *toMux) exception(r *mux.Reply) []byte {
	text := "the server turned the call away"
	if r.Status == mux.Error {
		text = string(r.Payload[:min(len(r.Payload), maxText)])
	}
	h := &b.outer.Head
	b.text = thrift.AppendException(b.text[:0], thrift.Binary, h.Seq, b.outer.Payload[h.Name:h.NameEnd], thrift.InternalError, text)
	return b.text
}
