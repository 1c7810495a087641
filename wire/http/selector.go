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
	AttrCookie // the first cookie of that name
	AttrClient // the client's address without port
)

// Select resolves the name of a part of a request: "host", "path", "method",
// "request_id", "client", or "header:" and a field's name, "cookie:" and a
// cookie's.
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
	case "client":
		return sidecar.Selector{Attr: AttrClient}, true
	}
	if cookie, ok := strings.CutPrefix(name, "cookie:"); ok && IsToken([]byte(cookie)) {
		return sidecar.Selector{Attr: AttrCookie, Name: cookie}, true // case matters in names of cookies
	}
	field, ok := strings.CutPrefix(name, "header:")
	if !ok || !IsToken([]byte(field)) {
		return sidecar.Selector{}, false
	}
	return sidecar.Selector{Attr: AttrHeader, Name: strings.ToLower(field)}, true
}
