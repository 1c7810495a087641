package resp

import (
	"context"

	"sidecar"
)

// opened is a transaction of a client that no server knows of yet: a MULTI is
// answered here, and sent with the first command behind it, which names the
// server. Most come together, and cost one round trip.
type opened struct {
	multi  bool
	spoilt bool // a command was refused, or its server is lost: EXEC fails
}

// talk is called at a command that begins a session, a.at, or while a transaction
// is open: all before it is answered. What follows it are the rest of the
// burst's commands, and then whatever the client sends. It deals with them until
// the client is bound to no server any more, leaves a.at at the first command
// that is not dealt with and reports whether the connection goes on.
func (a *active) talk(ctx context.Context, set *Settings) bool {
	r := a.talker
	if r == nil {
		r = newTalker(a)
		a.talker = r
	}
	r.begin(set)
	defer r.end()
	if !r.pretend() {
		return !r.lost
	}
	if !r.choose() {
		return r.failed(&sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Rejected, Reason: sidecar.NoRoute}, nil)
	}
	return r.perform(ctx)
}

// pretend answers what a transaction without a server has; it reports whether a
// session begins at a.at.
func (r *talker) pretend() bool {
	a, open := r.a, &r.a.cl.opened
	for first := true; a.at < len(a.burst.commands); first = false {
		row := a.row(a.at)
		if dst, no := a.refusal(r.text[:0], r.set, a.at); no {
			if !open.multi {
				return false // as anywhere else
			}
			open.spoilt = true
			a.srv.stats.denied(dst)
			r.say(dst)
			continue
		}
		role := roleOf(row)
		if !open.multi && role != multiRole {
			return first // behind the end of a transaction nothing binds the client
		}
		switch r.pretended(open, row, role) {
		case sends:
			return true
		case leaves:
			return false
		}
	}
	return false
}

// pretended answers one command of a transaction without a server.
func (r *talker) pretended(open *opened, row *Row, role role) move {
	dst := r.text[:0]
	switch role {
	case multiRole:
		if open.multi {
			dst = AppendError(dst, "ERR MULTI calls can not be nested")
			break
		}
		open.multi = true
		dst = append(dst, okReply...)
	case partRole:
		*open = opened{}
		return leaves
	case execRole:
		if open.spoilt {
			dst = AppendError(dst, textExecAbort)
		} else {
			dst = AppendArray(dst, 0)
		}
		*open = opened{}
	case discardRole:
		*open = opened{}
		dst = append(dst, okReply...)
	case watchRole:
		dst = AppendError(dst, "ERR WATCH inside MULTI is not allowed")
	case subscribeRole, unsubscribeRole, localRole, stateRole:
		open.spoilt = true
		dst = appendRefusal(dst, row, whyInMulti)
	default:
		if !open.spoilt {
			return sends
		}
		dst = AppendSimple(dst, "QUEUED") // as Redis says of what it will not run
	}
	r.say(dst)
	return answers
}

// say answers the command a.at.
func (r *talker) say(dst []byte) {
	r.text = dst[:0]
	r.a.at++
	if !r.mute && !r.skip && !r.a.said.add(r.a.srv.means, dst) {
		r.lost = true
	}
	r.skip = false
}

// failed tells the client that the session's commands have failed which are not
// answered. It reports whether the connection goes on: not if the client takes
// itself for bound to the server, but in a transaction, which is then known to
// have failed.
func (r *talker) failed(f *sidecar.Fault, tries *sidecar.Tries) bool {
	a := r.a
	if r.lost || r.torn || f.Reason == sidecar.ClientLeft || a.out.broken() {
		return false
	}
	if !r.ran {
		r.take()
	}
	if half := r.under && r.known; half || !r.mute && !a.said.add(a.srv.means, r.text) {
		return false
	}
	r.text = r.text[:0]
	text := appendFault(nil, f, tries, r.set.ExposeBackends)
	for w := r.next(); w != nil; w = r.next() {
		told := text
		switch w.kind {
		case ownAnswer:
			told = r.own[r.ownAt : r.ownAt+w.own]
			r.ownAt += w.own
		case oursReply:
			told = nil
		}
		if !r.mute && !w.skip && !a.said.add(a.srv.means, told) {
			return false
		}
		r.shift()
	}
	if r.multi {
		a.cl.opened = opened{multi: true, spoilt: true}
		return true
	}
	return r.watches == 0 && !r.subscribed()
}
