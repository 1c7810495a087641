package muxthrift

import (
	"sidecar"
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// Select resolves the name of a part of a call on a listener that serves both.
func Select(name string) (sidecar.Selector, bool) {
	if sel, ok := thrift.Select(name); ok {
		return sel, true
	}
	return mux.Select(name)
}

// Labels name the calls of Mux clients as those of Thrift's are.
type Labels struct{}

// muxName is their transport. Never changed.
var muxName = []byte("mux")

// Attr is the part of the call that sel names.
func (Labels) Attr(c *mux.Call, sel sidecar.Selector) ([]byte, bool) {
	switch sel.Attr {
	case sidecar.AttrOperation, sidecar.AttrOpName, thrift.AttrMethod, thrift.AttrService, thrift.AttrProtocol:
		return named(c.Payload, sel)
	case thrift.AttrHeader:
		return header(c.Contexts, sel.Name)
	case thrift.AttrClientID:
		return mux.Lookup(c.Contexts, mux.ClientIDContext)
	case thrift.AttrClient:
		return c.Client, len(c.Client) > 0
	case thrift.AttrTransport:
		return muxName, true
	}
	return nil, false
}

// named is the part of a message that its head says.
func named(payload []byte, sel sidecar.Selector) ([]byte, bool) {
	p, h, ok := headOf(payload)
	if !ok {
		return nil, false
	}
	call := thrift.Call{Encoding: thrift.Encoding{Transport: thrift.Framed, Protocol: p}, Head: h, Payload: payload}
	return call.Attr(sel)
}

// headOf reads the head of a whole message in whichever protocol it is.
func headOf(payload []byte) (thrift.Protocol, thrift.Head, bool) {
	if len(payload) == 0 {
		return 0, thrift.Head{}, false
	}
	p, ok := thrift.ProtocolOf(payload[0])
	if !ok {
		return 0, thrift.Head{}, false
	}
	h, problem := thrift.ParseHead(p, payload)
	return p, h, problem == nil
}

// Class is what a reply means.
func (Labels) Class(_ *mux.Call, reply []byte) sidecar.Class { return classOf(nil, reply) }

// classed are the labels of dispatches to an upstream whose replies have classes
// of their own.
type classed struct {
	Labels
	p *LayerParams
}

// Class is what a reply means.
func (l classed) Class(_ *mux.Call, reply []byte) sidecar.Class { return classOf(l.p, reply) }

// classOf is what a reply means; where layer is nil, by its type alone.
func classOf(layer *LayerParams, reply []byte) sidecar.Class {
	p, h, ok := headOf(reply)
	switch {
	case len(reply) == 0: // of a oneway call
		return sidecar.Success
	case !ok:
		return sidecar.Failure
	case h.Type != thrift.ExceptionType && layer != nil && layer.Classes != nil:
		return layer.Classes(reply[h.Name:h.NameEnd], p, reply[h.Body:])
	case h.Type != thrift.ExceptionType:
		return sidecar.Success
	}
	e, bad := thrift.ParseException(p, reply[h.Body:])
	if bad != nil {
		return sidecar.Failure
	}
	return thrift.ClassOf(e.Kind)
}

// header is a field that a Mux client gives as one of its request's headers.
func header(contexts []byte, name string) ([]byte, bool) {
	block, ok := mux.Lookup(contexts, requestHeaders)
	if !ok {
		return nil, false
	}
	for p := mux.Bare(block); ; {
		k, v, ok := p.Next()
		if !ok {
			return nil, false
		}
		if string(k) == name {
			return v, true
		}
	}
}
