package muxthrift

import (
	"encoding/binary"
	"sync"
	"testing"

	"sidecar/internal/peer"
	"sidecar/wire/thrift"
)

// The Mux sides of these tests are scripts in bytes, which know no more of Mux
// than stands here.

func frame(kind byte, tag int, body string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))
	return string(append(b, kind, byte(tag>>16), byte(tag>>8), byte(tag))) + body
}

func short(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }

// contexts of pairs: key, value, key, value.
func contexts(pairs ...string) string {
	s := string([]byte{0, byte(len(pairs) / 2)})
	for _, p := range pairs {
		s += short(p)
	}
	return s
}

// hear reads a frame; false if the connection ends instead.
func hear(c *peer.Conn) (kind byte, tag int, body string, ok bool) {
	head, ok := c.TryRead(8)
	if !ok {
		return 0, 0, "", false
	}
	body, ok = c.TryRead(int(binary.BigEndian.Uint32([]byte(head))) - 4)
	return head[4], int(head[5])<<16 | int(head[6])<<8 | int(head[7]), body, ok
}

// cut takes contexts apart.
func cut(s string) (pairs map[string]string, rest string) {
	n := int(s[0])<<8 | int(s[1])
	rest, pairs = s[2:], map[string]string{}
	part := func() string {
		k := int(rest[0])<<8 | int(rest[1])
		v := rest[2 : 2+k]
		rest = rest[2+k:]
		return v
	}
	for range n {
		k := part()
		pairs[k] = part()
	}
	return pairs, rest
}

// muxServer is a scripted server. It answers echo and the rest as service does,
// and tells of the contexts that came.
type muxServer struct {
	*peer.Listener
	notes chan string
	mu    sync.Mutex
	came  map[string]string // the contexts of the last call
}

func newMuxServer(t testing.TB) *muxServer {
	s := &muxServer{notes: make(chan string, 10)}
	s.Listener = peer.Listen(t, s.serve)
	return s
}

func (s *muxServer) contexts() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came
}

func (s *muxServer) serve(c *peer.Conn) {
	for c.Idle() {
		kind, tag, body, ok := hear(c)
		if !ok {
			return
		}
		switch kind {
		case 0x7f: // tinit check
			c.TrySend(frame(0x7f, tag, body))
		case 0x44:
			c.TrySend(frame(0xbc, tag, "\x00\x01"))
		case 0x41:
			c.TrySend(frame(0xbf, tag, ""))
		case 2:
			pairs, rest := cut(body)
			s.mu.Lock()
			s.came = pairs
			s.mu.Unlock()
			c.TrySend(frame(0xfe, tag, s.answer(rest[4:])))
		}
	}
}

// answer is the body of an Rdispatch to a message of the strict binary protocol.
func (s *muxServer) answer(message string) string {
	h, problem := thrift.ParseHead(thrift.Binary, []byte(message))
	if problem != nil {
		return "\x01\x00\x00" + problem.Error()
	}
	name, arg := message[h.Name:h.NameEnd], message[h.Body+7:len(message)-1]
	reply := func(t thrift.Type, body string) string {
		return string(thrift.AppendHead(nil, thrift.Binary, t, h.Seq, name)) + body
	}
	switch name {
	case "echo", "Users:echo":
		return "\x00" + contexts("com.twitter.finagle.thrift.Response.headers", short("how")+short("well")) +
			reply(thrift.ReplyType, "\x0b\x00\x00"+message[h.Body+3:])
	case "note":
		s.notes <- arg
		return "\x00\x00\x00"
	case "boom":
		return "\x01\x00\x00it broke"
	case "nack":
		return "\x02\x00\x00"
	case "strange":
		return "\x00\x00\x00" + string(thrift.AppendHead(nil, thrift.Binary, thrift.ReplyType, h.Seq+1, name)) + "\x00"
	}
	return "\x00\x00\x00" + string(thrift.AppendException(nil, thrift.Binary, h.Seq, name, thrift.UnknownMethod, "no "+name))
}

// called is a message with one string.
func called(p thrift.Protocol, t thrift.Type, seq int32, name, arg string) string {
	w := thrift.WriteValues(p, thrift.AppendHead(nil, p, t, seq, name))
	w.Field(0, thrift.Field{ID: 1, Type: thrift.WireString})
	w.String([]byte(arg))
	w.Stop()
	return string(w.Bytes())
}

// dispatch is a Tdispatch.
func dispatch(tag int, pairs, message string) string {
	if pairs == "" {
		pairs = contexts()
	}
	return frame(2, tag, pairs+"\x00\x00\x00\x00"+message)
}
