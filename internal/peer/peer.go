// Package peer is scripted peers for tests: a listener whose connections each
// run a script, and the client's counterpart. A script says in bytes what is
// expected and sent, in which pieces, and how the connection ends. It knows no
// protocol, and it is no part of the program.
package peer

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// bound is how long a step may take before the test has failed. Nothing that
// works waits for it.
const bound = 20 * time.Second

// Conn is one end of a connection under a script. Its methods fail the test
// and end the calling goroutine when the other end does something else.
type Conn struct {
	T  testing.TB
	NC net.Conn
	// Number counts the connections of a listener from 0.
	Number int
	buf    []byte // received and not yet asked for
	in     *atomic.Int64
	over   *atomic.Bool // the test has ended
}

// Dial connects to addr as a client; the connection is closed with the test.
func Dial(t testing.TB, addr string) *Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return &Conn{T: t, NC: nc, in: new(atomic.Int64), over: new(atomic.Bool)}
}

// Listener accepts connections and runs a script on each.
type Listener struct {
	t      testing.TB
	ln     net.Listener
	script func(*Conn)
	in     atomic.Int64
	number atomic.Int64
	over   atomic.Bool
	mu     sync.Mutex
	conns  map[net.Conn]bool
	work   sync.WaitGroup
}

// Listen runs script, in a goroutine of its own, on every connection that
// comes; it is closed when the script returns. The test's end ends them all.
func Listen(t testing.TB, script func(*Conn)) *Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Listener{t: t, ln: ln, script: script, conns: map[net.Conn]bool{}}
	l.work.Go(l.accept)
	t.Cleanup(l.close)
	return l
}

// Addr is where to connect to.
func (l *Listener) Addr() string { return l.ln.Addr().String() }

// Received is how many bytes scripts have read on all connections.
func (l *Listener) Received() int64 { return l.in.Load() }

// Conns is how many connections were made so far.
func (l *Listener) Conns() int { return int(l.number.Load()) }

func (l *Listener) accept() {
	for {
		nc, err := l.ln.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		l.conns[nc] = true
		l.mu.Unlock()
		c := &Conn{T: l.t, NC: nc, Number: int(l.number.Add(1)) - 1, in: &l.in, over: &l.over}
		l.work.Go(func() {
			defer func() {
				nc.Close()
				l.mu.Lock()
				delete(l.conns, nc)
				l.mu.Unlock()
			}()
			l.script(c)
		})
	}
}

func (l *Listener) close() {
	l.over.Store(true)
	l.ln.Close()
	l.mu.Lock()
	for nc := range l.conns {
		nc.Close()
	}
	l.mu.Unlock()
	l.work.Wait()
}

// fail fails the test, from any goroutine. What fails because the test is over
// already says nothing.
func (c *Conn) fail(format string, args ...any) {
	c.T.Helper()
	c.NC.Close()
	if c.over.Load() {
		runtime.Goexit()
	}
	c.T.Fatalf(format, args...)
}

// Send sends each piece in a write of its own.
func (c *Conn) Send(pieces ...string) {
	c.T.Helper()
	for _, p := range pieces {
		c.NC.SetWriteDeadline(time.Now().Add(bound))
		if _, err := io.WriteString(c.NC, p); err != nil {
			c.fail("peer: send %q: %v", short(p), err)
		}
	}
}

// TrySend sends and tells whether it could: the other end may be gone.
func (c *Conn) TrySend(p string) bool {
	c.NC.SetWriteDeadline(time.Now().Add(bound))
	_, err := io.WriteString(c.NC, p)
	return err == nil
}

// Idle waits for the next bytes, however long that takes: a connection that is
// kept for later has no bound. false if it ends instead, as it does with the
// test.
func (c *Conn) Idle() bool {
	return len(c.buf) > 0 || c.read(time.Time{}) == nil
}

// more reads what comes next.
func (c *Conn) more() error { return c.read(time.Now().Add(bound)) }

func (c *Conn) read(until time.Time) error {
	var piece [32 << 10]byte
	c.NC.SetReadDeadline(until)
	n, err := c.NC.Read(piece[:])
	c.in.Add(int64(n))
	c.buf = append(c.buf, piece[:n]...)
	return err
}

func (c *Conn) take(n int) string {
	s := string(c.buf[:n])
	c.buf = append(c.buf[:0], c.buf[n:]...)
	return s
}

// Expect reads exactly the bytes of want.
func (c *Conn) Expect(want string) {
	c.T.Helper()
	if got := c.Read(len(want)); got != want {
		c.fail("peer: got %q, want %q", short(got), short(want))
	}
}

// Read reads n bytes.
func (c *Conn) Read(n int) string {
	c.T.Helper()
	for len(c.buf) < n {
		if err := c.more(); err != nil && len(c.buf) < n {
			c.fail("peer: %v after %q, %d bytes awaited", err, short(string(c.buf)), n)
		}
	}
	return c.take(n)
}

// TryRead is Read where the other end may end the connection instead: false,
// with what came before.
func (c *Conn) TryRead(n int) (string, bool) {
	for len(c.buf) < n {
		if err := c.more(); err != nil && len(c.buf) < n {
			return c.take(len(c.buf)), false
		}
	}
	return c.take(n), true
}

// Ahead is what has come and was not taken yet; with more it waits for further
// bytes first, false if the connection ends instead. It is for scripts that find
// out by what has come how much they are to take.
func (c *Conn) Ahead(more bool) (ahead string, ok bool) {
	if more {
		had := len(c.buf)
		if err := c.more(); err != nil && len(c.buf) == had {
			return string(c.buf), false
		}
	}
	return string(c.buf), true
}

// Until reads up to and including the first mark.
func (c *Conn) Until(mark string) string {
	c.T.Helper()
	s, ok := c.TryUntil(mark)
	if !ok {
		c.fail("peer: connection ended after %q, before %q", short(s), mark)
	}
	return s
}

// TryUntil is Until where the other end may end the connection instead: false,
// with what came before.
func (c *Conn) TryUntil(mark string) (string, bool) {
	from := 0
	for {
		if i := bytes.Index(c.buf[from:], []byte(mark)); i >= 0 {
			return c.take(from + i + len(mark)), true
		}
		from = max(0, len(c.buf)-len(mark))
		if err := c.more(); err != nil {
			return c.take(len(c.buf)), false
		}
	}
}

// Rest reads to the end of the connection; reset tells how it ended.
func (c *Conn) Rest() (got string, reset bool) {
	c.T.Helper()
	for {
		switch err := c.more(); {
		case err == nil:
		case err == io.EOF:
			return c.take(len(c.buf)), false
		case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
			return c.take(len(c.buf)), true
		default:
			c.fail("peer: no end after %q: %v", short(string(c.buf)), err)
		}
	}
}

// End expects the other end's FIN, and nothing before it.
func (c *Conn) End() {
	c.T.Helper()
	if got, reset := c.Rest(); got != "" || reset {
		c.fail("peer: got %q, reset %v, want the end", short(got), reset)
	}
}

// Gone waits for the connection's end, whichever, and drops what comes before.
func (c *Conn) Gone() {
	for c.more() == nil {
		c.buf = c.buf[:0]
	}
}

// Wait stalls until told.
func (c *Conn) Wait(told <-chan struct{}) {
	c.T.Helper()
	select {
	case <-told:
	case <-time.After(bound):
		c.fail("peer: not told to go on")
	}
}

// HalfClose sends a FIN and goes on reading.
func (c *Conn) HalfClose() { _ = c.NC.(*net.TCPConn).CloseWrite() }

// Close closes the connection.
func (c *Conn) Close() { c.NC.Close() }

// Cut resets the connection.
func (c *Conn) Cut() {
	_ = c.NC.(*net.TCPConn).SetLinger(0)
	c.NC.Close()
}

// Split cuts s into pieces of n bytes.
func Split(s string, n int) (pieces []string) {
	for len(s) > n {
		pieces, s = append(pieces, s[:n]), s[n:]
	}
	return append(pieces, s)
}

func short(s string) string {
	if len(s) <= 600 {
		return s
	}
	return s[:300] + strings.Repeat(".", 3) + s[len(s)-200:]
}
