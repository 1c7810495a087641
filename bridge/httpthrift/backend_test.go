package httpthrift

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// backend is the users' service on Apache Thrift's own server: what a call does
// is told by its arguments.
type backend struct {
	mu     sync.Mutex
	logged chan string // by the oneway method
	called []string
}

// serve starts it with these factories and returns its address.
func (b *backend) serve(t *testing.T, tf apache.TTransportFactory, pf apache.TProtocolFactory) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	conns := map[net.Conn]bool{}
	work.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			conns[nc] = true
			b.mu.Unlock()
			work.Go(func() {
				defer nc.Close()
				trans, err := tf.GetTransport(apache.NewTSocketFromConnConf(nc, nil))
				if err != nil {
					return
				}
				prot := pf.GetProtocol(trans)
				for b.process(context.Background(), prot) == nil {
				}
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		b.mu.Lock()
		for nc := range conns {
			nc.Close()
		}
		b.mu.Unlock()
		work.Wait()
	})
	return ln.Addr().String()
}

// process answers one call.
func (b *backend) process(ctx context.Context, p apache.TProtocol) error {
	name, kind, seq, err := p.ReadMessageBegin(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.called = append(b.called, name)
	b.mu.Unlock()
	args, err := b.arguments(ctx, p)
	if err != nil {
		return err
	}
	if kind == apache.ONEWAY {
		b.logged <- args.text
		return nil
	}
	method := name[strings.IndexByte(name, ':')+1:]
	if method == "get" && args.number == 4 {
		return errors.Join(p.WriteMessageBegin(ctx, name, apache.EXCEPTION, seq),
			apache.NewTApplicationException(apache.INTERNAL_ERROR, `it "broke"`).Write(ctx, p), p.WriteMessageEnd(ctx), p.Flush(ctx))
	}
	return errors.Join(p.WriteMessageBegin(ctx, name, apache.REPLY, seq), b.result(ctx, p, method, args),
		p.WriteFieldStop(ctx), p.WriteMessageEnd(ctx), p.Flush(ctx))
}

// arguments of all methods, of which only some of the types are read.
type arguments struct {
	number int64 // the last i64
	text   string
	sum    int64
}

func (b *backend) arguments(ctx context.Context, p apache.TProtocol) (a arguments, err error) {
	for {
		_, t, _, err := p.ReadFieldBegin(ctx)
		if err != nil || t == apache.STOP {
			return a, err
		}
		switch t {
		case apache.I64:
			a.number, err = p.ReadI64(ctx)
		case apache.STRING:
			a.text, err = p.ReadString(ctx)
		case apache.LIST:
			_, n, e := p.ReadListBegin(ctx)
			for range n {
				v, e := p.ReadI64(ctx)
				a.sum, err = a.sum+v, errors.Join(err, e)
			}
			err = errors.Join(e, err)
		default:
			err = p.Skip(ctx, t)
		}
		if err != nil {
			return a, err
		}
	}
}

// result writes the field of a result.
func (b *backend) result(ctx context.Context, p apache.TProtocol, method string, a arguments) error {
	switch method {
	case "sum":
		return errors.Join(p.WriteFieldBegin(ctx, "", apache.I64, 0), p.WriteI64(ctx, a.sum))
	case "version":
		return errors.Join(p.WriteFieldBegin(ctx, "", apache.STRING, 0), p.WriteString(ctx, strings.Repeat("v", 100_000)))
	case "get":
		field, id := int16(0), a.number
		switch id {
		case 2, 3:
			field = int16(id - 1) // an exception
		case 5:
			return nil // nothing
		}
		err := p.WriteFieldBegin(ctx, "", apache.STRUCT, field)
		if field == 0 {
			err = errors.Join(err, p.WriteFieldBegin(ctx, "", apache.I64, 1), p.WriteI64(ctx, id),
				p.WriteFieldBegin(ctx, "", apache.STRING, 2), p.WriteString(ctx, "Zoë"))
		} else {
			err = errors.Join(err, p.WriteFieldBegin(ctx, "", apache.STRING, 1), p.WriteString(ctx, "no"))
		}
		return errors.Join(err, p.WriteFieldStop(ctx))
	}
	return nil
}
