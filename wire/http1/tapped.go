package http1

import (
	"sidecar"
	"sidecar/wire/http"
)

// show shows the committed reply to the message's tap; what it returns goes out
// instead.
func (t *try) show() *http.Stored {
	m := t.m
	if t.body.dechunk {
		return nil // the content is moved about in its buffer; nobody is shown it
	}
	instead, note, keep := m.ch.tap.Head(t)
	m.ch.note = append(m.ch.note[:0], note...)
	if instead == nil && keep {
		// What came with the head has been followed without the tap. It is the
		// same a second time.
		_ = t.frame(m.ch.tap)
	}
	return instead
}

// replace answers with r in the place of the committed reply. The connection is
// kept if nothing is left of that, and nothing that a body's end would have to
// be waited for.
func (t *try) replace(r *http.Stored) *sidecar.Fault {
	m := t.m
	if t.body.done() && t.m.rep.end+t.part == t.n && t.pump.finished() && !t.unsent() {
		t.c.dead = !m.rep.reusable()
	}
	return m.reply(t.x, r.Status, r.Fields, r.Body)
}

// Status is the status of the reply's head.
func (t *try) Status() int { return t.m.rep.status }

// Field is the n-th value, from 0, of the reply's fields of the name lower.
func (t *try) Field(lower string, n int) ([]byte, bool) {
	for i := range t.m.rep.fields {
		f := &t.m.rep.fields[i]
		if !http.EqualFold(f.nameIn(t.m.repBuf), lower) {
			continue
		}
		if n == 0 {
			return f.valueIn(t.m.repBuf), true
		}
		n--
	}
	return nil, false
}

// Lines appends the lines of the reply's fields that are neither of this hop nor
// frame the message, but those that leave names.
func (t *try) Lines(dst []byte, leave func(name []byte) bool) []byte {
	for i := range t.m.rep.fields {
		f := &t.m.rep.fields[i]
		name := f.nameIn(t.m.repBuf)
		switch f.name {
		case http.ContentLength, http.TransferEncoding, http.Upgrade, http.Trailer:
			continue
		}
		if f.drop || leave(name) {
			continue
		}
		dst = append(append(append(append(dst, name...), ": "...), f.valueIn(t.m.repBuf)...), "\r\n"...)
	}
	return dst
}
