package thrift

import (
	"context"
	"time"

	"sidecar"
)

// serve runs the call that next has read. It reports whether the connection
// goes on.
func (a *active) serve(ctx context.Context) bool {
	if a.upgrades() {
		return a.decline()
	}
	now := a.x.Now()
	a.x.Begin(&a.call, &a.alarms, now)
	a.x.Received = a.first
	a.cutOff()
	a.wrote = 0
	a.x.Asked = a.asked()
	a.x.RequestDone(now)
	a.watch.Begin(a.cl.c, &a.alarms, now)
	err := a.srv.handler.Do(ctx, &a.x)
	a.watch.End(&a.alarms)
	oneway, attempts := a.call.silent(), a.x.Tries.Len()
	a.x.End()
	keep := true
	switch {
	case err == nil || oneway: // whose caller waits for nothing
	case a.wrote > 0:
		keep = false // it had begun; its frame will be missed
	default:
		keep = a.fail(sidecar.FaultOf(err), attempts)
	}
	a.free()
	a.srv.stats.Out.Add(uint64(a.wrote))
	if keep && a.r == a.w && a.srv.draining.Load() {
		a.part()
		return false
	}
	return keep
}

// asked is how long the caller waits, as its fields say; 0 if they do not.
func (a *active) asked() int64 {
	ns, ok := infoTimeout(a.call.Info)
	if !ok {
		a.srv.stats.misasked.Inc()
	}
	return ns
}

// refuse answers bytes that are no call, or too many; the connection ends with
// them, as where the next one begins is not known.
func (a *active) refuse(p *Problem) next {
	f := &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.BadRequest, Err: p}
	if p.Large {
		f.Reason = sidecar.TooLarge
	}
	return a.refused(f)
}

// stalled is the fault of a client that took too long.
func (a *active) stalled(p *Problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.StalledOut, Err: p}
}

// refused counts, tells and answers what never became an exchange for the
// handler.
func (a *active) refused(f *sidecar.Fault) next {
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
	return nextClosed
}

// fail tells a fault to the client as an exception. It reports whether the
// connection goes on.
func (a *active) fail(f *sidecar.Fault, attempts int) bool {
	if f.Reason == sidecar.ClientLeft {
		return false
	}
	m := parcel{Encoding: a.call.Encoding, Head: a.call.Head, Payload: a.call.Payload}
	return a.say(a.exception(f, &m, attempts))
}

// say writes a reply of the sidecar's own. It reports whether it has gone.
func (a *active) say(b []byte) bool {
	a.begin(a.srv.set.Load().HeaderTimeout)
	if !a.x.Block(a.cl.c) {
		a.x.Unblock()
		return false
	}
	n, err := a.cl.c.Write(b, nil)
	a.wrote += int64(n)
	if a.x.Unblock() != sidecar.NoCause {
		a.cl.c.Rearm()
		return false
	}
	return err == nil
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
	a.begin(lingerQuiet)
	a.r, a.w = 0, 0
	for end := sidecar.Now() + int64(lingerTime); ; {
		_, err := a.read()
		now := sidecar.Now()
		if err != nil || now > end {
			return
		}
		a.x.Moved(now)
	}
}

// The waits of a connection that are not configured.
const (
	// drainIdle is how long a kept connection may stay without a call once the
	// process drains: one that is on its way is still answered.
	drainIdle   = time.Second
	lingerQuiet = 2 * time.Second  // silence after which a client is taken to have its reply
	lingerTime  = 10 * time.Second // how long a client may go on sending after its reply
	// Each silence within a call may take header_timeout. All of it may take
	// that many of them and a second for each so many bytes: it is there for a
	// client that sends a byte now and then and would hold its buffer for ever.
	heldWaits = 6
	heldRate  = 64 << 10
	// maxPiece is how many bytes are written before the stall is put off: what
	// one system call takes.
	maxPiece = 60 << 10
)
