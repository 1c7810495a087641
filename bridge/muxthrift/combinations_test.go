package muxthrift

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"

	"sidecar"
	"sidecar/wire/thrift"
)

var encodings = []thrift.Encoding{
	{Transport: thrift.Framed, Protocol: thrift.Binary}, {Transport: thrift.Framed, Protocol: thrift.Compact}, {Transport: thrift.Framed, Protocol: thrift.Lax},
	{Transport: thrift.Unframed, Protocol: thrift.Binary}, {Transport: thrift.Unframed, Protocol: thrift.Compact}, {Transport: thrift.Unframed, Protocol: thrift.Lax},
	{Transport: thrift.Header, Protocol: thrift.Binary}, {Transport: thrift.Header, Protocol: thrift.Compact},
}

func nameOf(e thrift.Encoding) string { return fmt.Sprintf("%v-%v", e.Transport, e.Protocol) }

// sized are arguments that take every path of buffers.
func sized() []string {
	return []string{"", "hello", strings.Repeat("0123456789", 500), strings.Repeat("0123456789", 20_000)}
}

// isApplication tells whether err is an exception of that kind with that text.
func isApplication(err error, kind int32, part string) bool {
	var e apache.TApplicationException
	return errors.As(err, &e) && e.TypeId() == kind && strings.Contains(e.Error(), part)
}

func TestPlainClientsReachMuxServers(t *testing.T) {
	for _, e := range encodings {
		t.Run(nameOf(e), func(t *testing.T) {
			server := newMuxServer(t)
			r := newRig(t, backend{address: server.Addr(), mux: true})
			c := newApacheClient(t, r.addr, e)
			ctx := context.Background()
			for _, arg := range sized() {
				if got, err := c.call(ctx, "echo", arg); err != nil || got != arg {
					t.Fatalf("%d bytes: got %d, %v", len(arg), len(got), err)
				}
			}
			if got, err := c.call(ctx, "Users:echo", "x"); err != nil || got != "x" {
				t.Errorf("multiplexed: %q, %v", got, err)
			}
			for _, row := range []struct {
				method string
				kind   int32
				text   string
			}{
				{"unknown", apache.UNKNOWN_METHOD, "no unknown"}, {"boom", apache.INTERNAL_ERROR, "it broke"},
				{"nack", apache.INTERNAL_ERROR, "sidecar: "}, {"strange", apache.INTERNAL_ERROR, "bad_reply"},
			} {
				if _, err := c.call(ctx, row.method, ""); !isApplication(err, row.kind, row.text) {
					t.Errorf("%s: %v", row.method, err)
				}
			}
			if err := c.post(ctx, "note", "noted"); err != nil {
				t.Fatal(err)
			}
			if got := <-server.notes; got != "noted" {
				t.Errorf("noted %q", got)
			}
			if _, err := c.Call(ctx, "note", &text{1, "called"}, nil); err != nil { // as any other
				t.Fatal(err)
			}
			if got := <-server.notes; got != "called" {
				t.Errorf("noted %q", got)
			}
			if got, err := c.call(ctx, "echo", "after it"); err != nil || got != "after it" {
				t.Errorf("after a oneway call: %q, %v", got, err)
			}
		})
	}
}

func TestMuxClientsReachPlainServers(t *testing.T) {
	for _, e := range encodings {
		if e.Protocol == thrift.Lax && e.Transport == thrift.Unframed {
			continue // the library's server of the lax protocol reads no end of it
		}
		for _, p := range []thrift.Protocol{thrift.Binary, thrift.Compact} {
			t.Run(nameOf(e)+" from "+p.String(), func(t *testing.T) {
				s := &service{notes: make(chan string, 1)}
				r := newRig(t, backend{address: apacheServer(t, e, s), encoding: e})
				c := r.client()
				c.Send(frame(0x7f, 1, "tinit check"))
				c.Expect(frame(0x7f, 1, "tinit check"))
				for i, arg := range sized() {
					c.Send(dispatch(2, contexts("com.twitter.finagle.thrift.ClientIdContext", "me"), called(p, thrift.CallType, int32(i), "echo", arg)))
					kind, tag, body, _ := hear(c)
					want := called(p, thrift.ReplyType, int32(i), "echo", arg)
					want = strings.Replace(want, "\x0b\x00\x01", "\x0b\x00\x00", 1)
					if p == thrift.Compact { // field 0 has no short form
						want = strings.Replace(want, "echo\x18", "echo\x08\x00", 1)
					}
					if kind != 0xfe || tag != 2 || !strings.HasPrefix(body, "\x00") || !strings.HasSuffix(body, want) {
						t.Fatalf("%d bytes: got %x %d %.200q, want %.200q", len(arg), kind, tag, body, want)
					}
				}
				c.Send(dispatch(3, "", called(p, thrift.CallType, 9, "unknown", "")))
				if _, _, body, _ := hear(c); !strings.Contains(body, "no unknown") || body[0] != 0 {
					t.Errorf("got %q", body)
				}
				c.Send(dispatch(3, "", called(p, thrift.OnewayType, 9, "note", "noted")))
				if kind, tag, body, _ := hear(c); kind != 0xfe || tag != 3 || body != "\x00\x00\x00" {
					t.Errorf("got %x %d %q", kind, tag, body)
				}
				if got := <-s.notes; got != "noted" {
					t.Errorf("noted %q", got)
				}
				// The server would answer what is behind the call, too.
				c.Send(dispatch(4, "", called(p, thrift.CallType, 9, "echo", "a")+called(p, thrift.OnewayType, 9, "note", "hidden")))
				if _, _, body, _ := hear(c); body[0] != 1 || !strings.Contains(body, "bad_request") {
					t.Errorf("got %q", body)
				}
				c.Send(dispatch(4, "", "no message"))
				if _, _, body, _ := hear(c); body[0] != 1 || !strings.Contains(body, errNoCall.Error()) && !strings.Contains(body, "bad_request") {
					t.Errorf("got %q", body)
				}
			})
		}
	}
}

func TestMuxClientsReachMuxServersAsTheySpeak(t *testing.T) {
	server := newMuxServer(t)
	r := newRig(t, backend{address: server.Addr(), mux: true})
	c := r.client()
	c.Send(dispatch(2, contexts("mine", "\x00\xff"), called(thrift.Binary, thrift.CallType, 7, "echo", "x")))
	if _, _, body, _ := hear(c); !strings.HasSuffix(body, "x\x00") || !strings.Contains(body, "well") {
		t.Errorf("got %q", body)
	}
	if got := server.contexts()["mine"]; got != "\x00\xff" {
		t.Errorf("context %q", got)
	}
}

func TestPlainClientsReachPlainServersAsTheySpeak(t *testing.T) {
	for _, e := range encodings[:2] {
		r := newRig(t, backend{address: apacheServer(t, e, new(service)), encoding: e})
		c := newApacheClient(t, r.addr, e)
		if got, err := c.call(context.Background(), "echo", "x"); err != nil || got != "x" {
			t.Errorf("%s: %q, %v", nameOf(e), got, err)
		}
	}
}

// What stands beside a call crosses over in the form that the other side knows.
func TestFieldsBecomeContexts(t *testing.T) {
	server := newMuxServer(t)
	r := newRig(t, backend{address: server.Addr(), mux: true})
	e := thrift.Encoding{Transport: thrift.Header, Protocol: thrift.Binary}
	c := newApacheClient(t, r.addr, e)
	ctx := withHeaders(context.Background(), [][2]string{
		{"client_id", "me"}, {"client_timeout", "1500"}, {"X-B3-TraceId", "0000000000000001000000000000000a"}, {"x-b3-spanid", "b"}, {"X-B3-Sampled", "1"}, {"tenant", "t1"},
	})
	if _, err := c.call(ctx, "echo", "x"); err != nil {
		t.Fatal(err)
	}
	got := server.contexts()
	if got["com.twitter.finagle.thrift.ClientIdContext"] != "me" {
		t.Errorf("client id: %q", got)
	}
	if v := got["com.twitter.finagle.tracing.TraceContext"]; v != "\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00\x01" {
		t.Errorf("trace: %x", v)
	}
	if v := got["com.twitter.finagle.thrift.Request.headers"]; v != short("tenant")+short("t1") {
		t.Errorf("headers: %q", v)
	}
	if v := got["com.twitter.finagle.Deadline"]; len(v) != 16 {
		t.Errorf("deadline: %x", v)
	}
}

func TestContextsBecomeFields(t *testing.T) {
	e := thrift.Encoding{Transport: thrift.Header, Protocol: thrift.Compact}
	r := newRig(t, backend{address: apacheServer(t, e, new(service)), encoding: e})
	c := r.client()
	pairs := contexts(
		"com.twitter.finagle.thrift.ClientIdContext", "me",
		"com.twitter.finagle.Deadline", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00",
		"com.twitter.finagle.tracing.TraceContext", "\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x03",
		"com.twitter.finagle.thrift.Request.headers", short("tenant")+short("t1"),
		"com.twitter.finagle.Retries", "\x00\x00\x00\x00",
	)
	for field, want := range map[string]string{
		"client_id": "me", "X-B3-TraceId": "000000000000000a", "X-B3-SpanId": "000000000000000b", "X-B3-ParentSpanId": "000000000000000c",
		"X-B3-Sampled": "0", "X-B3-Flags": "1", "tenant": "t1", "com.twitter.finagle.Retries": "",
	} {
		c.Send(dispatch(2, pairs, called(thrift.Binary, thrift.CallType, 7, "header", field)))
		if _, _, body, _ := hear(c); !strings.HasSuffix(body, string([]byte{0, byte(len(want))})+want+"\x00") {
			t.Errorf("%s: got %q, want %q", field, body, want)
		}
	}
	c.Send(dispatch(2, pairs, called(thrift.Binary, thrift.CallType, 7, "header", "client_timeout")))
	if _, _, body, _ := hear(c); !strings.Contains(body, "\x04429") {
		t.Errorf("of 4,294 ms are left: %q", body)
	}
}

func TestCallsOfBothAreNamedAlike(t *testing.T) {
	server := newMuxServer(t)
	r := newRig(t, backend{address: server.Addr(), mux: true})
	inner := r.do
	seen := make(chan string, 1)
	names := []string{"method", "service", "client_id", "client", "transport", "protocol", "header:tenant", "dest", "context:k"}
	r.do = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		op, _ := x.Msg.Attr(sidecar.Selector{Attr: sidecar.AttrOperation})
		all := []string{string(op)}
		for _, name := range names {
			sel, ok := Select(name)
			if !ok {
				t.Errorf("no part %q", name)
			}
			v, _ := x.Msg.Attr(sel)
			all = append(all, string(v))
		}
		seen <- strings.Join(all, ",")
		return inner.Do(ctx, x)
	})
	m := r.client()
	headers := contexts("com.twitter.finagle.thrift.ClientIdContext", "me", "com.twitter.finagle.thrift.Request.headers", short("tenant")+short("t1"), "k", "v")
	m.Send(frame(2, 2, headers+short("/s")+"\x00\x00"+called(thrift.Binary, thrift.CallType, 1, "Users:echo", "x")))
	hear(m)
	if got, want := <-seen, "Users:echo,echo,Users,me,127.0.0.1,mux,binary,t1,/s,v"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	plain := newApacheClient(t, r.addr, encodings[1])
	if _, err := plain.call(context.Background(), "Users:echo", "x"); err != nil {
		t.Fatal(err)
	}
	if got, want := <-seen, "Users:echo,echo,Users,,127.0.0.1,framed,compact,,,"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
