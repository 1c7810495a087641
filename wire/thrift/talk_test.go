package thrift

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"sidecar/internal/peer"
)

// The encodings that need no other party to be found out.
var (
	framedBinary   = Encoding{Framed, Binary}
	framedCompact  = Encoding{Framed, Compact}
	unframedBinary = Encoding{Unframed, Binary}
)

var plainEncodings = []Encoding{
	framedBinary, framedCompact, {Framed, Lax}, unframedBinary, {Unframed, Compact}, {Unframed, Lax},
}

func (e Encoding) testName() string { return e.Transport.String() + " " + e.Protocol.String() }

// packed is a message with one string, field id of its struct, in e.
func packed(e Encoding, t Type, seq int32, name string, id byte, text string) string {
	b := AppendHead(nil, e.Protocol, t, seq, name)
	if e.Protocol == Compact {
		if id == 0 {
			b = append(b, 0x08, 0)
		} else {
			b = append(b, id<<4|8)
		}
		b = appendUvarint(b, uint64(len(text)))
	} else {
		b = append(b, 11, 0, id)
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	}
	b = append(append(b, text...), 0)
	if e.Transport == Framed {
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(b)))) + string(b)
	}
	return string(b)
}

func call(e Encoding, seq int32, name, text string) string {
	return packed(e, CallType, seq, name, 1, text)
}

func reply(e Encoding, seq int32, name, text string) string {
	return packed(e, ReplyType, seq, name, 0, text)
}

// heard is a message that a scripted peer has read.
type heard struct {
	Head
	name string
	body string
	all  string
}

// hear reads a message in e; false if the connection ends before it.
func hear(c *peer.Conn, e Encoding) (heard, bool) {
	c.T.Helper()
	cut := cutter{}
	cut.begin(1 << 30)
	var size int
	ok := true
	for b, _ := c.Ahead(false); ; b, ok = c.Ahead(true) {
		if !ok {
			return heard{all: b}, false
		}
		var p *Problem
		if size, p = cut.next(e, []byte(b)); p == nil {
			break
		} else if p != More {
			c.T.Errorf("heard %q: %v", b, p)
			return heard{}, false
		}
	}
	all := c.Read(size)
	payload := all
	if e.Transport == Framed {
		payload = all[FrameHead:]
	}
	h, p := ParseHead(e.Protocol, []byte(payload))
	if p != nil {
		c.T.Errorf("heard %q: %v", all, p)
		return heard{}, false
	}
	return heard{h, payload[h.Name:h.NameEnd], payload[h.Body:], all}, true
}

// backend answers every call in e with its own text, as long as there are any.
func backend(t testing.TB, e Encoding) *peer.Listener {
	return peer.Listen(t, func(c *peer.Conn) {
		for c.Idle() {
			m, ok := hear(c, e)
			if !ok {
				return
			}
			if m.Type != OnewayType && !c.TrySend(packed(e, ReplyType, m.Seq, m.name, 0, textOf(e, m))) {
				return
			}
		}
	})
}

// textOf is the one string of a message.
func textOf(e Encoding, m heard) string {
	b := m.body
	if e.Protocol == Compact {
		at := 1
		if b[0] == 8 {
			at = 2
		}
		n, at, _ := uvarint([]byte(b), at, 32)
		return b[at : at+int(n)]
	}
	return b[7 : len(b)-1]
}

// wants expects the reply with that sequence id and text.
func wants(c *peer.Conn, e Encoding, seq int32, text string) {
	c.T.Helper()
	m, ok := hear(c, e)
	switch {
	case !ok:
		c.T.Fatalf("no reply to %d", seq)
	case m.Type != ReplyType || m.Seq != seq || textOf(e, m) != text:
		c.T.Fatalf("got type %d, sequence %d, %.200q; want %d, %.200q", m.Type, m.Seq, m.body, seq, text)
	}
}

// refused expects an exception whose text has that part.
func refused(c *peer.Conn, e Encoding, seq int32, part string) heard {
	c.T.Helper()
	m, ok := hear(c, e)
	if !ok || m.Type != ExceptionType || m.Seq != seq || !strings.Contains(m.body, part) {
		c.T.Fatalf("got type %d, sequence %d, %q; want an exception to %d with %q", m.Type, m.Seq, m.all, seq, part)
	}
	return m
}

func text(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.String()[:n]
}
