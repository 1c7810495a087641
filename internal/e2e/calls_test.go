package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// callBackend gives each call of a method of one string back as its reply. It
// serves framed binary Thrift and ThriftMux at one port: both are frames, told
// apart by what they begin with.
type callBackend struct {
	address string
	// hold is given what sends a reply, to be called once from anywhere.
	hold func(reply func())

	mu    sync.Mutex
	conns map[net.Conn]int // calls that came over each
	work  sync.WaitGroup
}

func newCallBackend(t testing.TB, hold func(reply func())) *callBackend {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &callBackend{address: ln.Addr().String(), hold: hold, conns: map[net.Conn]int{}}
	b.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			b.count(c, 0)
			b.work.Go(func() {
				defer c.Close()
				if err := b.serve(c); err != nil {
					t.Errorf("the backend of calls: %v", err)
				}
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		b.mu.Lock()
		for c := range b.conns {
			c.Close()
		}
		b.mu.Unlock()
		b.work.Wait()
	})
	return b
}

func (b *callBackend) count(c net.Conn, calls int) {
	b.mu.Lock()
	b.conns[c] += calls
	b.mu.Unlock()
}

// used is how many connections had calls on them.
func (b *callBackend) used() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, calls := range b.conns {
		if calls > 0 {
			n++
		}
	}
	return n
}

// serve ends with the connection, or with an error for what is no call.
func (b *callBackend) serve(c net.Conn) error {
	in, writing := bufio.NewReader(c), new(sync.Mutex)
	for {
		p, ok := readFrame(in)
		if !ok {
			return nil
		}
		reply, call, err := answer(p)
		if err != nil {
			return err
		}
		send := func() {
			out := append(binary.BigEndian.AppendUint32(nil, uint32(len(reply))), reply...)
			writing.Lock()
			defer writing.Unlock()
			_, _ = c.Write(out) // a connection that has ended is its reader's affair
		}
		if !call {
			send()
			continue
		}
		b.count(c, 1)
		b.hold(send)
	}
}

// readFrame is false when the connection has ended.
func readFrame(in io.Reader) ([]byte, bool) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, false
	}
	p := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(in, p)
	return p, err == nil
}

// answer is the reply to a frame, and whether that is a call. Of Mux it knows
// what a session begins with, pings and dispatches.
func answer(p []byte) (reply []byte, call bool, err error) {
	if bytes.HasPrefix(p, []byte{0x80, 1, 0, 1}) {
		reply, err = replyTo(p)
		return reply, true, err
	}
	if len(p) < 4 {
		return nil, false, fmt.Errorf("a frame of %d bytes", len(p))
	}
	switch int8(p[0]) {
	case 127, -128: // "tinit check": comes back
		return p, false, nil
	case 68: // Tinit: its version and no features
		return append([]byte{0xbc}, p[1:6]...), false, nil
	case 65: // Tping
		return append([]byte{0xbf}, p[1:4]...), false, nil
	case 2: // Tdispatch
		inner, err := replyTo(dispatched(p[4:]))
		return append([]byte{0xfe, p[1], p[2], p[3], 0, 0, 0}, inner...), true, err
	}
	return nil, false, fmt.Errorf("the message of Mux %q is not known", p)
}

// dispatched is a dispatch without contexts, destination and delegations.
func dispatched(p []byte) []byte {
	skip := func(strings int) {
		for range strings {
			p = p[2+binary.BigEndian.Uint16(p):]
		}
	}
	pairs := func() {
		n := int(binary.BigEndian.Uint16(p))
		p = p[2:]
		skip(2 * n)
	}
	pairs()
	skip(1)
	pairs()
	return p
}

// replyTo makes a reply of a call in strict binary encoding: its type, and the
// number of its one field, change.
func replyTo(call []byte) ([]byte, error) {
	if !bytes.HasPrefix(call, []byte{0x80, 1, 0, 1}) {
		return nil, fmt.Errorf("%q is no call", call)
	}
	p := bytes.Clone(call)
	p[3] = 2
	field := 12 + binary.BigEndian.Uint32(p[4:])
	p[field+1], p[field+2] = 0, 0
	return p, nil
}

// plainClient is a client of Apache Thrift's library that speaks the framed
// binary protocol.
type plainClient struct {
	conn   net.Conn
	client apache.TClient
}

func newPlainClient(t testing.TB, address string) *plainClient {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := apache.NewTBinaryProtocolConf(apache.NewTFramedTransportConf(apache.NewTSocketFromConnConf(conn, nil), nil), nil)
	return &plainClient{conn, apache.NewTStandardClient(p, p)}
}

// echo puts a call and looks that its own text comes back.
func (c *plainClient) echo(text string) error {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	arg, got := textStruct{1, text}, textStruct{}
	if _, err := c.client.Call(context.Background(), "echo", &arg, &got); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	if got.text != text {
		return fmt.Errorf("%s got the reply of %s", text, got.text)
	}
	return nil
}
