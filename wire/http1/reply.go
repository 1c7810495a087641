package http1

import (
	"time"

	"sidecar"
	"sidecar/wire/http"
)

// reply is a parsed reply head.
type reply struct {
	head
	framing
	status  int
	minor   uint8
	lineEnd int32 // start of the first field line
	started bool
	mode    bodyMode
	// retryAfter: it says when to come again. Looked for in a 503 only.
	retryAfter bool
	// answered: it is the sidecar's own, and all of it has been written.
	answered bool
}

// bodyMode is how the end of a body is known.
type bodyMode uint8

const (
	bodyNone bodyMode = iota
	bodyLength
	bodyChunked
	bodyEOF
)

func (r *reply) reset() {
	fields := r.fields[:0]
	*r = reply{}
	r.fields = fields
}

// parse goes on reading the head from b. The reply's framing depends on the
// request, which asked gives (RFC 9112, section 6.3).
func (r *reply) parse(b []byte, asked *request) (done bool, err *problem) {
	if !r.started {
		start, end, ok, err := r.line(b)
		if !ok {
			return false, err
		}
		if err := r.parseLine(b, start, end); err != nil {
			return false, err
		}
		r.started = true
	}
	if done, err = r.parseFields(b); !done {
		return false, err
	}
	if err = r.frame(b, &r.framing); err != nil {
		return false, err
	}
	r.retryAfter = r.status == 503 && r.find(b, "retry-after") != nil
	err = r.finish(asked)
	return err == nil, err
}

// parseLine reads "HTTP/1.x SP status [SP phrase]". The space before an empty
// phrase is missing from some servers and is not asked for.
func (r *reply) parseLine(b []byte, start, end int) *problem {
	line := b[start:end]
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return errStatusLine
	}
	if line[7] != '0' && line[7] != '1' {
		return errStatusLine
	}
	r.minor = line[7] - '0'
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return errStatusLine
		}
		r.status = r.status*10 + int(c-'0')
	}
	if r.status < 100 || r.status > 599 {
		return errStatusLine
	}
	if len(line) > 12 && (line[12] != ' ' || !http.IsValue(line[13:])) {
		return errStatusLine
	}
	r.lineEnd = int32(end + 2)
	return nil
}

// finish decides how the body ends.
func (r *reply) finish(asked *request) *problem {
	if r.chunked && r.minor == 0 {
		return errReplyEncoding
	}
	switch {
	case r.status == 101:
		if !asked.upgrade || !r.upgrade {
			return errSwitch
		}
		return r.noBody()
	case r.status < 200 || r.status == 204:
		return r.noBody()
	case asked.head1 || r.status == 304:
		r.mode = bodyNone
	case r.chunked:
		r.mode = bodyChunked
	case r.length == 0:
		r.mode = bodyNone
	case r.length > 0:
		r.mode = bodyLength
	default:
		r.mode = bodyEOF
	}
	return nil
}

// noBody: "A server MUST NOT send" Transfer-Encoding or Content-Length with
// 1xx and 204 (RFC 9112, 6.1; RFC 9110, 8.6). A length of zero is harmless,
// is sent by some, and is not forwarded.
func (r *reply) noBody() *problem {
	if r.chunked || r.length > 0 {
		return errBodyless
	}
	r.length = -1
	for i := range r.fields {
		if r.fields[i].name == http.ContentLength {
			r.fields[i].drop = true
		}
	}
	return nil
}

// reusable tells whether the backend will take another request.
func (r *reply) reusable() bool {
	if r.close || r.mode == bodyEOF {
		return false
	}
	return r.minor > 0 || r.keepAlive
}

// class is what the reply means to layers.
func (r *reply) class() sidecar.Class { return http.ReplyClass(r.status, r.retryAfter) }

// after is for how long the peer asks to be left alone, in nanoseconds, 0 if it
// does not.
func (r *reply) after(b []byte) int64 {
	if r.status != 429 && r.status != 503 {
		return 0
	}
	f := r.find(b, "retry-after")
	if f == nil {
		return 0
	}
	return http.RetryAfter(f.valueIn(b), time.Now())
}

// isInformal tells whether a further reply follows this one.
func (r *reply) isInformal() bool { return r.status < 200 && r.status != 101 }
