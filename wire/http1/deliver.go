package http1

import (
	"io"

	"sidecar"
	"sidecar/wire/http"
)

// frame begins to follow the body over what came of it with the head, before
// Commit: a body that is broken from the start can still be told as such. tap is
// shown the content, if it is not nil.
func (t *try) frame(tap http.Tap) *sidecar.Fault {
	r := &t.m.rep
	line := t.body.chunks.line[:0]
	t.body = body{tap: tap, mode: r.mode, left: max(r.length, 0), dechunk: r.mode == bodyChunked && t.m.req.minor == 0}
	t.body.chunks.line = line
	n, bad := t.body.consume(t.m.repBuf[r.end:t.n])
	if bad != nil {
		return t.badReply(bad)
	}
	t.part = n
	return nil
}

// deliver writes the committed reply through to the client as it comes. On
// success the connection is left reusable if the reply ended exactly where its
// framing said, with nothing behind it.
func (t *try) deliver() *sidecar.Fault {
	m, r, b := t.m, &t.m.rep, &t.body
	// A reply may come before its request is all sent. The rest of the request
	// is then unread, and the connection cannot go on behind it.
	early := !t.pump.finished() || t.unsent()
	endless := r.mode == bodyEOF || b.dechunk
	m.gone = early || endless || !m.req.keepsAlive() || m.srv.draining.Load()
	m.abrupt = endless
	http10 := m.req.minor == 0
	head := t.replyHead(toClient{close: m.gone, http10: http10, dechunk: http10 && r.chunked, ch: &m.ch})
	if f := t.first(head); f != nil {
		return f
	}
	dirty := r.end+t.part < t.n
	if !b.done() {
		var f *sidecar.Fault
		if dirty, f = t.rest(b); f != nil {
			return f
		}
		t.x.Settled()
	}
	t.c.dead = early || dirty || !r.reusable()
	return nil
}

// unsent tells whether the request was not sent whole.
func (t *try) unsent() bool { return t.cut || !t.m.up.done || t.pump.used && !t.pump.sent }

// first writes the head and what is there of the body in one call.
func (t *try) first(head []byte) *sidecar.Fault {
	r := &t.m.rep
	piece := t.m.repBuf[r.end : r.end+t.part]
	if t.body.dechunk {
		piece = t.body.content
	}
	if len(piece) <= copyBelow && cap(head)-len(head) >= len(piece) {
		head, piece = append(head, piece...), nil
	}
	return t.toClient(head, piece)
}

// rest brings the rest of the body across, a buffer at a time: the backend is
// read no faster than the client takes it. dirty tells of bytes behind the end.
func (t *try) rest(b *body) (dirty bool, f *sidecar.Fault) {
	if b.tap == nil {
		if f := t.splice(b); f != nil {
			return false, f
		}
	}
	for !b.done() {
		t.x.Moved(t.x.Now())
		f := t.read(0)
		if f != nil && b.mode == bodyEOF && f.Err == io.EOF {
			return true, nil
		}
		if f != nil {
			return false, f
		}
		piece := t.m.repBuf[:t.n]
		n, bad := b.consume(piece)
		if bad != nil {
			return false, t.badReply(bad)
		}
		dirty = n < len(piece)
		piece = piece[:n]
		if b.dechunk {
			piece = b.content
		}
		if f := t.toClient(piece, nil); f != nil {
			return false, f
		}
	}
	return dirty, nil
}

// drain reads what is left of a held reply if it is little, so that its
// connection can be used again.
func (t *try) drain() {
	m, r := t.m, &t.m.rep
	if r.mode == bodyEOF || !t.pump.finished() || t.unsent() {
		return
	}
	b := &t.body
	if b.left > maxHeldDrain || r.end+t.part < t.n {
		return
	}
	// The next try waits for this, so it gets a moment only. It is bounded by the
	// time of the try, which the next one starts anew; a stall would be told to
	// that one, too.
	t.x.SetAttemptTimeout(int64(heldDrainTime), t.x.Now())
	defer t.x.SetAttemptTimeout(0, 0)
	for total := t.part; !b.done(); {
		if t.read(0) != nil {
			return
		}
		n, bad := b.consume(m.repBuf[:t.n])
		if total += n; bad != nil || total > maxHeldDrain || n < t.n {
			return
		}
	}
	t.c.dead = !r.reusable()
}

// body follows a reply's body to its end.
type body struct {
	mode    bodyMode
	left    int64
	chunks  chunks
	dechunk bool   // collect the content
	content []byte // of the last piece, over the piece's own bytes
	tap     http.Tap
}

func (b *body) done() bool {
	switch b.mode {
	case bodyNone:
		return true
	case bodyLength:
		return b.left == 0
	case bodyChunked:
		return b.chunks.done()
	}
	return false
}

// consume follows the body over p: n bytes of it belong to it. With dechunk
// the content is moved together at the front of p.
func (b *body) consume(p []byte) (n int, err *problem) {
	switch b.mode {
	case bodyLength:
		n = int(min(b.left, int64(len(p))))
		b.left -= int64(n)
		if b.tap != nil {
			b.tap.Body(p[:n])
		}
		return n, nil
	case bodyChunked:
		switch {
		case b.tap != nil: // never with dechunk
			return b.chunks.scan(p, b.tap.Body)
		case !b.dechunk:
			return b.chunks.scan(p, nil)
		}
		b.content = p[:0]
		return b.chunks.scan(p, func(d []byte) { b.content = append(b.content, d...) })
	case bodyEOF:
		return len(p), nil
	}
	return 0, nil
}
