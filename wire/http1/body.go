package http1

import (
	"bytes"
	"io"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// Body reads the request's body to its end and returns it without its framing:
// for who answers by what stands in it, in a backend's place. It is at most limit
// bytes. The owner of x calls it before any try; the bytes are valid until Do
// returns. A client that stops half-way has header_timeout for each silence, as
// for a body that is held.
func (m *message) Body(x *sidecar.Exchange, limit int) ([]byte, *sidecar.Fault) {
	u := &m.up
	if u.mode == bodyLength && int64(len(u.held))+u.left > int64(limit) {
		return nil, tooLarge(errBodySize)
	}
	if !u.done && m.req.expect && u.moved == 0 {
		if f := m.tell(x, []byte(continueLine), nil); f != nil {
			return nil, f
		}
	}
	if f := m.bodyEnd(x, limit); f != nil {
		return nil, f
	}
	if u.mode != bodyChunked {
		return u.held, nil
	}
	var c chunks
	var out bytes.Buffer
	if _, bad := c.scan(u.held, func(p []byte) { out.Write(p) }); bad != nil {
		return nil, badRequest(bad)
	}
	if out.Len() > limit {
		return nil, tooLarge(errBodySize)
	}
	return out.Bytes(), nil
}

const continueLine = "HTTP/1.1 100 Continue\r\n\r\n"

// chunkSlack is how much longer a chunked body may be with its framing: chunks
// of a byte are six.
const chunkSlack = 6

// bodyEnd reads until held has the whole body.
func (m *message) bodyEnd(x *sidecar.Exchange, limit int) *sidecar.Fault {
	u := &m.up
	if u.done {
		return nil
	}
	if u.mode == bodyChunked {
		limit = chunkSlack*limit + maxTrailer
	}
	silence := int64(m.srv.set.Load().HeaderTimeout)
	end := x.Now() + patience.Held(silence, limit)
	for !u.done {
		if len(u.held) > limit {
			return tooLarge(errBodySize)
		}
		full := !u.own || len(u.held) == cap(u.held)
		if full && !u.grow(m.srv, max(2*len(u.held), sock.SmallBuffer)) {
			return tooLarge(errBodyRoom)
		}
		now := x.Now()
		if now >= end {
			return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Timeout, Reason: sidecar.StalledOut, Err: errBodySlow}
		}
		x.SetStall(min(silence, end-now))
		x.Moved(now)
		if f := m.bodyPiece(x, u.clip(u.held[len(u.held):cap(u.held)])); f != nil {
			return f
		}
	}
	x.SetStall(0)
	x.RequestDone(x.Now())
	return nil
}

// bodyPiece reads what has come into w, which lies behind what is held.
func (m *message) bodyPiece(x *sidecar.Exchange, w []byte) *sidecar.Fault {
	if !x.Block(m) {
		return untaken(x.Unblock())
	}
	n, err := m.client.Read(w)
	cause := x.Unblock()
	m.rearm()
	switch {
	case cause != sidecar.NoCause:
		return untaken(cause)
	case err == io.EOF:
		return badRequest(errBodyEnd)
	case err != nil:
		return clientFault(err)
	}
	u := &m.up
	k, bad := u.consume(w[:n])
	if bad != nil {
		return badRequest(bad)
	}
	u.held = u.held[:len(u.held)+k]
	u.over = w[k:n]
	return nil
}

func tooLarge(p *problem) *sidecar.Fault {
	f := badRequest(p)
	f.Reason = sidecar.TooLarge
	return f
}

// Finish is Answer for an exchange whose reply another has committed, without
// writing any of it: a bridge, whose backend speaks another protocol.
func (m *message) Finish(x *sidecar.Exchange, status int, fields string, body []byte) error {
	m.rep.reset()
	m.rep.status = status
	if f := m.reply(x, status, fields, body); f != nil {
		return f
	}
	return nil
}
