package kafka

import (
	"strconv"

	"sidecar"
)

// The parts of a session by which it is routed and named.
const (
	attrNode = sidecar.AttrProtocol + iota
	attrClient
)

// Select is the selector of a part's name: "node" (the broker's number that the
// client dialled, "bootstrap" if none) or "client" (the address without its port).
// false if there is no such part.
func Select(name string) (sidecar.Selector, bool) {
	switch name {
	case "node":
		return sidecar.Selector{Attr: attrNode}, true
	case "client":
		return sidecar.Selector{Attr: attrClient}, true
	}
	return sidecar.Selector{}, false
}

// Never changed.
var (
	session   = []byte("session")
	bootstrap = []byte("bootstrap")
)

// Attr is a part of the session.
func (t *Talk) Attr(sel sidecar.Selector) ([]byte, bool) {
	switch sel.Attr {
	case sidecar.AttrOperation, sidecar.AttrOpName:
		return session, true
	case attrNode:
		if t.Node < 0 {
			return bootstrap, true
		}
		return strconv.AppendInt(t.number[:0], int64(t.Node), 10), true
	case attrClient:
		return t.Client, t.Client != nil
	}
	return nil, false
}
