package sock

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrAgain is returned by the calls that do not wait when they would have to.
var ErrAgain = errors.New("sock: would block")

// ErrStale is returned by Roundtrip when the connection was closed, or had
// bytes nobody asked for, before anything was written.
var ErrStale = errors.New("sock: connection closed or dirty before use")

// ErrWoken is returned by a wait that Wake ended, and wrapped in nothing.
var ErrWoken = os.ErrDeadlineExceeded

// unwrapped is err as callers compare it: packages below tell of an end by Wake
// within errors of their own.
func unwrapped(err error) error {
	if err != nil && errors.Is(err, ErrWoken) {
		return ErrWoken
	}
	return err
}

// maxCall is the most bytes one raw system call moves: a RawSyscall holds its
// P, and with it everybody else on it. It must fit one segment: the loopback's
// hold 65483 bytes in 17 parts of pages, so 64 KiB would go as a whole one and
// one of 53 bytes. A body so cut costs up to three times the CPU, and calls of
// several segments save nothing (BenchmarkRelay).
const maxCall = 60 << 10

// Conn is a stream connection. One goroutine may read and one may write at a
// time; Wake may be called by any. The zero Conn is not usable, see New.
type Conn struct {
	nc    net.Conn
	raw   syscall.RawConn // nil: the net.Conn path
	below *covered        // of the net.Conn path: the socket, nil if it cannot be looked at
	woken atomic.Bool
	alone atomic.Bool // the reader alone was woken
	other atomic.Bool // the writer alone was woken
	in    readOp
	out   writeOp
	// kept is what Peek has read on the net.Conn path, to be read again.
	kept []byte
}

// New takes over nc. TCP connections and Unix stream sockets of Linux take the
// raw path, everything else goes through net.Conn. What cannot be looked at
// (see Look) before it is used again must not be used again, so as many kinds
// of connection as can take the raw path.
func New(nc net.Conn) *Conn {
	c := &Conn{nc: nc}
	if raw := rawOf(nc); raw != nil {
		c.raw = raw
		c.in.run = c.in.step
		c.out.run = c.out.step
		_, tcp := nc.(*net.TCPConn)
		c.out.bounded = !tcp // a Unix socket has no such bound
		return c
	}
	c.below = coveredOf(nc)
	return c
}

func rawOf(nc net.Conn) syscall.RawConn {
	var s syscall.Conn
	switch t := nc.(type) {
	case *net.TCPConn:
		s = t
	case *net.UnixConn:
		if t.LocalAddr().Network() == "unix" {
			s = t
		}
	}
	if s == nil || !rawSupported {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// NetConn is the connection New took over. Callers may ask it for addresses
// and must not read, write or set deadlines.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Raw tells whether raw system calls are used.
func (c *Conn) Raw() bool { return c.raw != nil }

// Read waits until there are bytes or the end (io.EOF). It always tries before
// it waits: a FIN that came together with the last bytes gives no second edge,
// and a wait without a try would sleep through it.
func (c *Conn) Read(p []byte) (int, error) {
	if c.raw == nil {
		if len(c.kept) > 0 {
			n := copy(p, c.kept)
			if c.kept = c.kept[n:]; len(c.kept) == 0 {
				c.kept = nil
			}
			return n, nil
		}
		n, err := c.nc.Read(p)
		return n, unwrapped(err)
	}
	return c.in.do(c.raw, opRead, p)
}

// Peek waits until more than have bytes are there, or the end, and gives what is
// there, as far as p takes it, which is more than have. The bytes can still be
// read. It is for the first bytes of a connection: on the net.Conn path it reads
// and keeps them.
func (c *Conn) Peek(p []byte, have int) (int, error) {
	if c.raw != nil {
		c.in.most = have
		return c.in.do(c.raw, opAhead, p)
	}
	for len(c.kept) <= have {
		at := len(c.kept)
		kept := append(c.kept, make([]byte, len(p)-at)...)
		n, err := c.nc.Read(kept[at:])
		c.kept = kept[:at+n]
		if n == 0 && err != nil {
			return 0, unwrapped(err)
		}
	}
	return copy(p, c.kept), nil
}

// TryRead reads what is there without waiting, ErrAgain if nothing is. On the
// net.Conn path it cannot know and always answers ErrAgain.
func (c *Conn) TryRead(p []byte) (int, error) {
	if c.raw == nil {
		return 0, ErrAgain
	}
	return c.in.do(c.raw, opTry, p)
}

// WaitRead waits until there is something to read (bytes or the end) and takes
// none of it, so that no buffer is held meanwhile. An error of the connection
// is returned here and only here: the system tells it once, and a Read after a
// reset would take it for a clean end. On the net.Conn path it returns at once.
func (c *Conn) WaitRead() error {
	if c.raw == nil {
		return nil
	}
	_, err := c.in.do(c.raw, opWait, nil)
	return err
}

// Roundtrip looks whether the connection is still good, writes a and then b
// and waits for the first bytes of the answer, in as few system calls as that
// takes. The look is what makes a reused connection safe: ErrStale proves that
// nothing was written; n tells how many unasked bytes were found instead. When
// wrote is less than all with a nil error, the socket's buffer is full: write
// the rest with Write, then Read.
func (c *Conn) Roundtrip(a, b, in []byte) (wrote, n int, err error) {
	if c.raw == nil {
		if c.below != nil {
			if err := c.below.stale(); err != nil {
				return 0, 0, err
			}
		}
		wrote, err = c.Write(a, b)
		if err != nil {
			return wrote, 0, err
		}
		n, err = c.nc.Read(in)
		return wrote, n, unwrapped(err)
	}
	c.in.wrote, c.in.a, c.in.b = 0, a, b
	n, err = c.in.do(c.raw, opRoundtrip, in)
	c.in.a, c.in.b = nil, nil
	return c.in.wrote, n, err
}

// TryWrite writes a and then b as far as the socket takes them without
// waiting: ErrAgain with the count if that was not all.
func (c *Conn) TryWrite(a, b []byte) (int, error) {
	if c.raw == nil {
		return 0, ErrAgain
	}
	return c.out.do(c.raw, a, b, false)
}

// Write writes all of a and then b, waiting as needed.
func (c *Conn) Write(a, b []byte) (int, error) {
	if c.raw == nil {
		n, err := c.nc.Write(a)
		if err == nil && len(b) > 0 {
			var m int
			m, err = c.nc.Write(b)
			n += m
		}
		return n, unwrapped(err)
	}
	return c.out.do(c.raw, a, b, true)
}

// Looks tells whether Look can tell. Where it cannot, bytes that came late for
// one exchange would be taken for the next one's, so such connections carry one
// exchange only.
func (c *Conn) Looks() bool { return c.raw != nil || c.below != nil }

// Look tells whether the connection is open and silent, as an idle one must
// be: one system call, no bytes taken. Through TLS it takes a few more, and
// nobody may wait or be woken meanwhile. Other connections cannot tell and answer
// true, see Looks.
func (c *Conn) Look() bool {
	switch {
	case c.raw == nil && c.below == nil:
		return true
	case c.raw == nil:
		return len(c.kept) == 0 && c.below.silent(c.nc)
	}
	_, err := c.in.do(c.raw, opPeek, nil)
	return err == ErrAgain
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// Wake ends the present wait of reader and writer, and every later one until
// Rearm, with ErrWoken. Any goroutine may call it at any time.
func (c *Conn) Wake() {
	c.woken.Store(true)
	c.nc.SetDeadline(longAgo)
}

// Rearm undoes Wake. The owner calls it when no Wake can be in progress.
func (c *Conn) Rearm() {
	if c.woken.Load() {
		c.woken.Store(false)
		c.nc.SetDeadline(time.Time{})
	}
}

// WakeRead ends the present wait of the reader alone, and every later one until
// RearmRead: for who reads a connection on which others write. A connection is
// woken by this or by Wake, not by both.
func (c *Conn) WakeRead() {
	c.alone.Store(true)
	c.nc.SetReadDeadline(longAgo)
}

// RearmRead undoes WakeRead. The reader calls it when no WakeRead can be in
// progress.
func (c *Conn) RearmRead() {
	if c.alone.Load() {
		c.alone.Store(false)
		c.nc.SetReadDeadline(time.Time{})
	}
}

// WakeWrite and RearmWrite are WakeRead and RearmRead for the writer.
func (c *Conn) WakeWrite() {
	c.other.Store(true)
	c.nc.SetWriteDeadline(longAgo)
}

// RearmWrite undoes WakeWrite.
func (c *Conn) RearmWrite() {
	if c.other.Load() {
		c.other.Store(false)
		c.nc.SetWriteDeadline(time.Time{})
	}
}

// Close closes the connection in the ordinary way.
func (c *Conn) Close() error { return c.nc.Close() }

// CloseWrite sends a FIN and leaves the reading side open.
func (c *Conn) CloseWrite() error {
	if h, ok := c.nc.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.New("sock: connection has no half-close")
}

// Abort closes with a reset, so that the peer cannot take what it has read for
// the whole. What wraps a connection (TLS) is passed by: its Close would say
// goodbye in good order. Connections that know no reset are closed.
func (c *Conn) Abort() error {
	nc := c.nc
	for {
		w, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		nc = w.NetConn()
	}
	if t, ok := nc.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // fails on a closed connection only
	}
	return nc.Close()
}

// IsReset tells whether err is the peer's reset, as opposed to its FIN
// (io.EOF) or something of ours.
func IsReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// IsEnd tells whether err is the peer's doing: its FIN or its reset.
func IsEnd(err error) bool { return err == io.EOF || IsReset(err) }
