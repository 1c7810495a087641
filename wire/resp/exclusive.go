package resp

import (
	"context"
	"errors"

	"sidecar"
	"sidecar/sock"
)

// Exclusive is a connection to a server that one exchange at a time has to
// itself: a Call that is too large to go between others, or a Talk. It holds no
// buffer while it is idle.
type Exclusive struct {
	dialer  *Dialer
	set     *DialSettings // of when it was made
	sock    *sock.Conn
	version Version // that the server speaks on it
	traffic traffic
	used    bool // an exchange has gone over it
	dead    bool // it cannot carry another
	due     due  // what the server has yet to answer before the next
	anew    greeting
	anewOf  Version // that it was made for, see reset

	// in[:n] is what was read and not used; nil while there is none.
	in []byte
	n  int
}

// Status is Closed once the connection cannot carry another exchange. With
// look, the socket is asked too: the answers to its cleaning may be there, and
// nothing else.
func (c *Exclusive) Status(look bool) sidecar.Status {
	switch {
	case c.dead, c.dialer.outdated(c.set):
		return sidecar.Closed
	case !look:
	case c.due.open():
		if !c.heard() {
			c.unclean()
			return sidecar.Closed
		}
	case !c.sock.Look():
		return sidecar.Closed
	}
	return sidecar.Open
}

// Close closes the connection.
func (c *Exclusive) Close() {
	c.free()
	c.sock.Close()
}

// Do performs a Call or a Talk.
func (c *Exclusive) Do(_ context.Context, x *sidecar.Exchange) error {
	// Dead until proved otherwise: every early return leaves the connection in
	// a state that nobody should build on.
	c.dead = true
	var f *sidecar.Fault
	switch m := x.Msg.(type) {
	case *Call:
		m.class = sidecar.NoClass
		f = c.call(x, m)
	case *Talk:
		m.class = sidecar.NoClass
		f = c.talk(x, m)
	default:
		f = &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.Internal, Err: errMessage}
	}
	c.used = true
	// What could not be looked at before the next; and through TLS that look does
	// not see what has been read of the socket.
	if !c.dead && !c.sock.Raw() {
		c.dead = !c.sock.Looks() || !c.due.open() && !c.sock.Look()
	}
	if c.dead || c.n == 0 {
		c.free()
	}
	if f != nil {
		return f
	}
	return nil
}

var errMessage = errors.New("a message of another protocol")

// talk gives the connection to the client's side, and cleans it.
func (c *Exclusive) talk(x *sidecar.Exchange, t *Talk) *sidecar.Fault {
	if f := c.ready(x, t.Version); f != nil {
		return f
	}
	if !c.sock.Look() {
		return c.stale(0)
	}
	clean, f := t.Relay.Relay(x, c)
	if clean && c.n == 0 {
		c.clean(x)
	}
	return f
}

// call sends a call and gives its replies on.
func (c *Exclusive) call(x *sidecar.Exchange, call *Call) *sidecar.Fault {
	if f := c.ready(x, call.Version); f != nil {
		return f
	}
	c.hold()
	if f := c.send(x, call.Requests); f != nil {
		return f
	}
	c.traffic.sent.Add(uint64(call.Awaited))
	return c.receive(x, call)
}

// hold takes a buffer to read into, if there is none.
func (c *Exclusive) hold() {
	if c.in == nil {
		c.in = c.dialer.params.Buffers.Large()
	}
}

// free gives it back.
func (c *Exclusive) free() {
	if c.in != nil {
		c.dialer.params.Room.Give(c.dialer.params.Buffers, c.in)
	}
	c.in, c.n = nil, 0
}

// use takes the first bytes out of what was read.
func (c *Exclusive) use(size int) { c.n = copy(c.in, c.in[size:c.n]) }
