package sock

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// path is one way a Conn may take. Everything that a Conn promises is tested
// over each of them.
type path struct {
	name     string
	raw, tcp bool
	network  string
	wrap     func(net.Conn) net.Conn
}

// wrapped hides that a connection is a *net.TCPConn, as TLS does.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

func (w wrapped) CloseWrite() error { return w.Conn.(*net.TCPConn).CloseWrite() }

var paths = []path{
	{"raw TCP", rawSupported, true, "tcp", nil},
	{"TCP through net.Conn", false, true, "tcp", func(c net.Conn) net.Conn { return wrapped{c} }},
	{"Unix socket", rawSupported, false, "unix", nil},
}

// peer is the far end of a connection under test.
type peer interface {
	net.Conn
	CloseWrite() error
	buffered
}

// buffered sets the sizes of a socket's buffers, in bytes.
type buffered interface {
	SetReadBuffer(n int) error
	SetWriteBuffer(n int) error
}

// onEach runs the test over every path.
func onEach(t *testing.T, test func(t *testing.T, p path)) {
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) { test(t, p) })
	}
}

// pair is a fresh connection and its peer, both closed at the test's end.
func (p path) pair(t testing.TB) (*Conn, peer) {
	t.Helper()
	l := p.listen(t)
	defer l.Close()
	return p.join(t, l)
}

func (p path) listen(t testing.TB) net.Listener {
	t.Helper()
	address := "127.0.0.1:0"
	if p.network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(p.network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (p path) join(t testing.TB, l net.Listener) (*Conn, peer) {
	t.Helper()
	near, err := net.Dial(p.network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	if p.wrap != nil {
		near = p.wrap(near)
	}
	c := New(near)
	if c.Raw() != p.raw {
		t.Fatalf("raw is %v", c.Raw())
	}
	if c.NetConn() != near {
		t.Fatal("not the connection that New took")
	}
	return c, far.(peer)
}

// small makes the sockets' buffers small, so that writes do not fit. The
// reader's holds two of the loopback's segments: with less, TCP sends by its
// probe timer, five times a second.
func small(t *testing.T, c *Conn, far peer) {
	t.Helper()
	nc := c.NetConn()
	if w, ok := nc.(wrapped); ok {
		nc = w.Conn
	}
	if err := errors.Join(nc.(buffered).SetWriteBuffer(4<<10), far.SetReadBuffer(128<<10)); err != nil {
		t.Fatal(err)
	}
}

// pattern is n bytes of which no two near parts are alike.
func pattern(n int) []byte {
	p := make([]byte, n)
	x := uint32(1)
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}

// atOnce runs f, the far end, beside the test, which waits for it before it
// ends; if it has failed, closing c frees f.
func atOnce(t *testing.T, c io.Closer, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	t.Cleanup(func() {
		if t.Failed() {
			_ = c.Close()
		}
		<-done
	})
}

// send writes p from the far end.
func send(t *testing.T, far peer, p []byte) {
	t.Helper()
	if _, err := far.Write(p); err != nil {
		t.Errorf("peer's write: %v", err)
	}
}

// halfClose sends a FIN from either end.
func halfClose(t *testing.T, end interface{ CloseWrite() error }) {
	t.Helper()
	if err := end.CloseWrite(); err != nil {
		t.Errorf("half-close: %v", err)
	}
}

// expect reads exactly want at the near end.
func expect(t *testing.T, c *Conn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := c.Read(got[n:])
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", n, len(want), err)
		}
		n += m
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got %q, want %q", clipped(got), clipped(want))
	}
}

// receive reads exactly want at the far end.
func receive(t *testing.T, far peer, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(far, got); err != nil {
		t.Errorf("peer after %d of %d bytes: %v", n, len(want), err)
		return
	}
	if !bytes.Equal(got, want) {
		t.Errorf("peer got %q, want %q", clipped(got), clipped(want))
	}
}

func clipped(p []byte) []byte { return p[:min(len(p), 64)] }

// untilWaiting returns when a goroutine waits for the network somewhere inside
// the method of Conn of that name. A test calls one such method at a time.
func untilWaiting(method string) {
	text := make([]byte, 1<<20)
	for {
		for g := range strings.SplitSeq(string(text[:runtime.Stack(text, true)]), "\n\n") {
			state, _, _ := strings.Cut(g, "\n")
			if strings.Contains(state, "[IO wait") && strings.Contains(g, "sock.(*Conn)."+method+"(") {
				return
			}
		}
		runtime.Gosched()
	}
}
