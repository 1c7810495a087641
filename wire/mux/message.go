package mux

import (
	"strings"

	"sidecar"
)

// What a dispatch can be routed by whatever its payload is. The numbers lie far
// above those that protocols of payloads use, whose own go to Labels.
const (
	AttrDest    = sidecar.AttrProtocol + 64 + iota
	AttrContext // the value of the context of that name
)

// Select resolves the name of a part of a dispatch: "dest", or "context:" and a
// context's name, in which case matters.
func Select(name string) (sidecar.Selector, bool) {
	if name == "dest" {
		return sidecar.Selector{Attr: AttrDest}, true
	}
	if kind, of, _ := strings.Cut(name, ":"); kind == "context" && of != "" && len(of) <= maxSignedU2 {
		return sidecar.Selector{Attr: AttrContext, Name: of}, true
	}
	return sidecar.Selector{}, false
}

// Attr is the part of the dispatch that sel names.
func (c *Call) Attr(sel sidecar.Selector) ([]byte, bool) {
	switch {
	case sel.Attr == AttrDest:
		return c.Dest, len(c.Dest) > 0
	case sel.Attr == AttrContext:
		return Lookup(c.Contexts, sel.Name)
	case c.Labels != nil:
		return c.Labels.Attr(c, sel)
	case sel.Attr == sidecar.AttrOperation || sel.Attr == sidecar.AttrOpName:
		return c.Dest, len(c.Dest) > 0
	}
	return nil, false
}

// Rewind tells whether the dispatch may be sent again, which it can, being held
// whole.
func (c *Call) Rewind() bool { return !c.Once || !c.posted }

// left notes that a try of the call ended by f: it is posted unless f proves that
// it was not executed.
func (c *Call) left(f *sidecar.Fault) {
	if f.Flags&(sidecar.Unsent|sidecar.Rejected) == 0 {
		c.posted = true
	}
}

// Class is what the reply meant.
func (c *Call) Class() sidecar.Class { return c.class }

// classify notes what r means and returns it. A Nack turned the dispatch away
// for the server's own load; an Error is an exception that nobody declared.
func (c *Call) classify(r *Reply) sidecar.Class {
	switch {
	case r.Status == Nack:
		c.class = sidecar.Shed
	case r.Status != OK:
		c.class = sidecar.Failure
	case c.Labels != nil:
		c.class = c.Labels.Class(c, r.Payload)
	default:
		c.class = sidecar.Success
	}
	return c.class
}
