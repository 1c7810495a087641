//go:build linux && (amd64 || arm64)

package sock

import (
	"io"
	"syscall"
)

// splice runs one SpliceIn through the poller.
func (o *readOp) splice(raw syscall.RawConn, p *Pipe, n int) (int, error) {
	o.pipe, o.most = p, n
	n, err := o.do(raw, opSplice, nil)
	o.pipe = nil
	return n, err
}

// intoPipe tries before it asks to wait, as read does and for its reason. The
// pipe is empty, so EAGAIN speaks of the socket.
func (o *readOp) intoPipe(fd uintptr) bool {
	n, e := sysSplice(int(fd), o.pipe.w, o.most)
	switch e {
	case 0:
		if n == 0 {
			o.err = io.EOF
		}
		o.n, o.pipe.held = n, n
	case syscall.EAGAIN:
		return false
	case syscall.EINVAL, syscall.ENOSYS, syscall.EPERM:
		// The socket cannot, the system has no such call, or a filter of calls
		// forbids it. A connection's own errors, which are told once, are others.
		o.err = ErrNoSplice
	default:
		o.err = e
	}
	return true
}

// splice runs one SpliceOut or TrySpliceOut through the poller.
func (o *writeOp) splice(raw syscall.RawConn, p *Pipe, wait bool) (int, error) {
	o.pipe = p
	n, err := o.do(raw, nil, nil, wait)
	o.pipe = nil
	return n, err
}

// fromPipe asks for no more than the pipe holds, so EAGAIN speaks of the
// socket. A peer that is gone raises SIGPIPE here, which send can turn off and
// splice cannot; the runtime ignores it on sockets and EPIPE is told as well.
func (o *writeOp) fromPipe(fd uintptr) bool {
	for p := o.pipe; p.held > 0; {
		n, e := sysSplice(p.r, int(fd), p.held)
		switch {
		case e == syscall.EAGAIN && o.wait:
			return false
		case e == syscall.EAGAIN:
			o.err = ErrAgain
			return true
		case e != 0:
			o.err = e
			return true
		case n == 0: // never seen; without this the loop would not end
			o.err = io.ErrNoProgress
			return true
		}
		o.wrote(fd, n)
		p.held -= n
	}
	return true
}
