package http1

import (
	"strconv"

	"sidecar/wire/http"
)

// countHops reads Max-Forwards of an OPTIONS or TRACE, for which alone it binds
// (RFC 9110, 7.6.2): hops is how many it may still take, and the field is
// dropped, to be said anew. One that is no number means nothing and passes as it
// came, as do two, which are a list.
func (r *request) countHops(b []byte) {
	var found *field
	for i := range r.fields {
		if f := &r.fields[i]; http.EqualFold(f.nameIn(b), "max-forwards") {
			if found != nil {
				return
			}
			found = f
		}
	}
	if found == nil || found.value == found.end {
		return
	}
	n := 0
	for _, c := range found.valueIn(b) {
		if c < '0' || c > '9' {
			return
		}
		// "the lesser of a) the received value decremented by one (1) or b) the
		// recipient's maximum supported value"
		n = min(10*n+int(c-'0'), maxForwards+1)
	}
	found.drop = true
	r.hops = n
}

// appendHops says what is left of the hops behind this one.
func (r *request) appendHops(out []byte) []byte {
	if r.hops <= 0 {
		return out
	}
	out = append(out, "Max-Forwards: "...)
	return append(strconv.AppendInt(out, int64(r.hops-1), 10), "\r\n"...)
}

// lastHop answers a request that may go no further: "the intermediary MUST NOT
// forward the request; instead, the intermediary MUST respond as the final
// recipient" (RFC 9110, 7.6.2). It reports whether the connection goes on.
//
// TRACE is answered, and not performed: an echo shows a page's script the fields
// that its browser hides from it, and a list of those that are secret (one
// application's X-Api-Key) would never be whole. A method that is not served is
// a 405; the Allow that belongs to it is asked of origin servers only.
//
// OPTIONS is answered without Allow: what the resource allows is the backend's
// to say.
func (a *active) lastHop() bool {
	m := &a.msg
	if string(m.in[m.req.first:m.req.method]) == "TRACE" {
		f := badRequest(errTrace)
		a.tellRefused(f)
		a.x.End()
		return a.fail(f, 0)
	}
	a.x.End()
	a.srv.stats.requests.Inc()
	a.srv.stats.In.Add(uint64(m.req.end) + uint64(m.up.moved))
	keep := a.keeps()
	out := append(m.heads(headSlack), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"...)
	to := a.replyTo(keep)
	return a.say(to.end(to.appendDate(out), 1), keep)
}
