package thrift

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// allEncodings are those that either side can speak.
var allEncodings = append(append([]Encoding{}, plainEncodings...), Encoding{Header, Binary}, Encoding{Header, Compact})

// factories make Apache Thrift's own transport and protocol for ours.
func factories(e Encoding) (apache.TTransportFactory, apache.TProtocolFactory) {
	no := false
	id := apache.THeaderProtocolBinary
	if e.Protocol == Compact {
		id = apache.THeaderProtocolCompact
	}
	conf := &apache.TConfiguration{THeaderProtocolID: &id}
	if e.Protocol == Lax {
		conf.TBinaryStrictRead, conf.TBinaryStrictWrite = &no, &no
	}
	switch e.Transport {
	case Header:
		return apache.NewTHeaderTransportFactoryConf(nil, conf), apache.NewTHeaderProtocolFactoryConf(conf)
	case Framed:
		return apache.NewTFramedTransportFactoryConf(apache.NewTTransportFactory(), conf), withConf(e, conf)
	}
	return apache.NewTBufferedTransportFactory(4096), withConf(e, conf)
}

func withConf(e Encoding, conf *apache.TConfiguration) apache.TProtocolFactory {
	if e.Protocol == Compact {
		return apache.NewTCompactProtocolFactoryConf(conf)
	}
	return apache.NewTBinaryProtocolFactoryConf(conf)
}

// echo is a service of Apache Thrift's library whose method answers its own
// argument, and throws at "throw".
type echo struct{}

func (echo) Process(ctx context.Context, in, out apache.TProtocol) (bool, apache.TException) {
	name, kind, seq, err := in.ReadMessageBegin(ctx)
	if err != nil {
		return false, apache.WrapTException(err)
	}
	arg := word{id: 1}
	if err := arg.Read(ctx, in); err != nil {
		return false, apache.WrapTException(err)
	}
	_ = in.ReadMessageEnd(ctx)
	if kind == apache.ONEWAY || name == "tell" {
		return true, nil
	}
	if arg.text == "throw" {
		out.WriteMessageBegin(ctx, name, apache.EXCEPTION, seq)
		apache.NewTApplicationException(apache.INTERNAL_ERROR, "thrown").Write(ctx, out)
	} else {
		out.WriteMessageBegin(ctx, name, apache.REPLY, seq)
		arg.id = 0
		arg.Write(ctx, out)
	}
	out.WriteMessageEnd(ctx)
	out.Flush(ctx)
	return true, nil
}

func (echo) ProcessorMap() map[string]apache.TProcessorFunction  { return nil }
func (echo) AddToProcessorMap(string, apache.TProcessorFunction) {}

// word is a struct of one string.
type word struct {
	id   int16
	text string
}

func (w *word) Read(ctx context.Context, p apache.TProtocol) error {
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, t, _, err := p.ReadFieldBegin(ctx)
		if err != nil {
			return err
		}
		if t == apache.STOP {
			return p.ReadStructEnd(ctx)
		}
		if w.text, err = p.ReadString(ctx); err != nil {
			return err
		}
	}
}

func (w *word) Write(ctx context.Context, p apache.TProtocol) error {
	p.WriteStructBegin(ctx, "word")
	p.WriteFieldBegin(ctx, "text", apache.STRING, w.id)
	p.WriteString(ctx, w.text)
	p.WriteFieldEnd(ctx)
	p.WriteFieldStop(ctx)
	return p.WriteStructEnd(ctx)
}

// apacheServer is Apache Thrift's own server of echo.
func apacheServer(t testing.TB, e Encoding) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tf, pf := factories(e)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				tr, err := tf.GetTransport(apache.NewTSocketFromConnConf(nc, nil))
				if err != nil {
					return
				}
				in := pf.GetProtocol(tr)
				for {
					if h, ok := in.(*apache.THeaderProtocol); ok {
						if h.ReadFrame(context.Background()) != nil {
							return
						}
					}
					if ok, err := (echo{}).Process(context.Background(), in, in); !ok || err != nil {
						return
					}
				}
			}()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().String()
}

// Every encoding on one side goes with every other on the other, with Apache
// Thrift's own library at both ends.
func TestEveryPairOfEncodings(t *testing.T) {
	for _, back := range allEncodings {
		addr := apacheServer(t, back)
		for _, front := range allEncodings {
			t.Run(front.testName()+" to "+back.testName(), func(t *testing.T) {
				h := newHarness(t, addr)
				h.speaks = back
				if front.Protocol == Lax {
					h.set(func(s *Settings) { s.Speaks.AnyProtocol, s.Speaks.Protocol = false, Lax })
				}
				talkApache(t, h.addr, front)
			})
		}
	}
}

func talkApache(t *testing.T, addr string, e Encoding) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	tf, pf := factories(e)
	tr, err := tf.GetTransport(apache.NewTSocketFromConnConf(nc, nil))
	if err != nil {
		t.Fatal(err)
	}
	client := apache.NewTStandardClient(pf.GetProtocol(tr), pf.GetProtocol(tr))
	if e.Transport == Header { // which is one for both ways
		p := pf.GetProtocol(tr)
		client = apache.NewTStandardClient(p, p)
	}
	for _, n := range []int{0, 10, 5000, 40_000, 300_000} {
		arg, result := word{1, text(n)}, word{}
		if _, err := client.Call(context.Background(), "say", &arg, &result); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if result.text != arg.text {
			t.Fatalf("%d bytes: got %.100q", n, result.text)
		}
	}
	arg, result := word{1, "throw"}, word{}
	_, err = client.Call(context.Background(), "say", &arg, &result)
	if x, ok := err.(apache.TApplicationException); !ok || x.TypeId() != apache.INTERNAL_ERROR || x.Error() != "thrown" {
		t.Errorf("got %v", err)
	}
	arg.text = "after"
	if _, err := client.Call(context.Background(), "say", &arg, &result); err != nil || result.text != "after" {
		t.Errorf("got %v, %q", err, result.text)
	}
}

// A header's fields come to the backend, its compression is taken off where the
// other side has none, and what is left of the client's time is said anew.
func TestFieldsOfAHeader(t *testing.T) {
	for _, steps := range []Steps{{}, StepsOf(Zlib), StepsOf(Snappy)} {
		t.Run(fmt.Sprint(steps.All()), func(t *testing.T) {
			e := Encoding{Header, Binary}
			h := newHarness(t, backend(t, framedBinary).Addr())
			c := h.client(t)
			body := text(5000)
			payload := []byte(call(unframedBinary, 3, "m", body))
			th := THeader{Seq: 3, Protocol: Binary, Steps: steps, Info: AppendInfo(nil, "client_timeout", "5000")}
			frame, p := AppendTHeader(OpenFrame(nil), &th)
			if p != nil {
				t.Fatal(p)
			}
			frame = new(Packing).Pack(frame, payload, steps)
			CloseFrame(frame, 0)
			c.Send(string(frame))
			got := c.Read(4)
			size, _ := FrameSize([]byte(got), testFrame)
			back, p := ParseTHeader([]byte(c.Read(size)))
			if p != nil || back.Seq != 3 || !bytes.Equal(back.Payload, []byte(reply(unframedBinary, 3, "m", body))) {
				t.Errorf("got %v %+v (%s)", p, back, e.testName())
			}
		})
	}
}
