package resp

import (
	"sidecar"
	"sidecar/sock"
)

// post sends what was taken.
func (r *talker) post() *sidecar.Fault {
	if r.out.empty() {
		return nil
	}
	b, raw := r.out.made, r.out.raw.Of(r.a.bytes())
	r.limit(r.reply)
	n, err := r.server.sock.TryWrite(b, raw)
	sent(r.x, n)
	if err != nil && err != sock.ErrAgain {
		return ended(sidecar.StageRead, 0, err)
	}
	if err == sock.ErrAgain {
		k := min(n, len(b))
		for _, p := range [...][]byte{b[k:], raw[n-k:]} {
			if f := r.server.write(r.x, p); f != nil {
				return f
			}
		}
	}
	r.server.traffic.sent.Add(uint64(len(r.waits) - r.first))
	r.out.reset()
	return nil
}

// limit bounds the waits that follow, 0: not at all. Until the session has begun,
// the exchange's own times do.
func (r *talker) limit(d int64) {
	if r.x.Replied() == 0 {
		d = 0
	}
	r.x.SetStall(d)
	if d > 0 {
		r.x.Moved(r.x.Now())
	}
}

// receive gives on what the server says until all commands are answered.
func (r *talker) receive() *sidecar.Fault {
	r.server.hold()
	began := r.x.Now()
	for {
		if f := r.digested(began); f != nil || r.hopped || r.idle() && !r.under {
			if f == nil && !r.hopped {
				f = r.deliver()
			}
			r.x.SetStall(0)
			return f
		}
		if f := r.await(); f != nil {
			return f
		}
	}
}

// await waits for more of the server's replies. A client that waits for what
// others do ends that by leaving: nothing may be given to nobody.
func (r *talker) await() *sidecar.Fault {
	a := r.a
	if r.blocked() {
		if f := r.deliver(); f != nil {
			return f
		}
		if f := r.commit(); f != nil {
			return f
		}
		a.blocked.Store(true)
		r.limit(0)
	} else {
		r.limit(r.reply)
	}
	if f := r.room(); f != nil {
		return f
	}
	a.watch.Begin(a.cl.c, &a.alarms, r.x.Now())
	f := r.server.read(r.x)
	a.watch.End(&a.alarms)
	a.blocked.Store(false)
	return f
}

// room sees to room for more of a reply that cannot be given on in pieces.
func (r *talker) room() *sidecar.Fault {
	c := r.server
	if c.n < len(c.in) {
		return nil
	}
	if len(c.in) >= maxHeld || !c.grow() {
		return badReply(errLongHead)
	}
	return nil
}

// maxHeld is how many bytes of a reply are held that has to be whole: an error,
// or the name of a channel.
const maxHeld = 1 << 20

// digested takes what has come from the server.
func (r *talker) digested(began int64) *sidecar.Fault {
	c := r.server
	for {
		text, used, p := r.digest(r.text, c.in[:c.n])
		r.text = text
		c.use(used)
		r.count(began)
		if p == errHop {
			r.hopped = true
			return nil
		}
		if p != nil {
			return badReply(p)
		}
		if len(r.text) < heldText {
			return nil
		}
		if f := r.deliver(); f != nil {
			return f
		}
		if used == 0 || c.n == 0 {
			return nil
		}
	}
}

// count counts what was answered.
func (r *talker) count(began int64) {
	c := r.target.Counts
	for _, s := range r.seen {
		if s.row == nil {
			continue
		}
		r.server.traffic.received.Inc()
		c.command(s.row, 1)
		if s.failed {
			c.failed(s.row)
			if s.code == ReadOnly || s.code == ClusterDown || s.code == MasterDown {
				r.target.Keys.Look()
			}
		}
		if !s.blocks { // whose time is what others took
			r.x.Observe(r.x.Op, sidecar.Outcome{Class: s.class, Duration: r.x.Now() - began})
		}
	}
	r.seen = r.seen[:0]
}

// commit begins the session, as far as the client is concerned.
func (r *talker) commit() *sidecar.Fault {
	if r.begun {
		return nil
	}
	if !r.x.Commit(sidecar.Success) {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.HedgeLost}
	}
	r.begun, r.talk.class = true, sidecar.Success
	return nil
}

// deliver gives the client what there is for it.
func (r *talker) deliver() *sidecar.Fault {
	a, b := r.a, r.text
	if len(b) == 0 && !r.muted {
		return nil
	}
	r.muted = false
	if f := r.commit(); f != nil {
		return f
	}
	r.hops = false
	r.text = b[:0]
	r.torn = r.under && r.known
	if len(b) == 0 {
		return nil
	}
	if len(a.said.b) > 0 && len(b) <= keptReplies && a.said.add(a.srv.means, b) {
		b = nil // one write for all
	}
	if r.over() && len(b) == 0 {
		return nil // whoever goes on from here writes it
	}
	if !a.flush() || len(b) > 0 && !a.emit(b) {
		r.lost = true
		return untakable
	}
	return nil
}
