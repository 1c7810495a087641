package http1

import (
	"strconv"
	"strings"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/http"
	"sidecar/wire/patience"
)

// Answer writes a reply of the sidecar's own to the client of x and ends the
// exchange: for what answers in a backend's place, inside the handler or any
// layer below it. The owner of x calls it, at most once, while no try is under
// way and nothing has been replied; it then returns what Answer returned, or,
// where the answer told of a fault, that: the layers outside count it.
//
// status is 200 to 599. fields are whole field lines, each with its CRLF, of no
// framing field (Content-Length, Transfer-Encoding, Connection, Via): these are
// the message's to say. A Date among them is kept. A reply to HEAD, a 204 and a
// 304 go without the body. Neither is kept or changed.
//
// The class of the status must be one that x.Hold lets out. A client that takes
// nothing is given up after header_timeout, as with an error page. It allocates
// nothing.
func (m *message) Answer(x *sidecar.Exchange, status int, fields string, body []byte) error {
	if status < 200 || status > 599 {
		return &sidecar.Fault{Stage: sidecar.StageRoute, Reason: sidecar.Internal, Err: errAnswerStatus}
	}
	class := http.ClassOf(status)
	if !x.Commit(class) {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: class, Code: status}
	}
	m.rep.reset()
	m.rep.status = status
	if f := m.reply(x, status, fields, body); f != nil {
		return f
	}
	return nil
}

// reply writes the committed answer.
func (m *message) reply(x *sidecar.Exchange, status int, fields string, body []byte) *sidecar.Fault {
	// As behind an error page: what is left of the request is unread, and the
	// connection cannot go on behind it.
	keep := m.up.done && m.req.keepsAlive() && !m.srv.draining.Load()
	m.gone = !keep
	head := m.answerHead(x, status, fields, len(body), keep)
	if m.req.head1 || status == 204 || status == 304 {
		body = nil
	}
	if len(body) <= copyBelow && cap(head)-len(head) >= len(body) {
		head, body = append(head, body...), nil
	}
	f := m.tell(x, head, body)
	m.rep.answered = f == nil
	return f
}

// answerHead makes the head of an answer with a body of that length.
func (m *message) answerHead(x *sidecar.Exchange, status int, fields string, length int, keep bool) []byte {
	out := m.heads(len(fields) + headSlack + m.ch.replyRoom())
	out = append(out, "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(append(append(out, ' '), http.Phrase(status)...), "\r\n"...)
	out = m.ch.appendFields(out, fields)
	if status != 204 && status != 304 {
		out = append(out, "Content-Length: "...)
		out = append(strconv.AppendInt(out, int64(length), 10), "\r\n"...)
	}
	to := toClient{close: !keep, http10: m.req.minor == 0, date: m.srv.dates.Text(x.Now())}
	if !hasDate(fields) {
		out = to.appendDate(out)
	}
	return to.end(out, 1)
}

// hasDate tells whether field lines have a Date.
func hasDate(fields string) bool {
	for fields != "" {
		line, rest, _ := strings.Cut(fields, "\r\n")
		if len(line) > 5 && line[4] == ':' && strings.EqualFold(line[:4], "date") {
			return true
		}
		fields = rest
	}
	return false
}

// tell writes an answer to the client, at its pace: a is its head, with the
// body behind it if that is short, else b is the body.
func (m *message) tell(x *sidecar.Exchange, a, b []byte) *sidecar.Fault {
	n, err := m.client.TryWrite(a, b)
	m.sent += int64(n)
	if err != sock.ErrAgain {
		if err != nil {
			return untakable(err)
		}
		return nil
	}
	k := min(n, len(a))
	a, b = a[k:], b[n-k:]
	x.SetStall(int64(m.srv.set.Load().HeaderTimeout)) // no upstream need have set one
	for len(a)+len(b) > 0 {
		piece := b[:min(len(b), patience.MaxPiece)]
		if f := m.tellPiece(x, a, piece); f != nil {
			return f
		}
		a, b = nil, b[len(piece):]
	}
	x.Settled()
	return nil
}

// tellPiece writes a piece of an answer and waits until it is taken.
func (m *message) tellPiece(x *sidecar.Exchange, a, b []byte) *sidecar.Fault {
	x.Moved(x.Now())
	if x.Block(m) {
		n, err := m.client.Write(a, b)
		m.sent += int64(n)
		cause := x.Unblock()
		m.rearm()
		if cause == sidecar.NoCause {
			if err != nil {
				return untakable(err)
			}
			return nil
		}
		return untaken(cause)
	}
	return untaken(x.Unblock())
}

// untaken is the fault of an answer that cause ended: that the client takes
// nothing is its own doing.
func untaken(cause sidecar.Cause) *sidecar.Fault {
	f := cause.Fault(sidecar.StageWrite)
	if f.Reason == sidecar.StalledOut {
		f.Flags |= sidecar.FromClient
	}
	return f
}
