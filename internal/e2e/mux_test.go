package e2e

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/bridge/muxthrift"
	"sidecar/listener"
	"sidecar/sock"
	"sidecar/varz"
	over "sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// asMuxServer as the first argument makes the test binary a server of ThriftMux.
const asMuxServer = "mux-server"

// muxServer starts one whose every method answers its argument with a KiB of
// text, and logs it before it does. It is the sidecar's own server with nothing
// behind it: how Finagle's behaves is tested under conformance.
func muxServer(t testing.TB) *server {
	t.Helper()
	address, log := freeAddress(t), filepath.Join(t.TempDir(), "log")
	s := &server{t: t, address: address, program: os.Args[0], args: []string{asMuxServer, address, log}}
	s.executed = func() map[string]int { return countIDs(t, log) }
	s.start()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("mux server at %s: %s", address, clip(s.log.String()))
		}
	})
	return s
}

// listened is a Mux server as a listener knows servers.
type listened struct{ *over.Server }

func (s listened) NewClient(c *sock.Conn) listener.Client { return s.Server.NewClient(c) }

// serveMux is that server's process.
func serveMux(address, path string) error {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	lot, err := sock.NewLot(sidecar.Now)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	replies := sync.Pool{New: func() any { return new(over.Reply) }}
	handler := sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
		call := x.Msg.(*over.Call)
		name, seq, arg, ok := opened(call.Payload)
		if !ok {
			return &sidecar.Fault{Reason: sidecar.BadRequest}
		}
		mu.Lock()
		_, err := fmt.Fprintf(log, "%s 200\n", arg)
		mu.Unlock()
		if err != nil {
			return err
		}
		x.Commit(sidecar.Success)
		r := replies.Get().(*over.Reply)
		defer replies.Put(r)
		*r = over.Reply{Payload: stringMessage(thrift.ReplyType, seq, name, 0, strings.Repeat("0123456789abcdef", 64))}
		if f := call.Replies.Reply(x, r); f != nil {
			return f
		}
		return nil
	})
	registry := new(varz.Registry)
	l, err := listener.Listen(context.Background(), listener.Params{
		Name: "mux", Address: address, Lot: lot, MaxConnections: 1000, IdleTimeout: time.Hour, Stats: listener.NewStats(registry, "mux"), Log: slog.Default(),
		Server: listened{over.NewServer(over.Params{
			Handler: handler, Wheel: sock.NewWheel(sidecar.Now), Buffers: sock.NewBuffers(), Lot: lot, Labels: muxthrift.Labels{}, Stats: over.NewStats(registry, "mux"),
		}, over.Settings{MessageTimeout: time.Minute, IdleTimeout: time.Hour})},
	})
	if err != nil {
		return err
	}
	return l.Run(context.Background())
}

// stringMessage is a message of the binary protocol with one string.
func stringMessage(t thrift.Type, seq int32, name string, field int16, text string) []byte {
	w := thrift.WriteValues(thrift.Binary, thrift.AppendHead(nil, thrift.Binary, t, seq, name))
	w.Field(0, thrift.Field{ID: field, Type: thrift.WireString})
	w.String([]byte(text))
	w.Stop()
	return w.Bytes()
}

// opened takes such a message apart.
func opened(b []byte) (name string, seq int32, text string, ok bool) {
	h, problem := thrift.ParseHead(thrift.Binary, b)
	if problem != nil || len(b) < h.Body+8 {
		return "", 0, "", false
	}
	return string(b[h.Name:h.NameEnd]), h.Seq, string(b[h.Body+7 : len(b)-1]), true
}

// muxClient is a client of ThriftMux, written after Finagle's: it greets, answers
// pings and drains, and makes one request after the other.
type muxClient struct {
	address string
	conn    net.Conn
	drained bool // it was asked to go
	seq     int32
}

func (c *muxClient) open() bool { return c.conn != nil && !c.drained }

func (c *muxClient) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn, c.drained = nil, false
	}
}

func (c *muxClient) dial() error {
	if c.open() {
		return nil
	}
	c.close()
	network, address := "tcp", c.address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return err
	}
	c.conn = conn
	conn.SetDeadline(time.Now().Add(patience))
	for _, greeting := range []struct {
		kind byte
		body string
	}{{0x7f, "tinit check"}, {0x44, "\x00\x01\x00\x00\x00\x0amux-framer\x00\x00\x00\x04\x7f\xff\xff\xff"}} {
		if err = c.send(greeting.kind, 1, greeting.body); err == nil {
			_, _, err = c.hear()
		}
		if err != nil {
			c.close()
			return err
		}
	}
	return nil
}

func (c *muxClient) send(kind byte, tag uint32, body string) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))
	_, err := c.conn.Write(append(binary.BigEndian.AppendUint32(b, uint32(kind)<<24|tag), body...))
	return err
}

// hear reads a message, and answers those of the session itself.
func (c *muxClient) hear() (kind byte, body []byte, err error) {
	for {
		var head [8]byte
		if _, err = io.ReadFull(c.conn, head[:]); err != nil {
			return 0, nil, err
		}
		body = make([]byte, binary.BigEndian.Uint32(head[:])-4)
		if _, err = io.ReadFull(c.conn, body); err != nil {
			return 0, nil, err
		}
		switch kind = head[4]; kind {
		case 0x40:
			c.drained = true
			err = c.send(0xc0, 1, "")
		case 0x41:
			err = c.send(0xbf, 1, "")
		default:
			return kind, body, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

func (c *muxClient) do(q query) result {
	if err := c.dial(); err != nil {
		return result{err: err}
	}
	method := strings.TrimPrefix(q.path, "/")
	switch {
	case q.write:
		method = "put"
	case method == "":
		method = "get"
	}
	c.seq++
	c.conn.SetDeadline(time.Now().Add(patience))
	pair := func(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }
	contexts := "\x00\x01" + pair("com.twitter.finagle.thrift.Request.headers") + pair(pair("request_id")+pair(q.id))
	err := c.send(2, 2, contexts+"\x00\x00\x00\x00"+string(stringMessage(thrift.CallType, c.seq, method, 1, q.id)))
	var kind byte
	var body []byte
	if err == nil {
		kind, body, err = c.hear()
	}
	if err != nil {
		c.close()
		return result{err: err, dialled: true}
	}
	r := answeredOverMux(kind, body, c.seq)
	r.last = c.drained
	return r
}

// answeredOverMux is what a reply says.
func answeredOverMux(kind byte, body []byte, seq int32) result {
	if kind != 0xfe || len(body) < 3 {
		return result{status: int(kind), body: string(body)}
	}
	rest := body[3:]
	for n := int(body[1])<<8 | int(body[2]); n > 0; n-- {
		for range 2 {
			rest = rest[2+int(binary.BigEndian.Uint16(rest)):]
		}
	}
	if body[0] != 0 {
		text, _ := strings.CutPrefix(string(rest), "sidecar: ")
		reason, _, _ := strings.Cut(text, " ")
		return result{status: int(body[0]), reason: strings.TrimSuffix(reason, ":"), body: string(rest)}
	}
	if _, got, text, ok := opened(rest); ok && got == seq && rest[3] == byte(thrift.ReplyType) {
		return result{status: 200, body: text}
	}
	return result{status: 1, body: string(rest)}
}
