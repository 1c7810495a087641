package muxthrift

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
	"sidecar/wire/thrift"
)

// echoes is a rig whose backend is a scripted Mux server.
func echoes(t testing.TB) *rig {
	return newRig(t, backend{address: newMuxServer(t).Addr(), mux: true})
}

// answeredIn expects the reply of an echo in the encoding of its call.
func answeredIn(c *peer.Conn, call string) {
	c.T.Helper()
	got := c.Read(len(call))
	if i := strings.Index(got, "echo"); i < 0 || !strings.Contains(got, "some text") {
		c.T.Errorf("got %q", got)
	}
}

func (r *rig) set(change func(*Settings)) {
	s := Settings{HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	change(&s)
	r.srv.Set(s)
}

func TestOnePortServesBothHoweverTheirBytesCome(t *testing.T) {
	r := echoes(t)
	plain := called(thrift.Binary, thrift.CallType, 1, "echo", "some text")
	framed := "\x00\x00\x00" + string([]byte{byte(len(plain))}) + plain
	ping := frame(0x41, 1, "")
	for _, size := range []int{1, 2, 5, 100} {
		for _, call := range []string{plain, framed, called(thrift.Lax, thrift.CallType, 1, "echo", "some text")} {
			c := r.client()
			c.Send(peer.Split(call, size)...)
			answeredIn(c, call)
		}
		c := r.client()
		c.Send(peer.Split(ping, size)...)
		c.Expect(frame(0xbf, 1, ""))
	}
}

func TestHTTPIsToldWhereItIs(t *testing.T) {
	r := echoes(t)
	for _, request := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"} {
		c := r.client()
		c.Send(request)
		got, reset := c.Rest()
		head, body, _ := strings.Cut(got, "\r\n\r\n")
		if reset || !strings.HasPrefix(head, "HTTP/1.1 400 ") || !strings.Contains(body, "speaks Thrift") || !strings.HasSuffix(body, "\n") {
			t.Errorf("got %q, reset %v", got, reset)
		}
		if !strings.HasSuffix(head, fmt.Sprintf("Content-Length: %d", len(body))) {
			t.Errorf("%d bytes of body: %s", len(body), head)
		}
	}
}

func TestWhoSaysTooLittleGetsTheThriftServer(t *testing.T) {
	r := echoes(t)
	r.set(func(s *Settings) { s.HeaderTimeout = 20 * time.Millisecond })
	c := r.client()
	plain := called(thrift.Binary, thrift.CallType, 1, "echo", "some text")
	c.Send("\x00\x00\x00")
	for {
		r.mu.Lock()
		known := len(r.served) == 1 && func() bool {
			r.served[0].mu.Lock()
			defer r.served[0].mu.Unlock()
			return r.served[0].is != nil
		}()
		r.mu.Unlock()
		if known {
			break
		}
	}
	c.Send(string([]byte{byte(len(plain))}) + plain) // and it has taken nothing away
	c.Read(4)
	answeredIn(c, plain)
}

func TestWhoSaysNothingIsParkedAndThenClosed(t *testing.T) {
	r := echoes(t)
	r.set(func(s *Settings) { s.ParkAfter = 5 * time.Millisecond })
	c := r.client()
	c.Send(frame(0x41, 1, ""))
	c.Expect(frame(0xbf, 1, ""))
	late := r.client()
	<-r.parked
	late.Send(frame(0x41, 1, ""))
	late.Expect(frame(0xbf, 1, ""))
	r.set(func(s *Settings) { s.IdleTimeout = 5 * time.Millisecond })
	r.client().End()
}

// Clients of Thrift would wait for good: the server of Mux takes their calls for
// messages that need no answer.
func TestServerForMuxAloneTellsOthersSo(t *testing.T) {
	r := echoes(t)
	r.set(func(s *Settings) { s.Only = Mux })
	c := r.client()
	c.Send(frame(0x41, 1, ""))
	c.Expect(frame(0xbf, 1, ""))
	plain := called(thrift.Binary, thrift.CallType, 1, "echo", "some text")
	for _, said := range []string{
		plain, string([]byte{0, 0, 0, byte(len(plain))}) + plain, called(thrift.Compact, thrift.CallType, 1, "echo", "some text"),
	} {
		c := r.client()
		c.Send(said)
		if got, _ := c.Rest(); !strings.Contains(got, "sidecar: bad_request: this listener takes ThriftMux alone") {
			t.Errorf("%q is told %q", said, got)
		}
	}
	c = r.client()
	c.Send("GET / HTTP/1.1\r\n\r\n")
	if got, _ := c.Rest(); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("got %q", got)
	}
}

func TestServerForThriftAloneLooksAtNothing(t *testing.T) {
	r := echoes(t)
	r.set(func(s *Settings) { s.Only = Thrift })
	c := r.client()
	c.Send(frame(0x41, 1, ""))
	if got, _ := c.Rest(); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestDrainReachesWhoHasSaidNothing(t *testing.T) {
	for _, hard := range []bool{false, true} {
		r := echoes(t)
		c := r.client()
		for {
			r.mu.Lock()
			n := len(r.served)
			r.mu.Unlock()
			if n == 1 {
				break
			}
		}
		r.srv.Drain()
		r.served[0].Drain(hard)
		if !hard {
			c.Send(frame(0x41, 1, "")) // on its way
			got := c.Read(16)
			if !strings.Contains(got, frame(0xbf, 1, "")) || !strings.Contains(got, frame(0x40, 1, "")) {
				t.Errorf("got %q", got)
			}
		}
		c.End()
	}
}

func TestRefusalIsInTheClientsWords(t *testing.T) {
	r := echoes(t)
	plain := called(thrift.Binary, thrift.CallType, 1, "echo", "some text")
	for _, row := range []struct{ sent, want string }{
		{frame(0x7f, 1, "tinit check"), "\x7f\x00\x00\x01sidecar: max_connections"},
		{plain, "sidecar: max_connections"},
		{"", ""},
	} {
		accepted := make(chan struct{})
		l := peer.Listen(t, func(c *peer.Conn) {
			s := sock.New(c.NC)
			if row.sent != "" {
				_ = s.WaitRead()
			}
			r.srv.Refuse(s, sidecar.TooManyConnections)
			close(accepted)
		})
		c := peer.Dial(t, l.Addr())
		c.Send(row.sent)
		<-accepted
		if got, reset := c.Rest(); reset || !strings.Contains(got, row.want) || row.want == "" && got != "" {
			t.Errorf("%q: got %q, reset %v", row.sent, got, reset)
		}
	}
}

func TestPlainClientDoesNotStopForAnother(t *testing.T) {
	r := echoes(t)
	let := make(chan struct{})
	inner := r.do
	r.do = sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		if c, ok := x.Msg.Attr(sidecar.Selector{Attr: sidecar.AttrOperation}); ok && string(c) == "unknown" {
			<-let
		}
		return inner.Do(ctx, x)
	})
	slow := r.client()
	slow.Send(called(thrift.Binary, thrift.CallType, 1, "unknown", ""))
	fast := newApacheClient(t, r.addr, encodings[0])
	if got, err := fast.call(context.Background(), "echo", "x"); err != nil || got != "x" {
		t.Errorf("%q, %v", got, err)
	}
	close(let)
	slow.Until("no unknown")
}
