package resp

import (
	"context"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/shared"
)

// DefaultMaxReply is the most bytes of the replies to one call where nothing
// else is configured.
const DefaultMaxReply = 64 << 20

// maxCalls is how many calls one connection carries at once, those that were
// given up included. Whoever comes beyond is turned away.
const maxCalls = 1 << 16

// Conn is a connection to a server that carries the calls of many clients. The
// server answers in the order of what was sent, and that is all that tells which
// reply is whose.
type Conn struct {
	dialer  *Dialer
	core    *shared.Conn
	traffic traffic
	set     *DialSettings // of when it was made
	in      inbound

	refuses *refusal // every call: nothing else of it is there
	until   int64    // and so long
}

// share makes a connection of a socket that was greeted.
func (d *Dialer) share(s *sock.Conn, set *DialSettings, t traffic, rest []byte) *Conn {
	c := &Conn{dialer: d, traffic: t, set: set}
	c.core = shared.New(shared.Params{
		Sock: s, Rest: rest, Wheel: d.params.Wheel, Buffers: d.params.Buffers, Room: d.params.Room,
		Now: d.params.Now, Most: maxCalls, InOrder: true,
	}, c)
	d.mu.Lock()
	d.conns[c] = true
	d.mu.Unlock()
	c.core.Start()
	return c
}

// Status is Busy while too much waits to be written, Closed once the connection
// has ended or was made by settings that count no more. Hot.
func (c *Conn) Status(bool) sidecar.Status {
	if c.refuses != nil {
		return c.refused()
	}
	if c.dialer.outdated(c.set) {
		return sidecar.Closed
	}
	return c.core.Status()
}

// Close ends the connection.
func (c *Conn) Close() {
	if c.refuses != nil {
		return
	}
	c.core.Close()
	c.dialer.forget(c)
}

// Do sends the exchange's call and gives its replies to where it came from. Hot.
func (c *Conn) Do(_ context.Context, x *sidecar.Exchange) error {
	if c.refuses != nil {
		return noRESP3(c.refuses)
	}
	call := x.Msg.(*Call)
	call.class = sidecar.NoClass
	s, f := c.core.Reserve()
	if f != nil {
		return f
	}
	s.Awaited = call.Awaited
	if f := c.core.Send(x, s, call.Requests, nil); f != nil {
		return c.core.Leave(s, nil, f)
	}
	if t := x.Tries.Last(); t != nil {
		t.Out += int64(len(call.Requests))
	}
	c.traffic.sent.Add(uint64(call.Awaited))
	if f := c.core.Await(x, s, nil); f != nil {
		return f
	}
	c.traffic.received.Add(uint64(call.Awaited))
	if t := x.Tries.Last(); t != nil {
		t.In += int64(len(s.Buf))
	}
	f = call.answer(x, s.Buf, s.Mark)
	c.core.Free(s)
	if f != nil {
		return f
	}
	return nil
}

// Tend has nothing to do: a server is asked nothing of its own.
func (c *Conn) Tend(int64) int64 { return 0 }
