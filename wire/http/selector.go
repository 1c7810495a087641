package http

import (
	"strings"

	"sidecar"
)

// What an HTTP request can be routed by, besides the operation.
const (
	AttrHost = sidecar.AttrProtocol + iota // Host, as sent
	AttrPath                               // the target's path, without query
	AttrMethod
	AttrHeader // the first field of that name
	AttrRequestID
)

// Select resolves the name of a part of a request: "host", "path", "method",
// "request_id", or "header:" and a field name.
func Select(name string) (sidecar.Selector, bool) {
	switch name {
	case "host":
		return sidecar.Selector{Attr: AttrHost}, true
	case "path":
		return sidecar.Selector{Attr: AttrPath}, true
	case "method":
		return sidecar.Selector{Attr: AttrMethod}, true
	case "request_id":
		return sidecar.Selector{Attr: AttrRequestID}, true
	}
	field, ok := strings.CutPrefix(name, "header:")
	if !ok || !IsToken([]byte(field)) {
		return sidecar.Selector{}, false
	}
	return sidecar.Selector{Attr: AttrHeader, Name: strings.ToLower(field)}, true
}
