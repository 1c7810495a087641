//go:build linux && (amd64 || arm64)

package sock

import (
	"io"
	"syscall"
)

const rawSupported = true

type opKind uint8

const (
	opRead      opKind = iota // read, waiting as needed
	opTry                     // read without waiting
	opWait                    // wait until readable, take nothing
	opPeek                    // is it silent and open? never waits
	opRoundtrip               // look, write, wait, read
	opSplice                  // move into a pipe, waiting as needed
	opAhead                   // wait until there is more than so much, take nothing
)

// readOp is the read side of a connection: the arguments and results of the
// call under way, and the one callback that the poller runs it through (made
// once: a closure a call would allocate).
type readOp struct {
	run   func(fd uintptr) bool
	buf   []byte
	a, b  []byte // what opRoundtrip sends
	pipe  *Pipe  // where opSplice moves to
	most  int    // how much it moves
	n     int
	wrote int
	err   error
	kind  opKind
	sent  bool
}

// do runs one operation. RawConn.Read forgets earlier readiness before it
// calls step, and step reads before it asks to wait, so no edge is lost.
func (o *readOp) do(raw syscall.RawConn, kind opKind, p []byte) (int, error) {
	o.kind, o.buf, o.n, o.err, o.sent = kind, p, 0, nil, false
	err := raw.Read(o.run)
	o.buf = nil
	if err != nil {
		return 0, unwrapped(err)
	}
	return o.n, o.err
}

// step is called with the descriptor held; false means "wait, then call again".
func (o *readOp) step(fd uintptr) bool {
	switch o.kind {
	case opRead:
		return o.read(fd)
	case opTry:
		if !o.read(fd) {
			o.err = ErrAgain
		}
		return true
	case opWait, opPeek:
		return o.peek(fd)
	case opSplice:
		return o.intoPipe(fd)
	case opAhead:
		return o.ahead(fd)
	default:
		return o.roundtrip(fd)
	}
}

func (o *readOp) read(fd uintptr) bool {
	n, e := sysRecv(fd, clip(o.buf), 0)
	switch {
	case e == syscall.EAGAIN:
		return false
	case e != 0:
		o.err = e
	case n == 0 && len(o.buf) > 0:
		o.err = io.EOF
	default:
		o.n = n
	}
	return true
}

func (o *readOp) peek(fd uintptr) bool {
	var b [1]byte
	_, e := sysRecv(fd, b[:], syscall.MSG_PEEK)
	switch {
	case e == syscall.EAGAIN && o.kind == opWait:
		return false
	case e == syscall.EAGAIN:
		o.err = ErrAgain
	case e != 0:
		o.err = e
	}
	return true
}

// ahead reads more than o.most bytes and leaves them where they are. What is
// there already makes no edge, so the wait is for what comes behind it. An end
// behind it makes one edge that shows nothing new: the wait goes on, and its
// owner's time ends it.
func (o *readOp) ahead(fd uintptr) bool {
	n, e := sysRecv(fd, clip(o.buf), syscall.MSG_PEEK)
	switch {
	case e == syscall.EAGAIN:
		return false
	case e != 0:
		o.err = e
	case n == 0:
		o.err = io.EOF
	case n <= o.most:
		return false
	default:
		o.n = n
	}
	return true
}

// roundtrip: the read before the write proves that the connection is alive
// and clean, and leaves the poller armed so that the answer's edge is seen.
func (o *readOp) roundtrip(fd uintptr) bool {
	if o.sent {
		return o.read(fd)
	}
	if !o.read(fd) {
		n, e := sendBoth(fd, o.a, o.b)
		if e == 0 {
			o.wrote = n
			o.sent = n == len(o.a)+len(o.b)
			return !o.sent
		}
		if e != syscall.EAGAIN {
			o.err = e
		}
		return true
	}
	o.err = ErrStale
	return true
}

// writeOp is the write side.
type writeOp struct {
	run  func(fd uintptr) bool
	a, b []byte
	pipe *Pipe // what is in it is written instead of a and b
	n    int
	err  error
	wait bool

	bounded bool  // what it may keep unsent is bounded, or cannot be
	total   int32 // bytes written before that
}

func (o *writeOp) do(raw syscall.RawConn, a, b []byte, wait bool) (int, error) {
	o.a, o.b, o.n, o.err, o.wait = a, b, 0, nil, wait
	err := raw.Write(o.run)
	o.a, o.b = nil, nil
	if err != nil {
		return o.n, unwrapped(err)
	}
	return o.n, o.err
}

func (o *writeOp) step(fd uintptr) bool {
	if o.pipe != nil {
		return o.fromPipe(fd)
	}
	for len(o.a)+len(o.b) > 0 {
		n, e := sendBoth(fd, o.a, o.b)
		if e == syscall.EAGAIN {
			if o.wait {
				return false
			}
			o.err = ErrAgain
			return true
		}
		if e != 0 {
			o.err = e
			return true
		}
		o.wrote(fd, n)
		k := min(n, len(o.a))
		o.a, o.b = o.a[k:], o.b[n-k:]
	}
	return true
}

// sendBoth makes one call for what is left of a and b, a not too long one.
func sendBoth(fd uintptr, a, b []byte) (int, syscall.Errno) {
	switch {
	case len(a) == 0:
		return sysSend(fd, clip(b))
	case len(b) == 0 || len(a) >= maxCall:
		return sysSend(fd, clip(a))
	default:
		return sysSend2(fd, a, b[:min(len(b), maxCall-len(a))])
	}
}

func clip(p []byte) []byte {
	if len(p) > maxCall {
		return p[:maxCall]
	}
	return p
}
