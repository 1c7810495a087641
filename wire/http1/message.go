package http1

import (
	"bytes"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/http"
	"sidecar/wire/watch"
)

// message is one request with its reply. The server makes and owns it; the
// backend's connection opens it. Layers see the sidecar.Message of it.
type message struct {
	srv    *Server
	client *sock.Conn
	ip     []byte // the client's address for X-Forwarded-For
	in     []byte // holds the request head, and its body if it was read with it
	req    request
	up     upload
	id     [32]byte // the request id made for it, if it brought none
	op     []byte   // the operation of an absolute form, or of another target
	ch     changes

	try     try
	watch   watch.Client
	early   []byte     // bytes behind the request of an upgrade
	backend *sock.Conn // of the try under way, so that Wake reaches it
	rep     reply
	repBuf  []byte // holds the reply head, then its body's pieces
	headBuf []byte // heads on their way out
	sent    int64  // bytes written to the client
	second  *fork  // sends the same request
	shared  bool   // another may write to the client: it is not ours until Commit
	gone    bool   // 101 made it a tunnel, or the client's connection must end
	abrupt  bool   // end it with a reset: its end would be taken for the body's
}

// Attr is the part of the request named by sel.
func (m *message) Attr(sel sidecar.Selector) ([]byte, bool) {
	r := &m.req
	switch sel.Attr {
	case sidecar.AttrOperation:
		return m.operation(), true
	case sidecar.AttrOpName:
		return m.opName(), true
	case http.AttrMethod:
		return m.in[r.first:r.method], true
	case http.AttrHost:
		h := r.host(m.in)
		return h, len(h) > 0
	case http.AttrPath:
		return m.path(), true
	case http.AttrPart:
		return http.Segment(m.path(), sel.Name)
	case http.AttrQuery:
		return http.QueryValue(m.query(), sel.Name)
	case http.AttrCookie:
		return m.cookie(sel.Name)
	case http.AttrClient:
		return m.ip, len(m.ip) > 0
	case http.AttrHeader:
		if f := r.find(m.in, sel.Name); f != nil {
			return f.valueIn(m.in), true
		}
	case http.AttrRequestID:
		if r.requestID >= 0 {
			return r.fields[r.requestID].valueIn(m.in), true
		}
		return m.id[:], true
	}
	return nil, false
}

// Fields goes through the fields of the request, names as they came, until yield
// says false. The bytes are valid until Do returns.
func (m *message) Fields(yield func(name, value []byte) bool) {
	for i := range m.req.fields {
		if f := &m.req.fields[i]; !yield(f.nameIn(m.in), f.valueIn(m.in)) {
			return
		}
	}
}

// opName is the request's method, or that of a Thrift service which is called
// over HTTP in JSON, as far as its body is held: all such calls are a POST to one
// path. Most requests are told apart by the body's first bytes.
func (m *message) opName() []byte {
	if m.up.kept && m.up.mode == bodyLength {
		if name := http.CallName(m.up.held); name != nil {
			if f := m.req.find(m.in, "content-type"); f != nil && http.IsCall(f.valueIn(m.in)) {
				return name
			}
		}
	}
	return m.in[m.req.first:m.req.method]
}

// operation is "METHOD path". Those of an absolute form or of another target do not
// lie side by side and are copied together.
func (m *message) operation() []byte {
	r := &m.req
	if r.authority == 0 && !m.ch.moved {
		return m.in[r.first:r.pathEnd]
	}
	m.op = append(append(m.op[:0], m.in[r.first:r.method]...), ' ')
	m.op = append(m.op, m.path()...)
	return m.op
}

// path is the path of the target that will be sent.
func (m *message) path() []byte {
	if !m.ch.moved {
		return m.req.pathIn(m.in)
	}
	path, _, _ := bytes.Cut(m.ch.target, question)
	return path
}

// query is what stands behind the "?" of the target that will be sent.
func (m *message) query() []byte {
	target := m.ch.target
	if !m.ch.moved {
		target = m.in[m.req.path:m.req.targetEnd]
	}
	_, query, _ := bytes.Cut(target, question)
	return query
}

var question = []byte("?")

// cookie is the value of the first cookie of that name (RFC 6265, 4.2.1).
func (m *message) cookie(name string) ([]byte, bool) {
	for i := range m.req.fields {
		f := &m.req.fields[i]
		if !http.EqualFold(f.nameIn(m.in), "cookie") {
			continue
		}
		for rest := f.valueIn(m.in); len(rest) > 0; {
			var pair []byte
			pair, rest, _ = bytes.Cut(rest, semicolon)
			pair = http.Trim(pair)
			if len(pair) > len(name) && pair[len(name)] == '=' && string(pair[:len(name)]) == name {
				return pair[len(name)+1:], true
			}
		}
	}
	return nil, false
}

var semicolon = []byte(";")

// Rewind tells whether the whole of what was read of the request is still
// held; it can then be sent again from its start.
func (m *message) Rewind() bool { return m.up.kept && !m.up.broken }

// Class is what the reply meant.
func (m *message) Class() sidecar.Class {
	if m.rep.status < 200 && m.rep.status != 101 {
		return sidecar.NoClass
	}
	return m.rep.class()
}

// Wake ends the waits of the exchange on both sides. Which side its owner or
// its helper waits on changes all the time; both are rearmed together. A client
// that is shared is left alone: nobody waits for it here, and who does must not
// be cut with the loser of a hedge.
func (m *message) Wake() {
	if !m.shared {
		m.client.Wake()
	}
	if m.backend != nil {
		m.backend.Wake()
	}
}

// rearm undoes Wake, once no wake can be in progress and no helper runs.
func (m *message) rearm() {
	if !m.shared {
		m.client.Rearm()
	}
	if m.backend != nil {
		m.backend.Rearm()
	}
}

// attach names the backend connection of the try that begins; shared tells
// whether there may be another of the same request.
func (m *message) attach(c *sock.Conn, shared bool) { m.backend, m.shared = c, shared }

// detach ends the try: the connection has its deadlines as they were.
func (m *message) detach() {
	m.rearm()
	m.backend, m.shared = nil, false
}

// heads is headBuf, empty, with room for a head of n bytes. Heads are appended
// to it and must not outgrow it: the pooled buffer would be lost.
func (m *message) heads(n int) []byte {
	if n > cap(m.headBuf) {
		m.srv.bufs.Put(m.headBuf[:cap(m.headBuf)])
		if n <= sock.LargeBuffer {
			m.headBuf = m.srv.bufs.Large()
		} else {
			m.headBuf = make([]byte, n)
		}
	}
	return m.headBuf[:0]
}

const hexDigits = "0123456789abcdef"

// makeID writes a request id of 128 random bits.
func makeID(dst *[32]byte, hi, lo uint64) {
	for i := range 16 {
		dst[i] = hexDigits[hi>>(60-4*i)&15]
		dst[16+i] = hexDigits[lo>>(60-4*i)&15]
	}
}
