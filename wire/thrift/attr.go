package thrift

import (
	"bytes"
	"strings"

	"sidecar"
)

// What a call can be routed by, besides the operation.
const (
	AttrMethod    = sidecar.AttrProtocol + iota // the method's name without its service
	AttrService                                 // the service before the colon of a multiplexed name
	AttrHeader                                  // a field of Info
	AttrClientID                                // the field client_id
	AttrClient                                  // the client's address without port
	AttrTransport                               // that of the caller
	AttrProtocol                                // and its protocol
)

// clientID is the field that names the program that calls.
const clientID = "client_id"

// Select resolves the name of a part of a call: "method", "service",
// "client_id", "client", "transport", "protocol", or "header:" and the name of a
// field.
func Select(name string) (sidecar.Selector, bool) {
	switch name {
	case "method":
		return sidecar.Selector{Attr: AttrMethod}, true
	case "service":
		return sidecar.Selector{Attr: AttrService}, true
	case "client_id":
		return sidecar.Selector{Attr: AttrClientID}, true
	case "client":
		return sidecar.Selector{Attr: AttrClient}, true
	case "transport":
		return sidecar.Selector{Attr: AttrTransport}, true
	case "protocol":
		return sidecar.Selector{Attr: AttrProtocol}, true
	}
	if of, ok := strings.CutPrefix(name, "header:"); ok && of != "" && len(of) <= maxName {
		return sidecar.Selector{Attr: AttrHeader, Name: of}, true
	}
	return sidecar.Selector{}, false
}

// The names of transports and protocols as Attr gives them.
var (
	transportBytes = [...][]byte{Framed: []byte("framed"), Unframed: []byte("unframed"), Header: []byte("header")}
	protocolBytes  = [...][]byte{Binary: []byte("binary"), Lax: []byte("lax"), Compact: []byte("compact")}
)

// Attr is the part of the call named by sel.
func (c *Call) Attr(sel sidecar.Selector) ([]byte, bool) {
	switch sel.Attr {
	case sidecar.AttrOperation, sidecar.AttrOpName:
		return c.name(), true
	case AttrMethod:
		_, method := c.split()
		return method, true
	case AttrService:
		service, _ := c.split()
		return service, len(service) > 0
	case AttrHeader:
		return InfoValue(c.Info, sel.Name)
	case AttrClientID:
		return InfoValue(c.Info, clientID)
	case AttrClient:
		return c.Client, len(c.Client) > 0
	case AttrTransport:
		return transportBytes[c.Encoding.Transport], true
	case AttrProtocol:
		return protocolBytes[c.Encoding.Protocol], true
	}
	return nil, false
}

// name is "Service:method" of a multiplexed call, else the method's name.
func (c *Call) name() []byte { return c.Payload[c.Head.Name:c.Head.NameEnd] }

// split is the name in its two parts.
func (c *Call) split() (service, method []byte) {
	name := c.name()
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return nil, name
}
