package http1

import (
	"strings"

	"sidecar/wire/http"
)

// changes are what layers make of a request on its way and of its reply: they
// lie in the message, so that each try sends the same, and hold from the layer's
// call to the end of the exchange. Nothing is changed in the request as it came.
type changes struct {
	edits      *http.Edits // nil: none
	target     []byte      // in the place of the one that came, if moved
	spare      []byte      // the buffer that target is not in
	moved      bool        //
	condition  []byte      // field lines in the place of the client's own conditions, if asks
	asks       bool        //
	tap        http.Tap    // nil: none
	note       []byte      // field lines added to the final reply
	ownRequest bool        // anything above is to be done to the request's fields
}

// reset forgets the changes of an exchange. Mostly there were none: to write all
// of it each time was a hundredth of what an exchange costs.
func (c *changes) reset() {
	if c.edits == nil && c.tap == nil && !c.moved && !c.asks && !c.ownRequest && len(c.note) == 0 {
		return
	}
	*c = changes{target: c.target[:0], spare: c.spare[:0], condition: c.condition[:0], note: c.note[:0]}
}

// Edit has the fields of the request and its reply changed by e.
func (m *message) Edit(e *http.Edits) {
	m.ch.edits = e
	m.ch.ownRequest = m.ch.ownRequest || !e.Request.None()
}

// Target is the request's target with its query, as it will be sent.
func (m *message) Target() []byte {
	if m.ch.moved {
		return m.ch.target
	}
	t := m.in[m.req.path:m.req.targetEnd]
	switch {
	case len(t) == 0:
		return rootPath
	case t[0] == '?': // of an absolute form without a path
		m.SetTarget("/", t)
		return m.ch.target
	}
	return t
}

// SetTarget sends the request to the target that begins with to and goes on with
// rest, which may be a part of Target.
func (m *message) SetTarget(to string, rest []byte) {
	c := &m.ch
	c.target, c.spare = http.AppendPath(c.spare[:0], to, rest), c.target
	c.moved = true
}

// Field is the n-th value, from 0, of the request's fields of the name lower, as
// they will be sent.
func (m *message) Field(lower string, n int) ([]byte, bool) {
	if lower == "upgrade" && !m.req.upgrade {
		return nil, false
	}
	e := m.ch.edits
	if e == nil || !e.Request.DropsLower(lower) {
		for i := range m.req.fields {
			f := &m.req.fields[i]
			if f.drop && f.name != http.Upgrade || !http.EqualFold(f.nameIn(m.in), lower) || f.name.Vouched() && !m.trusts() {
				continue
			}
			if n == 0 {
				return f.valueIn(m.in), true
			}
			n--
		}
	}
	if e == nil {
		return nil, false
	}
	return e.Request.Added(lower, n)
}

// trusts tells whether the forwarding fields that came are passed on: as they were
// at the first try, if there was one, whatever is configured by now.
func (m *message) trusts() bool {
	if m.req.marks.made {
		return m.req.marks.trust
	}
	return m.srv.set.Load().TrustForwarded
}

// Tap shows the reply that goes out to t. condition are field lines that are
// sent in the place of the client's own If-None-Match and If-Modified-Since;
// with none, these go as they came.
func (m *message) Tap(t http.Tap, condition string) {
	m.ch.tap = t
	m.ch.condition = append(m.ch.condition[:0], condition...)
	m.ch.asks = len(condition) > 0
	m.ch.ownRequest = m.ch.ownRequest || m.ch.asks
}

// Note is the field lines that are added to the final reply, whoever makes it.
func (m *message) Note() *[]byte { return &m.ch.note }

// room is how many bytes the changes can add to a request's head.
func (c *changes) room() int {
	if c == nil {
		return 0
	}
	n := len(c.target) + len(c.condition)
	if c.edits != nil {
		n += len(c.edits.Request.Lines())
	}
	return n
}

// replyRoom is the same of a reply's head.
func (c *changes) replyRoom() int {
	n := len(c.note)
	if c.edits != nil {
		n += len(c.edits.Reply.Lines())
	}
	return n
}

// mark marks the fields of the request that are not to be sent.
func (c *changes) mark(b []byte, r *request) {
	for i := range r.fields {
		f := &r.fields[i]
		if !f.name.Forwarded() || f.drop {
			continue
		}
		name := f.nameIn(b)
		f.drop = c.drops(name) ||
			c.asks && (http.EqualFold(name, "if-none-match") || http.EqualFold(name, "if-modified-since"))
	}
}

// drops tells whether filters take the request's fields of that name away.
func (c *changes) drops(name []byte) bool {
	return c != nil && c.edits != nil && c.edits.Request.Drops(name)
}

// appendTo appends the lines that the request gets.
func (c *changes) appendTo(out []byte) []byte {
	if c.edits != nil {
		out = append(out, c.edits.Request.Lines()...)
	}
	if c.asks {
		out = append(out, c.condition...)
	}
	return out
}

// markReply marks the fields of the reply that are not to be passed on.
func (c *changes) markReply(b []byte, r *reply) {
	if c.edits == nil || c.edits.Reply.None() {
		return
	}
	for i := range r.fields {
		if f := &r.fields[i]; f.name.Forwarded() && !f.drop {
			f.drop = c.edits.Reply.Drops(f.nameIn(b))
		}
	}
}

// appendToReply appends the lines that the reply gets.
func (c *changes) appendToReply(out []byte) []byte {
	if c.edits != nil {
		out = append(out, c.edits.Reply.Lines()...)
	}
	return append(out, c.note...)
}

// appendFields appends the field lines of an answer, but those that filters
// leave out, and what the reply gets besides.
func (c *changes) appendFields(out []byte, fields string) []byte {
	if c.edits == nil || c.edits.Reply.None() {
		return c.appendToReply(append(out, fields...))
	}
	for fields != "" {
		line := fields[:strings.IndexByte(fields, '\n')+1]
		fields = fields[len(line):]
		if !c.edits.Reply.DropsLine(line) {
			out = append(out, line...)
		}
	}
	return c.appendToReply(out)
}
