package kafka

import (
	"sidecar"
	"sidecar/sock"
)

// relay is the client's side of a session, see Relay. Its owner's goroutine brings
// requests to the broker, a helper (down) answers to the client: each socket has
// one reader and one writer, and only the owner waits through the exchange.
type relay struct {
	a      *active
	x      *sidecar.Exchange
	set    *Settings
	client *sock.Conn
	conn   *Conn
	broker *sock.Conn
	flight flight
	down   down
	at     int            // of what the client has said, behind the requests that are to be sent
	since  int64          // since when the owner waits for the rest of a request to come or go, 0: it does not
	sends  bool           // to go
	heard  int64          // when the client last said something
	waited int64          // how long that came behind what it had said before
	fault  *sidecar.Fault // why it ended, nil: in good order
	clean  bool           // it did
	parted bool           // the client has ended, and waits for its answers if it is still there
	login  Terminal
	due    int64 // when the client has to have logged in
}

func (r *relay) init(a *active) {
	r.a, r.x = a, &a.x
	r.flight.bell = make(bell, 1)
	r.down.r, r.down.done = r, make(chan struct{}, 1)
	r.down.walk.Seen, r.down.walk.Names = &r.down, a.srv.stats
}

// Relay carries the session, see Relay.
func (r *relay) Relay(x *sidecar.Exchange, c *Conn) *sidecar.Fault {
	r.a.guard.Leave() // both sides are read from now on
	if !x.Commit(sidecar.Success) {
		return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.HedgeLost}
	}
	r.begin(c)
	go r.down.run()
	r.carry()
	r.join()
	r.end()
	return r.fault
}

func (r *relay) begin(c *Conn) {
	now := r.x.Now()
	r.set, r.client, r.conn, r.broker = r.a.set, r.a.cl.c, c, c.Sock
	r.at, r.since, r.sends, r.heard, r.waited, r.fault, r.clean = r.a.r, 0, false, now, warmTime, nil, false
	r.login, r.due = NewTerminal(r.set.Logins), now+int64(r.set.HeaderTimeout)
	r.parted = false
	r.flight.reset()
	r.down.begin(now)
	r.down.in = 0
	r.x.SetStall(r.lookEvery(now))
	r.x.Moved(now)
}

// join ends the helper. What it died of is why the session ended, if it was first.
func (r *relay) join() {
	first := r.down.ended.Load()
	r.stopDown()
	if first && r.fault == nil {
		r.fault = r.down.fault
	}
}

// stopDown ends the helper's waits and waits for its end.
func (r *relay) stopDown() {
	r.down.stops.Store(true)
	r.broker.WakeRead()
	r.client.WakeWrite()
	<-r.down.done
}

func (r *relay) end() {
	r.x.Settled()
	r.clean = r.fault == nil && !r.down.torn
	if t := r.x.Tries.Last(); t != nil {
		t.In += r.down.in
	}
	if f := r.fault; f != nil {
		r.tell(f)
		if f.Reason == sidecar.BadReply {
			r.conn.dialer.Forget(r.conn.address) // somebody else may be there now
		}
	}
	r.set, r.client, r.conn, r.broker = nil, nil, nil, nil
}

// tell has those who judge the endpoint know how the session ended, which has
// begun well: a broker that ends between two answers is on its way out, as every
// broker is some day, and says nothing of what it answers.
func (r *relay) tell(f *sidecar.Fault) {
	if f.Has(sidecar.FromClient) || f.Reason == sidecar.ShuttingDown || f.Reason == sidecar.PeerClosed && !r.down.torn {
		return
	}
	r.x.Observe(r.x.Op, sidecar.Outcome{Reason: f.Reason, Class: f.Class})
}

// stop ends the session for f, nil for in good order. It is always false: no step
// follows.
func (r *relay) stop(f *sidecar.Fault) bool {
	if r.fault == nil {
		r.fault = f
	}
	return false
}

// carry brings requests to the broker until the session is over.
func (r *relay) carry() {
	for r.pass() && r.settle() && r.more() {
	}
}

// settle is the safe point between two requests: whoever wants the session ended, or
// its login renewed, finds nothing half done here. It reports whether the session
// goes on.
func (r *relay) settle() bool {
	// The word of it may have come before the session began, and is not repeated:
	// what is owed then would be waited for, minutes where a group assembles.
	if r.a.cl.hard.Load() {
		return r.stop(sidecar.Draining.Fault(sidecar.StageRead))
	}
	if r.at < r.a.w {
		return true // a request has begun
	}
	if r.a.cl.drains() {
		return r.awaitFlight(0) && r.stop(nil)
	}
	if r.renews() {
		return r.relogin()
	}
	return true
}

// more waits until more has come from the client.
func (r *relay) more() bool {
	a := r.a
	mid := a.r < a.w
	warm := !mid && r.client.Raw() && a.srv.warm.keep(r.waited)
	if warm {
		defer a.srv.warm.leave()
	}
	if !mid && !warm && r.client.Raw() {
		a.free()
		if !r.awaitClient() {
			return false
		}
	}
	a.hold()
	r.makeRoom()
	if mid {
		r.since = r.x.Now()
		r.x.Moved(r.since)
	}
	ok := r.readMore(mid)
	r.since = 0
	return ok
}

// makeRoom brings what is not used to the buffer's front.
func (r *relay) makeRoom() {
	a := r.a
	if a.r > 0 {
		a.w = copy(a.in, a.in[a.r:a.w])
		r.at -= a.r
		a.r = 0
	}
}

// awaitClient waits for the next request without a buffer.
func (r *relay) awaitClient() bool {
	for {
		if !r.quiet() {
			if !r.settle() {
				return false
			}
			continue
		}
		var err error
		ready := r.x.Block(readSide{r.client})
		if ready {
			err = r.client.WaitRead()
		}
		cause := r.x.Unblock()
		r.a.idle.Store(0)
		switch {
		case ready && err == nil && cause == sidecar.NoCause:
			return true
		case ready && err != nil && err != sock.ErrWoken:
			return r.left(err, false)
		case !r.woken(cause):
			return false
		}
	}
}

// quiet publishes that the owner waits for a request, so that a drain can end that;
// false: there is something to do first, see settle.
func (r *relay) quiet() bool {
	r.a.idle.Store(uint64(r.x.Gen()))
	if r.a.cl.drains() || r.renews() {
		r.a.idle.Store(0)
		return false
	}
	return true
}

// readMore waits for bytes from the client, mid tells: in the middle of a request.
func (r *relay) readMore(mid bool) bool {
	a := r.a
	for {
		if !mid && !r.quiet() {
			if !r.settle() {
				return false
			}
			continue
		}
		var n int
		var err error
		ready := r.x.Block(readSide{r.client})
		if ready {
			n, err = r.client.Read(a.in[a.w:])
		}
		cause := r.x.Unblock()
		a.idle.Store(0)
		a.w += n
		switch {
		case n > 0:
			if cause != sidecar.NoCause && !r.woken(cause) {
				return false
			}
			now := r.x.Now()
			r.heard, r.waited = now, now-r.heard
			return true
		case ready && err != nil && err != sock.ErrWoken:
			return r.left(err, mid)
		case !r.woken(cause):
			return false
		}
	}
}

// left deals with the end of the client.
func (r *relay) left(err error, mid bool) bool {
	switch {
	case sock.IsReset(err) && r.flight.len() == 0 && !mid:
		return r.stop(nil)
	case sock.IsReset(err):
		return r.stop(clientEnded(err))
	case mid:
		return r.stop(clientEnded(errHalf))
	case r.set.CancelOnFIN:
		return r.stop(nil)
	}
	r.parted, r.heard = true, r.x.Now()
	return r.awaitFlight(0) && r.stop(nil)
}

// awaitFlight waits until no more than n requests are under way.
func (r *relay) awaitFlight(n int) bool {
	fl := &r.flight
	fl.waits.Store(true)
	defer fl.waits.Store(false)
	for fl.len() > n {
		if r.x.Block(fl.bell) {
			<-fl.bell
		}
		cause := r.x.Unblock()
		if (cause != sidecar.NoCause || r.down.ended.Load()) && !r.woken(cause) {
			return fl.len() <= n && r.fault == nil && !r.down.failed()
		}
	}
	return true
}

// woken deals with the end of a wait that brought nothing. It reports whether to
// wait again.
func (r *relay) woken(cause sidecar.Cause) bool {
	switch {
	case cause == sidecar.Stalled:
		r.x.Forget(sidecar.Stalled)
		now := r.x.Now()
		if over, f := r.overdue(now); over {
			return r.stop(f)
		}
		r.x.Moved(now)
	case cause == sidecar.Draining && r.a.cl.hard.Load():
		return r.stop(cause.Fault(sidecar.StageRead))
	case cause != sidecar.NoCause && cause != sidecar.Draining:
		return r.stop(cause.Fault(sidecar.StageRead))
	}
	r.client.RearmRead()
	r.broker.RearmWrite()
	// The helper notes its end before it wakes the owner: a wake that was undone
	// here is seen in the note.
	return !r.down.ended.Load()
}
