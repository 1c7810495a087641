package thrift

import (
	"context"

	"sidecar/wire/patience"

	"sidecar"
)

// serve runs the call that next has read. It reports whether the connection
// goes on.
func (a *active) serve(ctx context.Context) bool {
	set := a.srv.set.Load()
	b := a.in[a.r : a.r+a.size : a.r+a.size]
	if a.crowd != nil {
		if p := a.launch(ctx, b, set); p != nil {
			return a.refuse(p)
		}
		a.r += a.size
		return true
	}
	if p := a.take(b, set); p != nil {
		return a.refuse(p)
	}
	a.r += a.size
	if a.upgrades() {
		return a.decline()
	}
	now := a.x.Now()
	a.begin(a.first, now)
	a.watch.Begin(a.cl.c, &a.alarms, now)
	err := a.srv.handler.Do(ctx, &a.x)
	a.watch.End(&a.alarms)
	keep := a.end(err)
	if keep && a.r == a.w && a.srv.draining.Load() {
		a.part()
		return false
	}
	return keep
}

// refuse answers bytes that are no call, or too many; the connection ends with
// them, as where the next one begins is not known: false.
func (a *active) refuse(p *Problem) bool {
	f := &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.BadRequest, Err: p}
	if p.Large {
		f.Reason = sidecar.TooLarge
	}
	return a.refused(f)
}

// stalled is the fault of a client that took too long.
func stalled(p *Problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.StalledOut, Err: p}
}

// refused counts, tells and answers what never became an exchange for the
// handler.
func (a *active) refused(f *sidecar.Fault) bool {
	a.settle()
	m := parcel{Encoding: a.cl.enc}
	b := a.in[a.r:a.w]
	if m.glimpse(b) {
		a.call.Begin()
		a.call.Encoding, a.call.Head, a.call.Payload, a.call.Info = m.Encoding, m.Head, m.Payload, nil
		a.x.Msg = &a.call
	}
	a.srv.stats.refused(f)
	a.srv.stats.In.Add(uint64(len(b)))
	if a.srv.refused != nil {
		a.srv.refused(&a.x, string(a.cl.ip), f)
	}
	a.x.Msg = nil
	a.r = a.w
	if a.cl.known && m.Head.Type != OnewayType && a.say(a.exception(f, &m, 0)) {
		a.linger()
	}
	a.free()
	return false
}

// part ends the connection behind a whole reply. With bytes in the socket that
// nobody reads, a plain close would be a reset.
func (a *active) part() {
	if !a.cl.c.Look() {
		a.linger()
	}
}

// linger ends the sending side and reads on for a little: closing with unread
// bytes in the socket resets the connection, and the client would lose the
// reply that it has not read yet.
func (a *active) linger() {
	if a.cl.c.CloseWrite() != nil {
		return
	}
	a.wait(patience.LingerQuiet)
	a.r, a.w = 0, 0
	for end := sidecar.Now() + int64(patience.LingerTime); ; {
		_, err := a.read()
		now := sidecar.Now()
		if err != nil || now > end {
			return
		}
		a.x.Moved(now)
	}
}
