package http1

import (
	"strconv"

	"sidecar/wire/http"
)

// agent is the name under which the sidecar stands in Via (RFC 9110, 7.6.3).
const agent = "sidecar"

// appendKept appends the field lines from b[from:] up to the empty line, but
// those marked for dropping, as they came: runs of kept lines in one copy each.
func appendKept(out, b []byte, from int32, h *head) []byte {
	run := from
	for i := range h.fields {
		f := &h.fields[i]
		if f.drop {
			out = append(out, b[run:f.start]...)
			run = f.next
		}
	}
	return append(out, b[run:h.end-2]...)
}

// origin is what a request head is completed with on its way to the backend.
type origin struct {
	client    []byte   // address of the client without port, none if it has none
	trust     bool     // keep the X-Forwarded fields that came
	requestID []byte   // to be used if none came
	authority string   // Host of an HTTP/1.0 request that brought none
	left      int64    // what is left of the client's time, in nanoseconds; 0: its words pass as they came
	ch        *changes // nil: none
}

// appendRequest appends the head of the request r, parsed from b, as it goes
// to the backend.
func appendRequest(out, b []byte, r *request, o *origin) []byte {
	out = appendRequestLine(out, b, r, o.ch)
	o.mark(b, r)
	out = appendKept(out, b, r.lineEnd, &r.head)
	if o.ch != nil && o.ch.ownRequest {
		out = o.ch.appendTo(out)
	}
	out = appendForwarded(out, b, r, o)
	out = r.appendHops(out)
	if o.left > 0 {
		out = r.asked.append(out, b, r.fields, o)
	}
	if r.requestID < 0 {
		out = append(out, "X-Request-Id: "...)
		out = append(out, o.requestID...)
		out = append(out, "\r\n"...)
	}
	if r.upgrade {
		out = append(out, "Connection: Upgrade\r\n"...)
	} else if r.trailers {
		out = append(out, "TE: trailers\r\nConnection: TE\r\n"...)
	}
	out = append(out, "Via: 1."...)
	out = append(out, '0'+r.minor)
	return append(out, " "+agent+"\r\n\r\n"...)
}

// marks are what decides which fields go to the backend.
type marks struct {
	edits                   *http.Edits
	made, trust, left, asks bool
}

// mark marks the fields that do not go to the backend. It writes nothing where
// all is as at the last time: a request that two send at once is only read.
// Whether forwarding fields are trusted stays as it was at first.
func (o *origin) mark(b []byte, r *request) {
	if r.marks.made {
		o.trust = r.marks.trust
	}
	now := marks{made: true, trust: o.trust, left: o.left > 0}
	if o.ch != nil && o.ch.ownRequest {
		now.edits, now.asks = o.ch.edits, o.ch.asks
	}
	if r.marks == now {
		return
	}
	r.marks = now
	for i := range r.fields {
		f := &r.fields[i]
		switch f.name {
		case http.Upgrade:
			f.drop = !r.upgrade
		case http.Host:
			f.drop = r.authority != 0
		case http.Expect:
			// Not even when Connection names it: its sender waits for the answer.
			f.drop = r.minor == 0
		case http.XForwardedFor:
			f.drop = f.drop || !o.trust || len(o.client) > 0 && int32(i) == r.forwardedFor
		case http.XForwardedProto, http.XForwardedHost:
			f.drop = f.drop || !o.trust
		}
	}
	r.asked.drop(r.fields, o.left > 0)
	if o.ch != nil && o.ch.ownRequest {
		o.ch.mark(b, r)
	}
}

// appendRequestLine turns an absolute form into an origin form with its
// authority in Host (RFC 9112, 3.2.2), and HTTP/1.0 into 1.1.
func appendRequestLine(out, b []byte, r *request, ch *changes) []byte {
	if ch != nil && ch.moved {
		out = append(append(out, b[r.first:r.target]...), ch.target...)
		out = append(out, " HTTP/1.1\r\n"...)
	} else if r.authority == 0 && r.minor == 1 {
		out = append(out, b[r.first:r.lineEnd]...)
	} else {
		out = append(out, b[r.first:r.target]...)
		if path := b[r.path:r.targetEnd]; len(path) == 0 && string(b[r.first:r.method]) == "OPTIONS" {
			out = append(out, '*')
		} else {
			if len(path) == 0 || path[0] == '?' {
				out = append(out, '/')
			}
			out = append(out, path...)
		}
		out = append(out, " HTTP/1.1\r\n"...)
	}
	return out
}

// appendForwarded appends Host where it is missing or replaced, and the
// X-Forwarded fields: kept and appended to, or made anew if not trusted.
func appendForwarded(out, b []byte, r *request, o *origin) []byte {
	host := r.host(b)
	if r.authority != 0 {
		out = appendField(out, "Host: ", host)
	} else if r.hostField < 0 {
		out = append(append(append(out, "Host: "...), o.authority...), "\r\n"...)
	}
	if len(o.client) > 0 {
		if f := r.forwardedFor; f >= 0 && o.trust {
			out = append(out, b[r.fields[f].start:r.fields[f].end]...)
			out = append(out, ", "...)
		} else {
			out = append(out, "X-Forwarded-For: "...)
		}
		out = append(out, o.client...)
		out = append(out, "\r\n"...)
	}
	if !r.hasProto || !o.trust {
		out = append(out, "X-Forwarded-Proto: http\r\n"...)
	}
	if (!r.hasFwdHost || !o.trust) && len(host) > 0 {
		out = appendField(out, "X-Forwarded-Host: ", host)
	}
	return out
}

func appendField(out []byte, name string, value []byte) []byte {
	out = append(out, name...)
	out = append(out, value...)
	return append(out, "\r\n"...)
}

// host is the authority the request is for: of its absolute form, else Host.
func (r *request) host(b []byte) []byte {
	switch {
	case r.authority != 0:
		return b[r.authority:r.path]
	case r.hostField >= 0:
		return r.fields[r.hostField].valueIn(b)
	}
	return nil
}

// headSlack is what heads can gain besides the values counted in roomFor and
// the client's address: the names of the fields added, Via, Connection,
// the digits of what is left of the client's time.
const headSlack = 512

// roomFor bounds the length of the head that appendRequest makes of r.
func (o *origin) roomFor(b []byte, r *request) int {
	return r.end + 2*len(r.host(b)) + len(o.authority) + len(o.client) + len(o.requestID) + headSlack + o.ch.room()
}

// toClient is how a reply's head is completed on its way to the client.
type toClient struct {
	close   bool     // the connection ends with this reply
	http10  bool     // the client speaks HTTP/1.0
	dechunk bool     // the chunked framing is taken off
	after   int64    // seconds after which it may ask again, of a reply of the sidecar's own; 0: not said
	date    []byte   // when it came, for one that does not say when it was made
	ch      *changes // nil: none
}

// end appends what closes a final reply's head; minor is the version in which it
// came (RFC 9110, 7.6.3).
func (to toClient) end(out []byte, minor uint8) []byte {
	switch {
	case to.close:
		out = append(out, "Connection: close\r\n"...)
	case to.http10:
		out = append(out, "Connection: keep-alive\r\n"...)
	}
	return append(append(append(out, "Via: 1."...), '0'+minor), " "+agent+"\r\n\r\n"...)
}

// appendDate appends the Date of a reply without one. RFC 9110, 6.6.1: "A
// recipient with a clock that receives a response message without a Date header
// field MUST record the time it was received and append a corresponding Date
// header field to the message's header section if it is cached or forwarded
// downstream."
func (to toClient) appendDate(out []byte) []byte {
	return append(append(append(out, "Date: "...), to.date...), "\r\n"...)
}

// appendReply appends the head of the reply r, parsed from b, as it goes to
// the client.
func appendReply(out, b []byte, r *reply, to toClient) []byte {
	out = append(out, "HTTP/1.1"...)
	out = append(out, b[8:r.lineEnd]...)
	dated := false
	for i := range r.fields {
		f := &r.fields[i]
		switch f.name {
		case http.Upgrade:
			// 101 and 426 name protocols with it (RFC 9110, 7.8).
			f.drop = r.status != 101 && r.status != 426
		case http.TransferEncoding:
			f.drop = f.drop || to.dechunk
		case http.Date:
			dated = dated || !f.drop // Connection may have taken it away
		}
	}
	if !r.isInformal() && to.ch != nil {
		to.ch.markReply(b, r)
	}
	out = appendKept(out, b, r.lineEnd, &r.head)
	switch {
	case r.isInformal():
		return append(out, "\r\n"...)
	case r.status == 101:
		out = append(out, "Connection: Upgrade\r\n"...)
		return toClient{}.end(out, r.minor)
	case r.status == 426 && !to.close && !to.http10:
		out = append(out, "Connection: Upgrade\r\n"...)
	}
	if to.ch != nil {
		out = to.ch.appendToReply(out)
	}
	if !dated {
		out = to.appendDate(out)
	}
	return to.end(out, r.minor)
}

// appendErrorReply appends a whole reply of the sidecar's own.
func appendErrorReply(out []byte, status int, reason, text string, attempts int, to toClient, head1 bool) []byte {
	out = append(out, "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(append(append(out, ' '), http.Phrase(status)...), "\r\n"...)
	out = append(out, "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nX-Sidecar-Reason: "...)
	out = append(out, reason...)
	out = append(out, "\r\nX-Sidecar-Attempts: "...)
	out = strconv.AppendInt(out, int64(attempts), 10)
	if to.after > 0 {
		out = strconv.AppendInt(append(out, "\r\nRetry-After: "...), to.after, 10)
	}
	out = append(out, "\r\nContent-Length: "...)
	out = append(strconv.AppendInt(out, int64(len(text)), 10), "\r\n"...)
	out = to.end(to.appendDate(out), 1)
	if head1 {
		return out
	}
	return append(out, text...)
}
