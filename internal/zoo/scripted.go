package zoo

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// opPing asks for a sign of life, as the protocol numbers it.
const opPing = 11

// Scripted is a server that says what a test wants, for what no real one says.
type Scripted struct {
	Address string // once it was started
	Hello   []byte // the first packet; nil is a good one
	// Answer is what follows the header of an answer to that request; there is
	// none if it is nil.
	Answer   func(op uint32) []byte
	Greets   func(ask []byte) bool // who asks so; nil is all
	Seen     uint64                // the last transaction, as it says
	Cut      atomic.Bool           // nobody is served
	Accepted atomic.Int64          // connections
}

// Start listens until the test ends.
func (h *Scripted) Start(t testing.TB) *Scripted {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if h.Hello == nil {
		h.Hello = Hello(10000, 7, make([]byte, 16))
	}
	h.Address = ln.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			h.Accepted.Add(1)
			serving.Go(func() { h.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	return h
}

func (h *Scripted) serve(c net.Conn) {
	defer c.Close()
	if p, ok := packetOf(c); !ok || h.Cut.Load() || h.Greets != nil && !h.Greets(p) {
		return
	}
	if _, err := c.Write(Framed(h.Hello)); err != nil {
		return
	}
	for h.reply(c) {
	}
}

// reply answers one request.
func (h *Scripted) reply(c net.Conn) bool {
	p, ok := packetOf(c)
	if !ok || len(p) < 8 || h.Cut.Load() {
		return false
	}
	op := binary.BigEndian.Uint32(p[4:])
	var body []byte
	if op != opPing {
		if body = h.Answer(op); body == nil {
			return true
		}
	}
	head := binary.BigEndian.AppendUint64(bytes.Clone(p[:4]), h.Seen) // then, no error
	_, err := c.Write(Framed(append(append(head, 0, 0, 0, 0), body...)))
	return err == nil
}

func packetOf(c net.Conn) ([]byte, bool) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, false
	}
	p := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(c, p)
	return p, err == nil
}

// Framed is p with its length before it.
func Framed(p []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...)
}

// Hello is the answer to a request for a session, of a time in milliseconds.
func Hello(timeout int32, session int64, password []byte) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(timeout))
	b = binary.BigEndian.AppendUint64(b, uint64(session))
	b = binary.BigEndian.AppendUint32(b, uint32(len(password)))
	return append(b, password...)
}

// Stat is the body of what is known of a node: nothing.
func Stat() []byte { return make([]byte, 68) }

// ListOf is the body of a list of children.
func ListOf(names ...string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(names)))
	for _, n := range names {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(n))), n...)
	}
	return append(b, Stat()...)
}

// DataOf is the body of a node's data.
func DataOf(data string) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)
	return append(b, Stat()...)
}
