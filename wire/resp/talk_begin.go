package resp

import (
	"context"
	"math/rand/v2"

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
	if !r.mute && !r.a.said.add(r.a.srv.means, dst) {
		r.lost = true
	}
}

// choose finds where the session goes: by the first key of its commands at hand,
// as far as the transaction goes.
func (r *talker) choose() bool {
	a := r.a
	b := a.bytes()
	for i := a.at; i < len(a.burst.commands); i++ {
		row, args := a.row(i), a.args(i)
		if row == nil || !row.Fits(len(args)) {
			continue
		}
		if key := firstKey(row, b, args); key != nil {
			return r.place(row, key)
		}
		if role := roleOf(row); !a.cl.opened.multi || role == execRole || role == discardRole {
			break
		}
	}
	return r.place(a.row(a.at), nil) // any will do
}

// place goes to the server that has the key, any without one.
func (r *talker) place(row *Row, key []byte) bool {
	t := r.targetOf(row, key)
	if t == nil {
		return false
	}
	r.target, r.keyspace, r.key, r.shard = t, t.Keys.Map(), key, 0
	if key != nil {
		r.shard = r.keyspace.ShardOf(key)
	} else if n := len(r.keyspace.Shards); n > 1 {
		r.shard = rand.IntN(n)
	}
	r.endpoint = t.Keys.Endpoint(r.keyspace, r.shard, false)
	return true
}

// targetOf is where a command with that key goes.
func (r *talker) targetOf(row *Row, key []byte) *Target {
	if r.set.Only != nil {
		return r.set.Only
	}
	return r.set.Route(row, key, r.a.cl.ip)
}

// follow goes where a server has said that the key is. false if that is nowhere.
func (r *talker) follow() bool {
	asked := ""
	if t := r.a.x.Tries.Last(); t != nil {
		asked = t.Endpoint
	}
	to := r.hop.Endpoint(asked)
	if to == "" {
		return false
	}
	r.target.Keys.Moved(r.hop.Slot, to, r.hop.Ask)
	r.keyspace = r.target.Keys.Map()
	if r.key != nil {
		r.shard = r.keyspace.ShardOf(r.key)
	}
	r.endpoint, r.asks = to, r.hop.Ask
	return true
}

// perform makes the exchange, and another where a server names the one to ask.
func (r *talker) perform(ctx context.Context) bool {
	a, t := r.a, &r.talk
	start := a.at
	for hops := 0; ; hops++ {
		r.anew(start)
		t.Begin()
		t.Version, t.Row, t.Key, t.Target, t.Client, t.Relay = a.cl.state.version, a.row(a.at), r.key, r.target, a.cl.ip, r
		now := a.x.Now()
		a.x.Begin(t, &a.alarms, now)
		a.x.Kind, a.x.Received, a.x.Endpoint = sidecar.Session, a.first, r.endpoint
		a.cutOff()
		a.x.RequestDone(now)
		err := a.srv.handler.Do(ctx, &a.x)
		a.watch.End(&a.alarms)
		a.idle.Store(0)
		a.x.End()
		if err == nil && r.hopped {
			if hops < maxHops && r.follow() {
				continue
			}
			err = badReply(errHop)
		}
		if err != nil {
			return r.failed(sidecar.FaultOf(err), &a.x.Tries)
		}
		return !r.lost
	}
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
		if !r.mute && !a.said.add(a.srv.means, told) {
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
