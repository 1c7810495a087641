package http1

import (
	"io"

	"sidecar"
	"sidecar/sock"
)

// tunnel is what a 101 begins: the exchange becomes a Session, and bytes pass
// both ways until both have ended. A tunnel has no safe point at which a drain
// could end it, so it goes on until the grace is over.
func (t *try) tunnel() *sidecar.Fault {
	m, x := t.m, t.x
	if !t.pump.finished() || t.unsent() {
		return t.badReply(errSwitch)
	}
	m.watch.Leave() // both sides are read from now on
	x.Kind = sidecar.Session
	if !x.Commit(sidecar.Success) {
		return t.badReply(errSwitch)
	}
	m.gone = true
	if len(m.up.over) > 0 {
		m.early = m.up.over // a streamed body was read with what is behind it
	}
	if f := t.toClient(t.replyHead(toClient{}), m.repBuf[m.rep.end:t.n]); f != nil {
		return f
	}
	x.SetStall(int64(m.srv.set.Load().IdleTimeout))
	down := relay{x: x, m: m, from: t.c.c, to: m.client, buf: m.repBuf, done: make(chan struct{}, 1)}
	go down.run()
	f := t.relayUp(&down)
	if !down.ended {
		m.Wake()
		<-down.done
	}
	m.abrupt = m.abrupt || down.cut
	if wasReset(down.err) && !down.cut {
		t.c.c.Abort() // it was the client's
	}
	x.Settled()
	t.sentBytes(int(down.up))
	m.sent += down.wrote
	m.up.moved += down.up
	if t.rec != nil {
		t.rec.In += down.moved
	}
	return f
}

// relay is the direction from the backend to the client, brought across by a
// helper.
type relay struct {
	x        *sidecar.Exchange
	m        *message
	from, to *sock.Conn
	buf      []byte
	done     chan struct{}
	moved    int64 // bytes read
	wrote    int64
	up       int64 // bytes of the other direction, the owner's
	err      error
	cut      bool // the backend reset it
	ended    bool // done was received
}

func (r *relay) run() {
	r.err = r.copy()
	if r.err != nil {
		// The owner must not wait for a client that has nobody to talk to.
		r.m.Wake()
	}
	r.done <- struct{}{}
}

func (r *relay) copy() error {
	for {
		n, err := r.from.Read(r.buf)
		if n > 0 {
			r.x.Moved(sidecar.Now())
			r.moved += int64(n)
			k, err := r.to.Write(r.buf[:n], nil)
			r.wrote += int64(k)
			if err != nil {
				return err
			}
		}
		if err == io.EOF {
			return r.to.CloseWrite()
		}
		if err != nil {
			r.cut = wasReset(err)
			return err
		}
	}
}

// relayUp is the direction from the client to the backend, then the wait for
// the other to end.
func (t *try) relayUp(down *relay) *sidecar.Fault {
	m, x := t.m, t.x
	buf := m.srv.bufs.Large()
	defer m.srv.bufs.Put(buf)
	n := copy(buf, m.early)
	rest := m.early[n:]
	for {
		x.Moved(sidecar.Now())
		if n > 0 {
			if f := t.relayWrite(buf[:n], rest); f != nil {
				return endOfTunnel(f)
			}
			down.up += int64(n + len(rest))
			rest = nil
		}
		if !x.Block(m) {
			return endOfTunnel(x.Unblock().Fault(sidecar.StageRead))
		}
		var err error
		n, err = m.client.Read(buf)
		cause := x.Unblock()
		if cause != sidecar.NoCause {
			return endOfTunnel(cause.Fault(sidecar.StageRead))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			if wasReset(err) {
				t.c.c.Abort()
			}
			return nil
		}
	}
	if t.c.c.CloseWrite() != nil {
		return nil
	}
	return t.relayWait(down)
}

func (t *try) relayWrite(a, b []byte) *sidecar.Fault {
	if !t.x.Block(t.m) {
		return t.x.Unblock().Fault(sidecar.StageWrite)
	}
	_, err := t.c.c.Write(a, b)
	if cause := t.x.Unblock(); cause != sidecar.NoCause {
		return cause.Fault(sidecar.StageWrite)
	}
	if err != nil {
		t.m.abrupt = wasReset(err)
		return &sidecar.Fault{Stage: sidecar.StageWrite, Reason: sidecar.PeerClosed, Err: err}
	}
	return nil
}

// relayWait waits for the backend's direction to end.
func (t *try) relayWait(down *relay) *sidecar.Fault {
	if !t.x.Block(t.m) {
		return endOfTunnel(t.x.Unblock().Fault(sidecar.StageRead))
	}
	<-down.done
	down.ended = true
	if cause := t.x.Unblock(); cause != sidecar.NoCause {
		return endOfTunnel(cause.Fault(sidecar.StageRead))
	}
	return nil
}

// endOfTunnel: an idle tunnel that is closed, or one whose peer went away, has
// ended and not failed; only a drain is worth telling.
func endOfTunnel(f *sidecar.Fault) *sidecar.Fault {
	if f.Reason == sidecar.ShuttingDown {
		return f
	}
	return nil
}
