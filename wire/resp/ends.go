package resp

import (
	"sidecar"
	"sidecar/wire/patience"
)

// refuse answers bytes that are no command, as Redis does; the connection ends
// with them, as where the next one begins is not known.
func (a *active) refuse(p *Problem) {
	f := &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.BadRequest, Err: p}
	if p == errRequestSize || p == errNoRoom {
		f.Reason = sidecar.TooLarge
	}
	a.refused(f)
}

// stalled is the fault of a client that took too long.
func stalled(p *Problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.StalledOut, Err: p}
}

// refused counts, tells and answers what never became an exchange for the
// handler. A client that is no Redis client is told nothing.
func (a *active) refused(f *sidecar.Fault) {
	a.srv.stats.refused(f)
	a.srv.stats.In.Add(uint64(a.w - a.r))
	if a.srv.refused != nil {
		a.srv.refused(&a.x, string(a.cl.ip), f)
	}
	a.r = a.w
	p, own := f.Err.(*Problem)
	switch {
	case own && p.Silent:
		a.srv.stats.foreign.Inc()
		return
	case own && f.Reason == sidecar.BadRequest:
		a.tell(AppendError(nil, "ERR "+p.text))
	case own:
		a.tell(AppendOwnError(nil, f.Reason.String(), p.text))
	default:
		a.tell(appendFault(nil, f, nil, false))
	}
}

// tell says the last words of the connection.
func (a *active) tell(b []byte) {
	if a.emit(b) {
		a.linger()
	}
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
	if !a.out.settle() || a.cl.c.CloseWrite() != nil {
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

// rest gives back what the connection held for commands and replies.
func (a *active) rest() {
	m := a.srv.means
	a.plan.reset(m)
	a.said.free(m)
	a.kept.free(m)
	a.free()
	a.out.bad = false // nobody writes any more
	clear(a.rows[:cap(a.rows)])
	a.rows = a.rows[:0]
}
