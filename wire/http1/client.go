package http1

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// Dialer makes connections to backends.
type Dialer struct {
	// Dial makes the socket; net.Dialer's is the usual one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Connect dials address ("host:port" or "unix:/path").
func (d *Dialer) Connect(ctx context.Context, address string) (*Conn, error) {
	network, address := sock.Network(address)
	nc, err := d.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &Conn{c: sock.New(nc), authority: address}
	if network == "unix" {
		c.authority = "localhost" // a path is no host
	}
	return c, nil
}

// Conn is one connection to a backend, used by one exchange at a time.
type Conn struct {
	c         *sock.Conn
	authority string // Host of a request that brings none
	used      bool   // an exchange has gone over it
	dead      bool   // it cannot carry another
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

// Do sends the exchange's request and writes the reply through to its client.
func (c *Conn) Do(_ context.Context, x *sidecar.Exchange) error {
	m := x.Msg.(*message)
	left, f := patience.Left(x)
	if f != nil {
		return f
	}
	m.attach(c.c, x.Hedge != nil)
	t := &m.try
	t.begin(c, x, m)
	t.left = left
	// Dead until proved otherwise: every early return leaves the connection
	// in a state nobody should build on.
	c.dead = true
	f = t.do()
	t.pump.stop()
	t.sentBytes(int(t.pump.out))
	m.detach()
	c.used = true
	// What could not be looked at before the next; and through TLS that look does
	// not see what has been read of the socket.
	c.dead = c.dead || !c.c.Raw() && !(c.c.Looks() && c.c.Look())
	if f != nil {
		return f
	}
	return nil
}

// try is one exchange over one connection. It lies in its message, so that
// trying allocates nothing.
type try struct {
	c    *Conn
	x    *sidecar.Exchange
	m    *message
	pump pump
	rec  *sidecar.Try
	body body
	n    int   // bytes of the reply in m.repBuf
	part int   // of them, those of the body that came with the head
	left int64 // see origin
	cut  bool  // the backend took part of the request and no more
}

func (t *try) begin(c *Conn, x *sidecar.Exchange, m *message) {
	t.c, t.x, t.m, t.rec, t.n, t.cut = c, x, m, x.Tries.Last(), 0, false
	t.pump = pump{m: m, x: x, done: t.pump.done}
}

func (t *try) do() *sidecar.Fault {
	m := t.m
	m.rep.reset()
	if m.repBuf == nil {
		m.repBuf = m.srv.bufs.Large()
	}
	if f := t.send(); f != nil {
		return f
	}
	if f := t.readHead(); f != nil {
		return f
	}
	if t.rec != nil {
		t.rec.Code = m.rep.status // for the record, where the reply goes out as it came
		t.rec.After = m.rep.after(m.repBuf)
	}
	if m.rep.status == 101 {
		return t.tunnel()
	}
	class := m.rep.class()
	if f := t.frame(nil); f != nil {
		return f
	}
	if !t.x.Commit(class) {
		t.drain()
		return t.withheld(class)
	}
	m.shared = false // no other writes to the client any more
	if m.ch.tap != nil {
		if instead := t.show(); instead != nil {
			return t.replace(instead)
		}
	}
	return t.deliver()
}

// withheld is the fault of a reply that Commit did not let out: it is a failure,
// or else came second.
func (t *try) withheld(class sidecar.Class) *sidecar.Fault {
	f := &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: class, Code: t.m.rep.status}
	if !t.x.Hold.Has(class) && (class == sidecar.Success || class == sidecar.ClientError) {
		f.Reason = sidecar.HedgeLost
	}
	return f
}

// readHead reads the reply's head, passing 1xx on as they come.
func (t *try) readHead() *sidecar.Fault {
	m := t.m
	for informal := 0; ; {
		done, bad := m.rep.parse(m.repBuf[:t.n], &m.req)
		switch {
		case bad != nil:
			return t.badReply(bad)
		case !done:
			if t.n == len(m.repBuf) && !m.growReply() {
				return t.badReply(errReplyHeadSize)
			}
			if f := t.read(t.n); f != nil {
				return f
			}
			continue
		case !m.rep.isInformal():
			return nil
		}
		if informal++; informal > maxInformal {
			return t.badReply(errInformal)
		}
		if m.req.minor > 0 && !m.shared {
			// RFC 9110, 15.2: "A proxy MUST forward 1xx responses"; a client
			// of HTTP/1.0 knows none. Where another may answer, none is this
			// request's alone.
			if f := t.toClient(t.replyHead(toClient{}), nil); f != nil {
				return f
			}
			if t.pump.finished() {
				t.x.Settled()
			}
		}
		t.n = copy(m.repBuf, m.repBuf[m.rep.end:t.n])
		m.rep.reset()
	}
}

// replyHead makes the head that goes to the client.
func (t *try) replyHead(to toClient) []byte {
	m := t.m
	to.date = m.srv.dates.Text(t.x.Now())
	return appendReply(m.heads(m.rep.end+headSlack+m.ch.replyRoom()), m.repBuf, &m.rep, to)
}

// growReply makes room for a reply head of maxReplyHead bytes.
func (m *message) growReply() bool {
	if len(m.repBuf) >= maxReplyHead {
		return false
	}
	b := make([]byte, maxReplyHead)
	copy(b, m.repBuf)
	m.srv.bufs.Put(m.repBuf)
	m.repBuf = b
	return true
}

// read waits for more bytes of the reply and puts them at repBuf[at:].
func (t *try) read(at int) *sidecar.Fault {
	if !t.x.Block(t.m) {
		return t.interrupted(sidecar.StageRead, 0)
	}
	n, err := t.c.c.Read(t.m.repBuf[at:])
	cause := t.x.Unblock()
	t.n = at
	t.got(n, nil)
	switch {
	case cause != sidecar.NoCause:
		return t.faultOf(cause, 1)
	case err != nil:
		return t.ended(sidecar.StageRead, 0, err)
	}
	return nil
}

// toClient writes a and then b to the client, at its pace.
func (t *try) toClient(a, b []byte) *sidecar.Fault {
	n, err := t.m.client.TryWrite(a, b)
	t.m.sent += int64(n)
	if err == sock.ErrAgain {
		k := min(n, len(a))
		a, b = a[k:], b[n-k:]
		t.x.Moved(t.x.Now()) // no timeout stands behind a committed reply
		if !t.x.Block(t.m) {
			return t.untaken(t.x.Unblock())
		}
		n, err = t.m.client.Write(a, b)
		t.m.sent += int64(n)
		if cause := t.x.Unblock(); cause != sidecar.NoCause {
			return t.untaken(cause)
		}
	}
	if err != nil {
		return untakable(err)
	}
	return nil
}

// untakable is the fault of a client that cannot take more.
func untakable(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft, Err: err}
}

// untaken is the fault of a wait for the client to take more that cause ended.
// A client that takes nothing says nothing about the endpoint, whose bytes have
// come; the end of the grace says nothing about the client.
func (t *try) untaken(cause sidecar.Cause) *sidecar.Fault {
	f := t.faultOf(cause, 1)
	f.Stage = sidecar.StageWrite
	if f.Reason == sidecar.StalledOut {
		f.Flags |= sidecar.FromClient
	}
	return f
}

// interrupted is the fault of a Block that was refused.
func (t *try) interrupted(s sidecar.Stage, fl sidecar.Flags) *sidecar.Fault {
	f := t.faultOf(t.x.Unblock(), 1)
	f.Stage = s
	f.Flags |= fl
	return f
}

// faultOf is the fault of a wait that cause ended. What the pump found wrong
// with the client says more than the cause it interrupted with.
func (t *try) faultOf(cause sidecar.Cause, wrote int) *sidecar.Fault {
	t.pump.stop()
	if t.pump.client != nil {
		return t.pump.client
	}
	f := cause.Fault(sidecar.StageRead)
	if wrote == 0 {
		f.Stage = sidecar.StageWrite
		f.Flags |= sidecar.Unsent
	}
	if cause == sidecar.Stalled && t.pump.awaits {
		f.Flags |= sidecar.FromClient
	}
	return f
}

// ended is the fault of a backend that closed or reset before its reply's end.
// The system tells a reset once: when the pump's write has met it, the read
// that follows looks like an orderly end.
func (t *try) ended(s sidecar.Stage, fl sidecar.Flags, err error) *sidecar.Fault {
	if err == io.EOF {
		t.pump.stop()
		if wasReset(t.pump.err) {
			err = t.pump.err
		}
	}
	reason := sidecar.PeerClosed
	if sock.IsReset(err) {
		reason = sidecar.PeerReset
	}
	return &sidecar.Fault{Stage: s, Flags: fl, Reason: reason, Err: err}
}

// wasReset tells a reset from what a write meets behind an orderly end (EPIPE).
func wasReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

func (t *try) badReply(p *problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: p}
}

func (t *try) sentBytes(n int) {
	if t.rec != nil {
		t.rec.Out += int64(n)
	}
}

func (t *try) got(n int, err error) {
	if err == nil {
		t.n += n
		if t.rec != nil {
			t.rec.In += int64(n)
		}
	}
}
