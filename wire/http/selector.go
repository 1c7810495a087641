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
	AttrPart   // a part of the path, by its number, see Segment
	AttrQuery  // a parameter of the query, see QueryValue
)

// Select resolves the name of a part of a request: "host", "path", "method",
// "request_id", "client", or "header:" and a field's name, "cookie:" and a
// cookie's, "query:" and a parameter's, "path:" and the number of a part.
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
	kind, of, _ := strings.Cut(name, ":")
	switch {
	case kind == "header" && IsToken([]byte(of)):
		return sidecar.Selector{Attr: AttrHeader, Name: strings.ToLower(of)}, true
	case kind == "cookie" && IsToken([]byte(of)):
		return sidecar.Selector{Attr: AttrCookie, Name: of}, true // case matters in names of cookies
	case kind == "query" && of != "" && IsTarget([]byte(of)) && !strings.ContainsAny(of, "&="):
		return sidecar.Selector{Attr: AttrQuery, Name: of}, true
	case kind == "path" && partNumber(of) > 0:
		return sidecar.Selector{Attr: AttrPart, Name: of}, true
	}
	return sidecar.Selector{}, false
}
