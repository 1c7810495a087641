package muxthrift

import (
	"context"
	"net"
	"strings"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"

	"sidecar/wire/thrift"
)

// The plain sides of these tests are Apache's own library with a service written
// by hand: echo gives its argument back, header the field of that name which came
// with the call, note is oneway, and nothing else is known.

// text is a struct with one string: the arguments, or with id 0 the result.
type text struct {
	id int16
	v  string
}

func (s *text) Write(ctx context.Context, p apache.TProtocol) error {
	for _, err := range []error{
		p.WriteStructBegin(ctx, "text"), p.WriteFieldBegin(ctx, "v", apache.STRING, s.id), p.WriteString(ctx, s.v),
		p.WriteFieldEnd(ctx), p.WriteFieldStop(ctx), p.WriteStructEnd(ctx),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *text) Read(ctx context.Context, p apache.TProtocol) error {
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, typ, id, err := p.ReadFieldBegin(ctx)
		if err != nil || typ == apache.STOP {
			return err
		}
		if id == s.id && typ == apache.STRING {
			s.v, err = p.ReadString(ctx)
		} else {
			err = p.Skip(ctx, typ)
		}
		if err != nil {
			return err
		}
	}
}

// service is the server's side.
type service struct{ notes chan string }

func (s *service) ProcessorMap() map[string]apache.TProcessorFunction  { return nil }
func (s *service) AddToProcessorMap(string, apache.TProcessorFunction) {}
func (s *service) answer(ctx context.Context, name, v string) (string, bool) {
	switch name = name[strings.IndexByte(name, ':')+1:]; name {
	case "echo":
		return v, true
	case "header":
		v, _ = apache.GetHeader(ctx, v)
		return v, true
	case "note":
		s.notes <- v
	}
	return "", false
}

func (s *service) Process(ctx context.Context, in, out apache.TProtocol) (bool, apache.TException) {
	name, typ, seq, err := in.ReadMessageBegin(ctx)
	if err != nil {
		return false, apache.WrapTException(err)
	}
	args := text{id: 1}
	if err := args.Read(ctx, in); err != nil {
		return false, apache.WrapTException(err)
	}
	if err := in.ReadMessageEnd(ctx); err != nil {
		return false, apache.WrapTException(err)
	}
	v, ok := s.answer(ctx, name, args.v)
	if typ == apache.ONEWAY {
		return true, nil
	}
	var body apache.TStruct = &text{v: v}
	kind := apache.REPLY
	if !ok {
		body, kind = apache.NewTApplicationException(apache.UNKNOWN_METHOD, "no "+name), apache.EXCEPTION
	}
	for _, do := range []func() error{
		func() error { return out.WriteMessageBegin(ctx, name, kind, seq) },
		func() error { return body.Write(ctx, out) },
		func() error { return out.WriteMessageEnd(ctx) },
		func() error { return out.Flush(ctx) },
	} {
		if err := do(); err != nil {
			return false, apache.WrapTException(err)
		}
	}
	return true, nil
}

// factories are the library's for an encoding.
func factories(e thrift.Encoding) (apache.TTransportFactory, apache.TProtocolFactory) {
	conf := &apache.TConfiguration{}
	var protocol apache.TProtocolFactory = apache.NewTBinaryProtocolFactoryConf(conf)
	switch {
	case e.Transport == thrift.Header:
		id := apache.THeaderProtocolBinary
		if e.Protocol == thrift.Compact {
			id = apache.THeaderProtocolCompact
		}
		conf.THeaderProtocolID = &id
		return apache.NewTHeaderTransportFactoryConf(nil, conf), apache.NewTHeaderProtocolFactoryConf(conf)
	case e.Protocol == thrift.Compact:
		protocol = apache.NewTCompactProtocolFactoryConf(conf)
	case e.Protocol == thrift.Lax:
		no := false
		protocol = apache.NewTBinaryProtocolFactoryConf(&apache.TConfiguration{TBinaryStrictRead: &no, TBinaryStrictWrite: &no})
	}
	if e.Transport == thrift.Unframed {
		return apache.NewTBufferedTransportFactory(4096), protocol
	}
	return apache.NewTFramedTransportFactoryConf(apache.NewTTransportFactory(), conf), protocol
}

// apacheServer serves s in e; it ends with the test.
func apacheServer(t testing.TB, e thrift.Encoding, s *service) (address string) {
	t.Helper()
	ln, err := apache.NewTServerSocket("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Listen(); err != nil {
		t.Fatal(err)
	}
	transport, protocol := factories(e)
	srv := apache.NewTSimpleServer4(s, ln, transport, protocol)
	done := make(chan error, 1)
	go func() { done <- srv.Serve() }()
	t.Cleanup(func() {
		_ = srv.Stop()
		<-done
	})
	return ln.Addr().String()
}

// apacheClient calls in e. Its connection ends with the test.
type apacheClient struct {
	t testing.TB
	*apache.TStandardClient
	out apache.TProtocol
}

func newApacheClient(t testing.TB, address string, e thrift.Encoding) *apacheClient {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	transport, protocol := factories(e)
	tr, err := transport.GetTransport(apache.NewTSocketFromConnConf(nc, nil))
	if err != nil {
		t.Fatal(err)
	}
	p := protocol.GetProtocol(tr)
	return &apacheClient{t, apache.NewTStandardClient(p, p), p}
}

// call calls a method and gives what it answered.
func (c *apacheClient) call(ctx context.Context, method, arg string) (string, error) {
	result := &text{}
	_, err := c.Call(ctx, method, &text{1, arg}, result)
	return result.v, err
}

// post sends a oneway call, as which the library's client sends none.
func (c *apacheClient) post(ctx context.Context, method, arg string) error {
	args := &text{1, arg}
	for _, do := range []func() error{
		func() error { return c.out.WriteMessageBegin(ctx, method, apache.ONEWAY, 0) },
		func() error { return args.Write(ctx, c.out) },
		func() error { return c.out.WriteMessageEnd(ctx) },
		func() error { return c.out.Flush(ctx) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// withHeaders is ctx with fields of THeader for calls made by it.
func withHeaders(ctx context.Context, fields [][2]string) context.Context {
	if len(fields) == 0 {
		return ctx
	}
	names := append([]string(nil), apache.GetWriteHeaderList(ctx)...)
	ctx = apache.SetWriteHeaderList(apache.SetHeader(ctx, fields[0][0], fields[0][1]), append(names, fields[0][0]))
	return withHeaders(ctx, fields[1:])
}
