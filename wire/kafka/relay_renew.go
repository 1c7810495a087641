package kafka

import (
	"context"
	"time"

	"sidecar"
	"sidecar/sock"
)

// renews tells whether the login at the broker is to be renewed: some time before
// its end no request is taken up, so that nothing is under way when it is done.
func (r *relay) renews() bool { return r.conn.Renew != 0 && r.x.Now() >= r.conn.Renew }

// loginTime is how long a login may take on a connection in use.
const loginTime = 10 * time.Second

// relogin logs in anew, with nothing under way. The helper is stopped for it, or it
// would take the broker's answers for the client's.
func (r *relay) relogin() bool {
	if !r.awaitFlight(0) {
		return false
	}
	ended := r.down.ended.Load()
	r.stopDown()
	switch {
	case ended || r.down.fault != nil:
		return r.joined(r.down.fault)
	case r.down.torn:
		return r.joined(badAnswer(errStray))
	case r.x.Now() >= r.conn.Expires:
		return r.joined(nil) // in good order: the client comes back at once
	}
	for _, c := range [...]*sock.Conn{r.client, r.broker} {
		c.RearmRead()
		c.RearmWrite() // the helper has woken the owner with its end
	}
	f := r.reauthenticate()
	r.broker.Rearm()
	if f != nil {
		return r.joined(f)
	}
	r.down.begin(r.x.Now())
	go r.down.run()
	r.x.SetStall(r.lookEvery(r.x.Now()))
	r.x.Moved(r.x.Now())
	return true
}

// reauthenticate has the login done in its time, and ended by what ends a session.
func (r *relay) reauthenticate() *sidecar.Fault {
	left := time.Duration(max(r.conn.Expires-r.x.Now(), minLook))
	ctx, cancel := context.WithTimeout(r.a.ctx, min(left, loginTime))
	defer cancel()
	r.x.Settled() // ctx bounds it, and nobody looks meanwhile
	r.x.Forget(sidecar.Stalled)
	var f *sidecar.Fault
	ready := r.x.Block(r.broker)
	if ready {
		f = r.conn.Reauthenticate(ctx)
	}
	cause := r.x.Unblock()
	r.x.Forget(sidecar.Stalled)
	switch {
	case ready && f == nil:
		return nil
	case cause == sidecar.NoCause:
		return f
	}
	return cause.Fault(sidecar.StageRead)
}

// joined ends the session while there is no helper.
func (r *relay) joined(f *sidecar.Fault) bool {
	r.down.done <- struct{}{} // for who joins it
	return r.stop(f)
}
