package sock

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// covered is what can be seen of a connection that something wraps (TLS): its
// socket.
type covered struct {
	raw  syscall.RawConn
	in   readOp
	one  [1]byte
	used bool // a Roundtrip has gone over it
}

// coveredOf is the socket below nc, nil if it is none that can be looked at.
func coveredOf(nc net.Conn) *covered {
	w, ok := nc.(*tls.Conn) // of others it is not known what a read past the deadline does
	if !ok {
		return nil
	}
	raw := rawOf(w.NetConn())
	if raw == nil {
		return nil
	}
	b := &covered{raw: raw}
	b.in.run = b.in.step
	return b
}

// aside is how long Look waits for the wrapper to read what lies in its socket:
// it is there, so that is its work and no waiting.
const aside = time.Millisecond

// silent tells whether nothing has come, by the socket and by what the wrapper
// has read and not given yet. What it reads for itself (tickets of TLS, which
// come behind the greeting) is none of ours. It moves the read deadline, so
// nobody may wait or be woken meanwhile. A connection that is not silent has lost
// a byte, and cannot be used any more.
func (w *covered) silent(nc net.Conn) bool {
	until := longAgo
	switch _, err := w.in.do(w.raw, opPeek, nil); err {
	case ErrAgain:
	case nil:
		until = time.Now().Add(aside)
	default:
		return false
	}
	nc.SetReadDeadline(until)
	n, err := nc.Read(w.one[:])
	nc.SetReadDeadline(time.Time{})
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// stale tells whether anything has come since the last Roundtrip's end, by the
// socket alone: that can be done while a Wake may come, whose error it returns.
func (w *covered) stale() error {
	first := !w.used
	w.used = true
	if first {
		return nil // tickets may have come
	}
	switch _, err := w.in.do(w.raw, opPeek, nil); err {
	case ErrAgain:
		return nil
	case ErrWoken:
		return err
	}
	return ErrStale
}
