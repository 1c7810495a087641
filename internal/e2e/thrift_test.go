package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// asThriftServer as the first argument makes the test binary a server of Apache
// Thrift's library: it can then be killed and stopped as any other.
const asThriftServer = "thrift-server"

// thriftServer starts one whose every method answers its argument with a KiB of
// text, and logs it before it does. It speaks the framed binary protocol.
func thriftServer(t testing.TB) *server {
	t.Helper()
	address, log := freeAddress(t), filepath.Join(t.TempDir(), "log")
	s := &server{t: t, address: address, program: os.Args[0], args: []string{asThriftServer, address, log}}
	s.executed = func() map[string]int { return countIDs(t, log) }
	s.start()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("thrift server at %s: %s", address, clip(s.log.String()))
		}
	})
	return s
}

// serveThrift is that server's process.
func serveThrift(address, path string) error {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	socket, err := apache.NewTServerSocket(address)
	if err != nil {
		return err
	}
	return apache.NewTSimpleServer4(&logger{log: log}, socket, apache.NewTFramedTransportFactoryConf(apache.NewTTransportFactory(), nil),
		apache.NewTBinaryProtocolFactoryConf(nil)).Serve()
}

// logger is the service: one string in, one out.
type logger struct {
	mu  sync.Mutex
	log *os.File
}

func (l *logger) Process(ctx context.Context, in, out apache.TProtocol) (bool, apache.TException) {
	name, _, seq, err := in.ReadMessageBegin(ctx)
	if err != nil {
		return false, apache.WrapTException(err)
	}
	arg := textStruct{field: 1}
	if err := errors.Join(arg.Read(ctx, in), in.ReadMessageEnd(ctx)); err != nil {
		return false, apache.WrapTException(err)
	}
	l.mu.Lock()
	_, err = fmt.Fprintf(l.log, "%s 200\n", arg.text)
	l.mu.Unlock()
	if err != nil {
		return false, apache.WrapTException(err)
	}
	answer := textStruct{0, strings.Repeat("0123456789abcdef", 64)}
	err = errors.Join(out.WriteMessageBegin(ctx, name, apache.REPLY, seq), answer.Write(ctx, out), out.WriteMessageEnd(ctx), out.Flush(ctx))
	return err == nil, apache.WrapTException(err)
}

func (*logger) ProcessorMap() map[string]apache.TProcessorFunction  { return nil }
func (*logger) AddToProcessorMap(string, apache.TProcessorFunction) {}

// textStruct is a struct of one string.
type textStruct struct {
	field int16
	text  string
}

func (w *textStruct) Read(ctx context.Context, p apache.TProtocol) error {
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, t, _, err := p.ReadFieldBegin(ctx)
		if err != nil || t == apache.STOP {
			return errors.Join(err, p.ReadStructEnd(ctx))
		}
		if w.text, err = p.ReadString(ctx); err == nil {
			err = p.ReadFieldEnd(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (w *textStruct) Write(ctx context.Context, p apache.TProtocol) error {
	return errors.Join(p.WriteStructBegin(ctx, ""), p.WriteFieldBegin(ctx, "", apache.STRING, w.field), p.WriteString(ctx, w.text),
		p.WriteFieldEnd(ctx), p.WriteFieldStop(ctx), p.WriteStructEnd(ctx))
}

// thriftClient is a client of Apache Thrift's library over THeader, whose fields
// have the request's id.
type thriftClient struct {
	address string
	conn    net.Conn
	client  apache.TClient
}

func (c *thriftClient) open() bool { return c.conn != nil }

func (c *thriftClient) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *thriftClient) dial() error {
	if c.conn != nil {
		return nil
	}
	network, address := "tcp", c.address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return err
	}
	id := apache.THeaderProtocolBinary
	conf := &apache.TConfiguration{THeaderProtocolID: &id}
	c.conn = conn
	p := apache.NewTHeaderProtocolConf(apache.NewTSocketFromConnConf(conn, conf), conf)
	c.client = apache.NewTStandardClient(p, p)
	return nil
}

func (c *thriftClient) do(q query) result {
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
	c.conn.SetDeadline(time.Now().Add(patience))
	ctx := apache.SetWriteHeaderList(apache.SetHeader(context.Background(), "request_id", q.id), []string{"request_id"})
	arg, answer := textStruct{1, q.id}, textStruct{}
	_, err := c.client.Call(ctx, method, &arg, &answer)
	var told apache.TApplicationException
	switch {
	case err == nil:
		return result{status: 200, body: answer.text}
	case errors.As(err, &told):
		text, _ := strings.CutPrefix(told.Error(), "sidecar: ")
		reason, _, _ := strings.Cut(text, " ")
		return result{status: int(told.TypeId()), reason: strings.TrimSuffix(reason, ":"), body: told.Error()}
	}
	c.close()
	return result{err: err, dialled: true}
}

// idempotent are the methods that may be executed twice.
const idempotent = "[upstream.web.operation.\"get\"]\nidempotent = true\n"
