package kafka

import (
	"context"
	"time"

	"sidecar"
)

// renews tells whether the login at the broker is to be renewed: some time before
// its end no request is taken up, so that nothing is under way when it is done.
func (r *relay) renews() bool { return r.conn.Renew != 0 && r.x.Now() >= r.conn.Renew }

// renew logs in anew, with nothing under way. The helper is stopped for it, or it
// would take the broker's answers for the client's.
func (r *relay) renew() bool {
	r.stopDown()
	if r.down.fault != nil || r.down.torn {
		return r.stop(r.down.fault)
	}
	now := r.x.Now()
	left := r.conn.Expires - now
	if left <= 0 {
		return r.stop(nil) // in good order: the client comes back at once
	}
	r.rearm()
	// The looks would be taken for the end of the wait.
	r.x.SetStall(max(left, int64(r.set.StallTimeout)))
	r.x.Moved(now)
	f := r.relogin(time.Duration(left))
	if f != nil {
		return r.stop(f)
	}
	r.rearm()
	now, in := r.x.Now(), r.down.in
	r.down.begin(now)
	r.down.in = in
	r.x.SetStall(r.lookEvery(now))
	r.x.Moved(now)
	go r.down.run()
	return true
}

// relogin has the connection log in, at most for as long.
func (r *relay) relogin(most time.Duration) (f *sidecar.Fault) {
	ctx, cancel := context.WithTimeout(r.a.ctx, most)
	defer cancel()
	if r.x.Block(readSide{r.broker}) {
		f = r.conn.Reauthenticate(ctx)
	}
	if cause := r.x.Unblock(); cause != sidecar.NoCause {
		return cause.Fault(sidecar.StageRead)
	}
	return f
}

// rearm undoes the wakes of a helper that was stopped, and has ended.
func (r *relay) rearm() {
	r.broker.RearmRead()
	r.broker.RearmWrite()
	r.client.RearmRead()
	r.client.RearmWrite()
}
