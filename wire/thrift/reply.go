package thrift

import (
	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// Reply writes a reply to the client, see Replier.
func (t *turn) Reply(x *sidecar.Exchange, r *Reply) *sidecar.Fault {
	m := parcel(*r)
	first, second, p := m.write(t.call.Encoding, t.srv.set.Load().MaxFrame, t.srv.means, &t.head, &t.out)
	if p != nil {
		return badReply(p) // nothing has gone: the client is told
	}
	f := t.write(x, first, second)
	t.out.give(t.srv.means)
	return f
}

// Takes tells whether the client is spoken to in e, see Streamer. Where others
// write to it, too, none keeps them waiting for its backend.
func (t *turn) Takes(e Encoding) bool { return t.gate == nil && t.call.Encoding == e }

// Piece writes the next bytes of a reply, see Streamer.
func (t *turn) Piece(x *sidecar.Exchange, p []byte) *sidecar.Fault { return t.write(x, p, nil) }

// write writes p and then q to the client, at its pace, when its turn has come.
func (t *turn) write(x *sidecar.Exchange, p, q []byte) *sidecar.Fault {
	if t.gate == nil {
		return t.put(x, p, q)
	}
	if f := t.gate.enter(x, &t.pass); f != nil {
		return f
	}
	f := t.put(x, p, q)
	t.gate.leave(f != nil)
	return f
}

// put writes p and then q: both at once where the socket takes them, else piece
// by piece, and each that it takes puts the stall off.
func (t *turn) put(x *sidecar.Exchange, p, q []byte) *sidecar.Fault {
	n, err := t.cl.c.TryWrite(p, q)
	t.wrote += int64(n)
	if err == nil {
		return nil
	}
	if err != sock.ErrAgain {
		return untakable(err)
	}
	k := min(n, len(p))
	p, q = p[k:], q[n-k:]
	for len(p)+len(q) > 0 {
		first := p[:min(len(p), patience.MaxPiece)]
		second := q[:min(len(q), patience.MaxPiece-len(first))]
		x.Moved(x.Now())
		if !x.Block(writeSide{t.cl.c}) {
			return t.untaken(x)
		}
		n, err := t.cl.c.Write(first, second)
		t.wrote += int64(n)
		if f := t.untaken(x); f != nil {
			return f
		}
		if err != nil {
			return untakable(err)
		}
		p, q = p[len(first):], q[len(second):]
	}
	x.Settled()
	return nil
}

// writeSide and readSide wake who writes to a client, and who reads it: with
// replies in any order these are not the same, and must not end each other's
// waits.
type (
	writeSide struct{ c *sock.Conn }
	readSide  struct{ c *sock.Conn }
)

// Wake ends the wait of who writes.
func (s writeSide) Wake() { s.c.WakeWrite() }

// Wake ends the wait of who reads.
func (s readSide) Wake() { s.c.WakeRead() }

// untaken ends a wait for the client to take more; a fault if something ended
// it. That a client takes nothing is its own doing; the end of the grace says
// nothing about it.
func (t *turn) untaken(x *sidecar.Exchange) *sidecar.Fault {
	cause := x.Unblock()
	if cause == sidecar.NoCause {
		return nil
	}
	t.cl.c.RearmWrite()
	f := cause.Fault(sidecar.StageWrite)
	if f.Reason == sidecar.StalledOut {
		f.Flags |= sidecar.FromClient
	}
	return f
}

// untakable is the fault of a client that cannot take more.
func untakable(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft, Err: err}
}
