package http

import "sidecar"

// ReplyClass is what a final reply means to layers: a 503 that says when to
// come again (retryAfter: it has a Retry-After field) is a peer that is well and
// sheds load (RFC 9110, section 15.6.4), and no failure of it.
func ReplyClass(status int, retryAfter bool) sidecar.Class {
	if status == 503 && retryAfter {
		return sidecar.Shed
	}
	return ClassOf(status)
}

// ClassOf is what a final status means by itself.
func ClassOf(status int) sidecar.Class {
	switch {
	case status < 400:
		return sidecar.Success
	case status == 429:
		return sidecar.Overload
	case status < 500:
		return sidecar.ClientError
	case status >= 502 && status <= 504:
		return sidecar.Unavailable
	default:
		return sidecar.Failure
	}
}

// Idempotent tells whether RFC 9110 section 9.2.2 lets the method be repeated.
func Idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// StatusOf is the status that tells a fault to a client.
func StatusOf(f *sidecar.Fault) int {
	switch f.Reason {
	case sidecar.BadRequest, sidecar.TooLarge:
		switch {
		case !f.Has(sidecar.FromClient):
			return 502
		case f.Code != 0:
			return f.Code
		}
		return 400
	case sidecar.NoRoute:
		return 404
	case sidecar.NoEndpoints, sidecar.PoolExhausted, sidecar.BreakerOpen, sidecar.ShuttingDown, sidecar.TooManyRequests, sidecar.TooManyConnections, sidecar.BulkheadFull:
		return 503
	case sidecar.ConnectTimeout, sidecar.AttemptTimedOut, sidecar.DeadlineExceeded:
		return 504
	case sidecar.StalledOut:
		if f.Has(sidecar.FromClient) {
			return 408
		}
		return 504
	case sidecar.RetryBudget, sidecar.Status5xx:
		if f.Code != 0 {
			return f.Code
		}
		return 502
	case sidecar.ClientLeft:
		return 499
	case sidecar.Internal:
		return 500
	}
	return 502
}

// Phrase is the reason phrase of the statuses that the sidecar makes itself.
func Phrase(status int) string {
	for _, p := range phrases {
		if p.status == status {
			return p.text
		}
	}
	if status < 400 {
		return "" // it may be empty (RFC 9112, section 4)
	}
	return "Error"
}

// phrases are those of RFC 9110 section 15 that a configured answer is likely
// to have, besides our own. Nobody changes them.
var phrases = [...]struct {
	status int
	text   string
}{
	{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {203, "Non-Authoritative Information"}, {204, "No Content"}, {206, "Partial Content"},
	{300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
	{307, "Temporary Redirect"}, {308, "Permanent Redirect"},
	{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	{408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"},
	{421, "Misdirected Request"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
	{451, "Unavailable For Legal Reasons"}, {499, "Client Closed Request"},
	{500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
	{504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
}
