package thrift

import (
	"context"
	"net"
	"sync"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
	"sidecar/wire/patience"
)

// Dialer makes connections to backends.
type Dialer struct {
	// Dial makes the socket; net.Dialer's is the usual one.
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Encoding Encoding // what the backend speaks
	MaxFrame int      // bytes of a reply without its frame
	Buffers  *sock.Buffers
	Room     *sock.Room // for what fits in no pooled buffer

	// Classify says what a REPLY to a method meant by the beginning of its body,
	// which may be cut; nil: Success.
	Classify func(method []byte, p Protocol, body []byte) sidecar.Class

	// Count gives the counters of messages to and from an address; nil: nobody
	// counts.
	Count func(address string) (sent, received *varz.Counter)

	packing sync.Pool
}

// Connect dials address ("host:port" or "unix:/path").
func (d *Dialer) Connect(ctx context.Context, address string) (*Conn, error) {
	network, address := sock.Network(address)
	nc, err := d.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &Conn{d: d, c: sock.New(nc), means: means{d.Buffers, d.Room, &d.packing}}
	if d.Count != nil {
		c.calls, c.replies = d.Count(address)
	} else {
		c.calls, c.replies = new(varz.Counter), new(varz.Counter)
	}
	return c, nil
}

// Conn is one connection to a backend, used by one exchange at a time. It holds
// no buffer while it is idle.
type Conn struct {
	d     *Dialer
	c     *sock.Conn
	means means
	used  bool // an exchange has gone over it
	dead  bool // it cannot carry another

	calls, replies *varz.Counter

	// Of the exchange under way.
	x    *sidecar.Exchange
	call *Call
	rec  *sidecar.Try
	left int64  // of the client's time, 0 if it said none
	in   []byte // what has come of the reply is in[:n]
	n    int
	cut  cutter
	rep  Reply
	head [FrameHead]byte
	out  scratch // the request, where it is not sent as it came
	info scratch // its fields, where they are not as they came
	open scratch // the reply's payload, where it came transformed
}

// Status is Closed once the connection cannot carry another exchange. With
// look, the socket is asked too: one that has bytes or an end to tell while
// nobody asked it anything is not reused.
func (c *Conn) Status(look bool) sidecar.Status {
	if c.dead || look && !c.c.Look() {
		return sidecar.Closed
	}
	return sidecar.Open
}

// Close closes the connection.
func (c *Conn) Close() { c.c.Close() }

// Do sends the exchange's call and hands its reply to the call's Replier.
func (c *Conn) Do(_ context.Context, x *sidecar.Exchange) error {
	left, f := patience.Left(x)
	if f != nil {
		return f
	}
	c.x, c.call, c.rec, c.left = x, x.Msg.(*Call), x.Tries.Last(), left
	// Dead until proved otherwise: every early return leaves the connection
	// in a state nobody should build on.
	c.dead = true
	f = c.do()
	c.release()
	c.used = true
	// What could not be looked at before the next; and through TLS that look does
	// not see what has been read of the socket.
	c.dead = c.dead || !c.c.Raw() && !(c.c.Looks() && c.c.Look())
	if f != nil {
		return f
	}
	return nil
}

func (c *Conn) do() *sidecar.Fault {
	call := c.call
	call.class = sidecar.NoClass
	a, b, f := c.request()
	if f != nil {
		c.dead = false // nothing was done with it
		return f
	}
	c.in = c.d.Buffers.Large()
	if call.silent() {
		return c.post(a, b)
	}
	if f := c.send(a, b); f != nil {
		return f
	}
	c.out.give(c.means)
	return c.receive()
}

// release gives back what the exchange held.
func (c *Conn) release() {
	if c.in != nil {
		c.d.Room.Give(c.d.Buffers, c.in)
	}
	c.out.give(c.means)
	c.info.give(c.means)
	c.open.give(c.means)
	c.x, c.call, c.rec, c.in, c.n, c.rep = nil, nil, nil, nil, 0, Reply{}
}
