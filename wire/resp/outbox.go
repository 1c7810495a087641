package resp

import (
	"sync"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

const (
	// maxUntaken is how many bytes of replies wait for one client, while its
	// further commands are served: clients that send a long pipeline whole before
	// they read anything would otherwise wait for us as we for them. Beyond it
	// the client is served no further until it has taken some.
	maxUntaken = 64 << 20
	// defaultStall is how long a client may take nothing of its replies.
	defaultStall = time.Minute
)

// out is the way to a client: straight to its socket while that takes all, else
// through an outbox.
type out struct {
	mu  sync.Mutex
	box *outbox // nil while nothing waits; guarded by mu
	bad bool    // a reply broke off, nothing can follow; guarded by mu
}

// outbox is replies that a client has not taken yet, and the goroutine that
// writes them, which ends when it has. It is pooled.
type outbox struct {
	a      *active
	x      sidecar.Exchange
	alarms sock.Alarms
	run    func() // as a value: a method would be allocated at each start
	next   hold   // put and not under way; guarded by out.mu
	now    hold   // being written; changed under out.mu
	done   chan struct{}
}

// Expire passes an alarm on to the wait.
func (o *outbox) Expire(which uint8, mark uint64) { o.x.Expire(which, mark) }

// emit writes b to the client or keeps what the client does not take at once;
// false if no more can be written. It waits only for a client that lets more lie
// than it may.
func (a *active) emit(b []byte) bool {
	for {
		if !a.out.busy() {
			n, err := a.cl.c.TryWrite(b, nil)
			a.srv.stats.Out.Add(uint64(n))
			if err == nil {
				return !a.out.bad
			}
			if err != sock.ErrAgain {
				return false
			}
			b = b[n:]
		}
		waits := a.out.busy()
		switch kept, room := a.keep(b); {
		case !kept:
			return false
		case room:
			return true
		}
		if !a.out.settle() {
			return false
		}
		// With nothing before it there was nothing to wait for: the process has no
		// room, and to try again at once would be to try for ever.
		if !waits || len(b) > maxUntaken/2 || !a.cl.c.Raw() {
			return a.block(b)
		}
	}
}

// keep puts b into the outbox. kept is false once a reply broke off, room if too
// much waits already.
func (a *active) keep(b []byte) (kept, room bool) {
	o := &a.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bad {
		return false, false
	}
	if o.box != nil {
		if len(o.box.now.b)+len(o.box.next.b)+len(b) > maxUntaken {
			return true, false
		}
		return true, o.box.next.add(a.srv.means, b)
	}
	if len(b) > maxUntaken {
		return true, false
	}
	box := a.srv.outboxes.Get().(*outbox)
	if !box.next.add(a.srv.means, b) {
		a.srv.outboxes.Put(box)
		return true, false
	}
	box.a, o.box = a, box
	box.done = make(chan struct{})
	box.x.Begin(nil, &box.alarms, sidecar.Now())
	go box.run()
	return true, true
}

// drain is the outbox's goroutine.
func (b *outbox) drain() {
	o, m := &b.a.out, b.a.srv.means
	for {
		o.mu.Lock()
		b.now, b.next = b.next, hold{}
		o.mu.Unlock()
		bad := !b.write()
		o.mu.Lock()
		b.now.free(m)
		o.bad = o.bad || bad
		if !o.bad && len(b.next.b) > 0 {
			o.mu.Unlock()
			continue
		}
		break
	}
	a, done := b.a, b.done
	b.next.free(m)
	b.x.End()
	o.box, b.a, b.done = nil, nil, nil
	if o.bad {
		a.cl.c.WakeRead() // nobody reads on behind half a reply
	}
	o.mu.Unlock()
	a.srv.outboxes.Put(b)
	close(done)
}

// write writes what is under way, at the client's pace; false if it broke off.
func (b *outbox) write() bool {
	srv := b.a.srv
	stall := srv.set.Load().StallTimeout
	if stall <= 0 {
		stall = defaultStall
	}
	b.x.SetStall(int64(stall))
	return b.a.pieces(&b.x, b.now.b)
}

// pieces writes p, waiting by x, and puts the stall off with each piece.
func (a *active) pieces(x *sidecar.Exchange, p []byte) bool {
	c := a.cl.c
	if a.cl.hard.Load() {
		x.Interrupt(x.Gen(), sidecar.Draining)
	}
	for len(p) > 0 {
		piece := p[:min(len(p), patience.MaxPiece)]
		x.Moved(x.Now())
		if !x.Block(writeSide{c}) {
			x.Unblock()
			return false
		}
		n, err := c.Write(piece, nil)
		a.srv.stats.Out.Add(uint64(n))
		if x.Unblock() != sidecar.NoCause {
			c.RearmWrite()
			return false
		}
		if err != nil {
			return false
		}
		p = p[len(piece):]
	}
	x.Settled()
	return true
}

// block writes b on the connection's own goroutine: it is too large to be kept a
// second time, or there is no room for it.
func (a *active) block(b []byte) bool {
	box := a.srv.outboxes.Get().(*outbox)
	box.x.Begin(nil, &box.alarms, sidecar.Now())
	a.out.mu.Lock()
	a.out.box, box.a = box, a
	a.out.mu.Unlock()
	box.now.b = b
	ok := box.write()
	box.now.b = nil
	box.x.End()
	a.out.mu.Lock()
	a.out.box, box.a = nil, nil
	a.out.bad = a.out.bad || !ok
	a.out.mu.Unlock()
	a.srv.outboxes.Put(box)
	return ok
}

// busy tells whether replies wait to be taken.
func (o *out) busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.box != nil
}

// waiting is how many bytes wait to be written.
func (o *out) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.box == nil {
		return 0
	}
	return len(o.box.next.b)
}

// settle waits until the client has taken all, or nothing can be written any
// more: false.
func (o *out) settle() bool {
	o.mu.Lock()
	var done chan struct{}
	if o.box != nil {
		done = o.box.done
	}
	o.mu.Unlock()
	if done != nil {
		<-done // it ends by itself: by the client's pace, a stall or a drain
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.bad
}

// interrupt ends the wait of the outbox.
func (o *out) interrupt(why sidecar.Cause) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.box != nil {
		o.box.x.Interrupt(o.box.x.Gen(), why)
	}
}

// broken tells whether nothing can be written any more.
func (o *out) broken() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bad
}
