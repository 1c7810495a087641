package listener

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
)

// echo is a protocol: what comes goes back. A connection is idle after each
// echo, so that every wait for more is one in the lot.
type echo struct {
	refused  atomic.Int64
	draining atomic.Bool
	clients  atomic.Int64
}

func (s *echo) NewClient(c *sock.Conn) Client {
	s.clients.Add(1)
	return &echoClient{s: s, c: c, over: make(chan struct{})}
}

func (s *echo) Refuse(c *sock.Conn, reason sidecar.Reason) {
	s.refused.Add(1)
	_, _ = c.Write([]byte(reason.String()), nil)
}

func (s *echo) Drain() { s.draining.Store(true) }

type echoClient struct {
	s      *echo
	c      *sock.Conn
	over   chan struct{}
	once   sync.Once
	asked  atomic.Int64
	served atomic.Int64
}

func (cl *echoClient) Serve(context.Context) bool {
	cl.served.Add(1)
	buf := make([]byte, 64)
	n, err := cl.c.TryRead(buf)
	switch {
	case err == sock.ErrAgain && !cl.s.draining.Load():
		return true
	case err != nil:
	case string(buf[:n]) == "hold":
		<-cl.over
	default:
		if _, err := cl.c.Write(buf[:n], nil); err == nil {
			return true
		}
	}
	cl.c.Close()
	cl.s.clients.Add(-1)
	return false
}

func (cl *echoClient) Drain(hard bool) {
	cl.asked.Add(1)
	if hard {
		cl.once.Do(func() { close(cl.over) })
	}
}

// rig is a listener over the echo protocol with a lot of its own.
type rig struct {
	*Listener
	srv  *echo
	lot  *sock.Lot
	done chan struct{}
}

func newRig(t *testing.T, address string, most int) *rig {
	t.Helper()
	return newRigTo(t, address, most, nil, slog.New(slog.DiscardHandler))
}

// newRigTo is newRig with counts and a log that the test looks at.
func newRigTo(t *testing.T, address string, most int, registry *varz.Registry, log *slog.Logger) *rig {
	t.Helper()
	lot, err := sock.NewLot(sidecar.Now)
	if err != nil {
		t.Fatal(err)
	}
	srv := &echo{}
	l, err := Listen(t.Context(), Params{
		Name: "test", Address: address, Server: srv, Lot: lot, MaxConnections: most, IdleTimeout: time.Hour,
		Stats: NewStats(registry, "test"), Log: log,
	})
	if err != nil {
		lot.Close()
		t.Fatal(err)
	}
	r := &rig{Listener: l, srv: srv, lot: lot, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		if err := l.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		r.Stop()
		<-r.done
		grace, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		cancel()
		r.Drain(grace)
		lot.Close()
	})
	return r
}

func (r *rig) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial(r.Addr().Network(), r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if _, err := io.ReadFull(c, buf); err != nil || string(buf) != want {
		t.Fatalf("heard %q, %v; want %q", buf, err, want)
	}
}

// socketPair is both ends of a connection.
func socketPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if far, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	if near, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}
