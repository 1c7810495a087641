package resp

import (
	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// maxSubscriber is how many bytes of messages wait for a subscriber that does not
// take them; then it is closed. As Redis' client-output-buffer-limit.
const maxSubscriber = 32 << 20

// listen waits until the client says something; ended tells that the session is
// over instead: the client has gone, or does not go on in the protocol.
func (r *talker) listen() (ended bool, f *sidecar.Fault) {
	a := r.a
	for {
		a.forget()
		if a.r == a.w {
			a.r, a.w = 0, 0
		}
		p := a.cutBurst()
		switch {
		case len(a.burst.commands) > 0:
			a.problem = p
			a.first = r.x.Now()
			return false, nil
		case p != nil && p != More:
			a.problem = p
			return true, nil
		case p == nil && a.burst.Consumed() > 0:
			continue // empty lines
		case !a.fitMore():
			a.problem = errNoRoom
			return true, nil
		}
		if r.subscribed() {
			ended, f = r.both()
		} else {
			ended, f = r.client()
		}
		if f != nil || ended {
			return ended, f
		}
	}
}

// client reads the client, who has the server wait meanwhile: in a transaction,
// or with keys that are watched.
func (r *talker) client() (ended bool, f *sidecar.Fault) {
	a := r.a
	limit := r.set.IdleTimeout
	for {
		draining := a.srv.draining.Load()
		if draining {
			limit = min(limit, patience.DrainIdle)
		}
		r.x.SetStall(int64(limit))
		r.x.Moved(r.x.Now())
		a.idle.Store(uint64(r.x.Gen()))
		if a.srv.draining.Load() != draining {
			continue // see awaitFirst
		}
		n, cause, err := r.readClient()
		a.idle.Store(0)
		a.w += n
		r.x.SetStall(0)
		switch {
		case n > 0:
			return false, nil
		case cause == sidecar.Draining && !a.cl.hard.Load():
			continue // between two commands of a transaction is no safe point
		case cause == sidecar.Draining:
			r.lost = true
			return true, cause.Fault(sidecar.StageRead)
		case cause == sidecar.NoCause && err == nil:
			continue
		}
		r.lost = true
		return true, nil
	}
}

// readClient waits for bytes of the client.
func (r *talker) readClient() (n int, cause sidecar.Cause, err error) {
	a := r.a
	if !r.x.Block(readSide{a.cl.c}) {
		return 0, r.x.Unblock(), nil
	}
	n, err = a.cl.c.Read(a.in[a.w:])
	if cause = r.x.Unblock(); cause != sidecar.NoCause {
		a.cl.c.RearmRead()
	}
	return n, cause, err
}

// ear reads a subscriber while its connection's goroutine reads the server. What
// it reads into is nobody else's meanwhile.
type ear struct {
	a      *active
	server *sock.Conn
	run    func()
	done   chan struct{}
	n      int
	err    error
}

// hear reads once, and has the goroutine that reads the server look.
func (e *ear) hear() {
	e.n, e.err = e.a.cl.c.Read(e.a.in[e.a.w:])
	e.server.WakeRead()
	e.done <- struct{}{}
}

// both gives on what the server says until the client says something.
func (r *talker) both() (ended bool, f *sidecar.Fault) {
	a, c := r.a, r.server
	r.x.SetStall(0) // a subscription may be silent for as long as it likes
	r.ear.server = c.sock
	go r.ear.run()
	f = r.messages()
	a.idle.Store(0)
	a.cl.c.WakeRead()
	<-r.ear.done
	a.cl.c.RearmRead()
	c.sock.RearmRead()
	a.w += r.ear.n
	switch {
	case r.ear.n > 0 && f == nil:
		return false, nil
	case f != nil && f.Reason == sidecar.ShuttingDown && !a.cl.hard.Load():
		// Its client is told by the end of its connection: a message that says so
		// there is not.
		r.lost = true
		return true, nil
	case f != nil:
		return true, f
	case r.ear.err != nil && r.ear.err != sock.ErrWoken, a.out.broken():
		r.lost = true
		return true, nil
	}
	return false, nil
}

// messages gives on messages, until the client has said something (nil), or the
// session fails.
func (r *talker) messages() *sidecar.Fault {
	a, c := r.a, r.server
	c.hold()
	for {
		if f := r.digested(r.x.Now()); f != nil {
			return f
		}
		if f := r.deliver(); f != nil {
			return f
		}
		if a.out.waiting() > maxSubscriber {
			r.lost = true
			a.cl.c.Abort()
			return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.FromClient, Reason: sidecar.TooLarge, Err: errSlowSubscriber}
		}
		if r.over() && !r.under { // the server has ended the last one by itself
			return nil
		}
		if f := r.room(); f != nil {
			return f
		}
		if c.n == 0 && a.idle.Load() == 0 {
			a.idle.Store(uint64(r.x.Gen()))
			if a.srv.draining.Load() {
				return sidecar.Draining.Fault(sidecar.StageRead)
			}
		}
		woken, f := r.more()
		if f != nil || woken {
			return f
		}
	}
}

// more waits for more messages. A subscription may be silent for hours, so where
// that can be no buffer is held meanwhile. woken: the client has said something.
func (r *talker) more() (woken bool, f *sidecar.Fault) {
	c := r.server
	if c.n == 0 {
		n, err := c.sock.TryRead(c.in)
		if n > 0 {
			c.got(r.x, n)
			return false, nil
		}
		if err == sock.ErrAgain && c.sock.Raw() {
			c.free()
			defer c.hold()
		}
	}
	if !r.x.Block(c.sock) {
		return false, c.unblock(r.x).Fault(sidecar.StageRead)
	}
	var n int
	var err error
	if c.in == nil {
		err = c.sock.WaitRead()
	} else {
		n, err = c.sock.Read(c.in[c.n:])
	}
	cause := c.unblock(r.x)
	if n > 0 {
		c.got(r.x, n)
	}
	switch {
	case cause != sidecar.NoCause:
		return false, cause.Fault(sidecar.StageRead)
	case err == sock.ErrWoken:
		return true, nil // by the ear
	case err != nil:
		return false, ended(sidecar.StageRead, 0, err)
	}
	return false, nil
}

var errSlowSubscriber = &Problem{text: "a subscriber has not taken 32 MiB of messages"}
