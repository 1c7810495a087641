package thrift

import "sidecar"

// unheard is the end of a new connection on which the backend answered nothing:
// what a server does that is spoken to in an encoding that it does not know.
type unheard struct {
	spoken Encoding
	err    error
}

func (u *unheard) Error() string { return u.err.Error() + ": " + u.Told() }

// Unwrap is how the connection ended.
func (u *unheard) Unwrap() error { return u.err }

// Told is for the caller, too: it names no backend.
func (u *unheard) Told() string {
	return "the backend ended a new connection without an answer: does it speak " +
		u.spoken.Transport.String() + " " + u.spoken.Protocol.String() + ", as thrift of the upstream says?"
}

// doubted is the fault f of a read; on a connection that nothing has come over
// yet it says what may be wrong.
func (c *Conn) doubted(f *sidecar.Fault) *sidecar.Fault {
	if !c.used && c.n == 0 {
		f.Err = &unheard{c.d.Encoding, f.Err}
	}
	return f
}
