package thrift

import (
	"sidecar"
	"sidecar/sock"
)

// Reply writes a reply to the client, see Replier.
func (a *active) Reply(x *sidecar.Exchange, r *Reply) *sidecar.Fault {
	m := parcel(*r)
	first, second, p := m.write(a.call.Encoding, a.srv.set.Load().MaxFrame, a.srv.means, &a.head, &a.out)
	if p != nil {
		return badReply(p) // nothing has gone: the client is told
	}
	f := a.write(x, first, second)
	a.out.give(a.srv.means)
	return f
}

// Takes tells whether the client is spoken to in e, see Streamer.
func (a *active) Takes(e Encoding) bool { return a.call.Encoding == e }

// Piece writes the next bytes of a reply, see Streamer.
func (a *active) Piece(x *sidecar.Exchange, p []byte) *sidecar.Fault { return a.write(x, p, nil) }

// write writes p and then q to the client, at its pace: both at once where the
// socket takes them, else piece by piece, and each that it takes puts the stall
// off.
func (a *active) write(x *sidecar.Exchange, p, q []byte) *sidecar.Fault {
	n, err := a.cl.c.TryWrite(p, q)
	a.wrote += int64(n)
	if err == nil {
		return nil
	}
	if err != sock.ErrAgain {
		return untakable(err)
	}
	k := min(n, len(p))
	p, q = p[k:], q[n-k:]
	for len(p)+len(q) > 0 {
		a1 := p[:min(len(p), maxPiece)]
		b1 := q[:min(len(q), maxPiece-len(a1))]
		if len(a1) < len(p) {
			b1 = nil
		}
		x.Moved(x.Now())
		if !x.Block(a.cl.c) {
			return a.untaken(x)
		}
		n, err := a.cl.c.Write(a1, b1)
		a.wrote += int64(n)
		if f := a.untaken(x); f != nil {
			return f
		}
		if err != nil {
			return untakable(err)
		}
		p, q = p[len(a1):], q[len(b1):]
	}
	x.Settled()
	return nil
}

// untaken ends a wait for the client to take more; a fault if something ended
// it. That a client takes nothing is its own doing; the end of the grace says
// nothing about it.
func (a *active) untaken(x *sidecar.Exchange) *sidecar.Fault {
	cause := x.Unblock()
	if cause == sidecar.NoCause {
		return nil
	}
	a.cl.c.Rearm()
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
