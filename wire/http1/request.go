package http1

import (
	"bytes"

	"sidecar/wire/http"
)

// request is a parsed request head: offsets into the buffer it was read to.
type request struct {
	head
	framing
	method       int32 // the method is b[first:method]
	first        int32 // start of the request line
	target       int32 // start of the target
	targetEnd    int32
	path         int32 // start of the path (after the authority of an absolute form)
	pathEnd      int32 // up to '?' or the end
	authority    int32 // of an absolute form: b[authority:path], else 0
	lineEnd      int32 // start of the first field line
	hostField    int32 // index of Host, -1
	forwardedFor int32 // index of the last X-Forwarded-For, -1
	requestID    int32 // index of the first X-Request-Id, -1
	asked        asked // how long the client waits
	hops         int   // Max-Forwards of OPTIONS or TRACE, -1 for any
	blank        int   // empty lines before the request line
	minor        uint8 // HTTP/1.minor
	started      bool  // the request line is parsed
	head1        bool  // method HEAD
	expect       bool  // Expect: 100-continue
	hasProto     bool  // X-Forwarded-Proto is there
	hasFwdHost   bool  // X-Forwarded-Host is there
	marks        marks
}

func (r *request) reset() {
	fields := r.fields[:0]
	*r = request{hostField: -1, forwardedFor: -1, requestID: -1, hops: -1}
	r.fields = fields
}

// parse goes on reading the head from b, which begins with the request and has
// grown since the last call. done when the head is complete and sound.
func (r *request) parse(b []byte) (done bool, err *problem) {
	for !r.started {
		if r.pos < len(b) && noHTTP(b[r.pos]) {
			return false, errNoHTTP
		}
		start, end, ok, err := r.line(b)
		if !ok {
			return false, err
		}
		if start == end {
			// RFC 9112, 2.2: ignore an empty line before the request line.
			if r.blank++; r.blank > maxBlankLines {
				return false, errRequestLine
			}
			continue
		}
		if err := r.parseLine(b, start, end); err != nil {
			return false, err
		}
		r.started = true
	}
	if done, err = r.parseFields(b); !done {
		return false, err
	}
	err = r.finish(b)
	return err == nil, err
}

// noHTTP tells whether no line of HTTP begins with c. Clients of other protocols
// would wait for the end of a line that never comes: the length of a frame of
// Thrift begins with 0, its unframed calls with 80 or 82, TLS with 16 (hexadecimal).
func noHTTP(c byte) bool { return c < '\t' || c > '\r' && c < ' ' || c >= 0x7f }

// parseLine reads "METHOD SP target SP HTTP/1.x": exactly one space each.
func (r *request) parseLine(b []byte, start, end int) *problem {
	line := b[start:end]
	sp := bytes.IndexByte(line, ' ')
	if sp <= 0 {
		return errRequestLine
	}
	if sp > maxMethod || !http.IsToken(line[:sp]) {
		return errMethod
	}
	rest := line[sp+1:]
	sp2 := bytes.IndexByte(rest, ' ')
	if sp2 <= 0 {
		return errRequestLine
	}
	version := rest[sp2+1:]
	if len(version) != 8 || string(version[:5]) != "HTTP/" || version[6] != '.' {
		return errRequestLine
	}
	if version[5] != '1' || version[7] != '0' && version[7] != '1' {
		return errVersion
	}
	if !http.IsTarget(rest[:sp2]) {
		return errTarget
	}
	r.minor = version[7] - '0'
	r.first, r.method = int32(start), int32(start+sp)
	r.target = int32(start + sp + 1)
	r.targetEnd = r.target + int32(sp2)
	r.lineEnd = int32(end + 2)
	r.head1 = string(line[:sp]) == "HEAD"
	return r.parseTarget(b)
}

// parseTarget finds the path in the four forms of RFC 9112, section 3.2.
func (r *request) parseTarget(b []byte) *problem {
	t := b[r.target:r.targetEnd]
	method := b[r.first:r.method]
	r.path = r.target
	switch {
	case string(method) == "CONNECT":
		return errConnect
	case t[0] == '/':
	case len(t) == 1 && t[0] == '*':
		if string(method) != "OPTIONS" {
			return errTarget
		}
	default:
		i := bytes.Index(t, []byte("://"))
		if i < 0 || !http.EqualFold(t[:i], "http") {
			return errTarget
		}
		r.authority = r.target + int32(i) + 3
		r.path = r.targetEnd
		if j := bytes.IndexAny(b[r.authority:r.targetEnd], "/?"); j >= 0 {
			r.path = r.authority + int32(j)
		}
		if a := b[r.authority:r.path]; len(a) == 0 || !http.IsHost(a) {
			return errHost
		}
	}
	r.pathEnd = r.targetEnd
	if q := bytes.IndexByte(b[r.path:r.targetEnd], '?'); q >= 0 {
		r.pathEnd = r.path + int32(q)
	}
	return nil
}

// finish reads what the whole head means.
func (r *request) finish(b []byte) *problem {
	if err := r.frame(b, &r.framing); err != nil {
		return err
	}
	if r.chunked && r.minor == 0 {
		return errEncoding10
	}
	for i := range r.fields {
		f := &r.fields[i]
		switch f.name {
		case http.Host:
			if r.hostField >= 0 {
				return errTwoHosts
			}
			if !http.IsHost(f.valueIn(b)) {
				return errHost
			}
			r.hostField = int32(i)
		case http.XForwardedFor:
			r.forwardedFor = int32(i)
		case http.XForwardedProto:
			r.hasProto = r.hasProto || !f.drop
		case http.XForwardedHost:
			r.hasFwdHost = r.hasFwdHost || !f.drop
		case http.Upgrade:
			if http.HasToken(f.valueIn(b), "h2c") {
				// Its settings travel in a field of this hop, and behind it
				// would go requests that nobody here reads.
				r.upgrade = false
			}
		case http.XRequestID:
			if r.requestID < 0 && !f.drop && goodRequestID(f.valueIn(b)) {
				r.requestID = int32(i)
			} else {
				f.drop = true
			}
		case http.Expect:
			r.expect = r.expect || r.minor > 0 && http.EqualFold(f.valueIn(b), "100-continue")
		case http.GRPCTimeout, http.XRequestTimeout, http.EnvoyExpectedTimeout, http.EnvoyUpstreamTimeout:
			r.asked.read(b, i, f)
		}
	}
	if r.hostField < 0 && r.minor > 0 {
		return errNoHost
	}
	if r.minor == 0 {
		// HTTP/1.0 has no upgrade (RFC 9110, 7.8).
		r.upgrade = false
	}
	switch string(b[r.first:r.method]) {
	case "OPTIONS", "TRACE":
		r.countHops(b)
	}
	return nil
}

// goodRequestID: 1 to 128 visible ASCII bytes are kept, everything else is
// replaced, so that what stands in logs is what was sent on.
func goodRequestID(v []byte) bool {
	if len(v) == 0 || len(v) > 128 {
		return false
	}
	for _, c := range v {
		if c <= 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// pathIn is the target's path, which an absolute form may leave out.
func (r *request) pathIn(b []byte) []byte {
	if r.path == r.pathEnd {
		return rootPath
	}
	return b[r.path:r.pathEnd]
}

var rootPath = []byte("/")

// keepsAlive tells whether the client expects the connection to go on.
func (r *request) keepsAlive() bool {
	if r.minor == 0 {
		return r.keepAlive && !r.close
	}
	return !r.close
}
