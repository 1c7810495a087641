package resp

import (
	"context"
	"math/rand/v2"

	"sidecar"
)

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
	r.target, r.keyspace, r.key, r.shard = t, t.Keys.Map(), r.keep(key), 0
	if key != nil {
		r.shard = r.keyspace.ShardOf(key)
	} else if n := len(r.keyspace.Shards); n > 1 {
		r.shard = rand.IntN(n)
	}
	r.endpoint = t.Keys.Endpoint(r.keyspace, r.shard, false)
	return true
}

// keep is a copy of the key: where it came to, the client's next commands come
// to, too, and then others' bytes, while the session is still told of by it.
func (r *talker) keep(key []byte) []byte {
	if key == nil {
		return nil
	}
	if r.kept == nil {
		r.kept = make([]byte, 0, maxToldKey)
	}
	r.kept = append(r.kept[:0], key...)
	return r.kept
}

// targetOf is where a command with that key goes.
func (r *talker) targetOf(row *Row, key []byte) *Target {
	if r.set.Only != nil {
		return r.set.Only
	}
	return r.set.Route(row, key, r.a.cl.ip)
}

// perform makes the exchange, and another where a server says that the session is
// another's: clients see neither redirects nor masters that are none any more.
func (r *talker) perform(ctx context.Context) bool {
	start, begun, open := r.a.at, r.a.x.Now(), r.a.cl.opened
	hops, wait := 0, firstPause
	for {
		r.a.cl.opened = open
		err := r.once(ctx, start)
		end := begun + int64(maxFollow)
		if r.reply > 0 {
			end = begun + r.reply
		}
		switch {
		case err == nil && !r.hopped:
			return !r.lost
		case err == nil && len(r.hop.Address) > 0:
			if hops++; hops <= maxHops && r.follow() {
				continue
			}
			err = badReply(errHop)
		case err == nil, !r.ran && r.target.Keys.follows() && !r.target.Keys.Map().awaited && elsewhere(sidecar.FaultOf(err), false):
			r.target.Keys.Look()
			tries := r.a.x.Tries
			if r.a.sleep(wait, end) {
				wait = min(2*wait, maxPause)
				r.again()
				continue
			}
			if r.a.x.Tries = tries; err == nil {
				err = &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer | sidecar.Rejected, Reason: sidecar.Status5xx, Class: sidecar.Unavailable, Err: errHop}
			}
		}
		return r.failed(sidecar.FaultOf(err), &r.a.x.Tries)
	}
}

// once makes the exchange.
func (r *talker) once(ctx context.Context, start int) error {
	a, t := r.a, &r.talk
	r.anew(start)
	t.Begin()
	t.Version, t.Row, t.Key, t.Target, t.Client, t.Relay = a.cl.state.version, a.row(start), r.key, r.target, a.cl.ip, r
	now := a.x.Now()
	a.x.Begin(t, &a.alarms, now)
	a.x.Kind, a.x.Received, a.x.Endpoint = sidecar.Session, a.first, r.endpoint
	a.cutOff()
	a.x.RequestDone(now)
	err := a.srv.handler.Do(ctx, &a.x)
	a.watch.End(&a.alarms)
	a.idle.Store(0)
	a.x.End()
	return err
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
	r.again()
	if r.key == nil || Slot(r.key) == r.hop.Slot { // else it cannot have both: that is told
		r.endpoint, r.asks = to, r.hop.Ask
	}
	return true
}

// again goes where the session belongs by now.
func (r *talker) again() {
	r.keyspace = r.target.Keys.Map()
	r.shard = min(r.shard, len(r.keyspace.Shards)-1)
	if r.key != nil {
		r.shard = r.keyspace.ShardOf(r.key)
	}
	r.endpoint = r.target.Keys.Endpoint(r.keyspace, r.shard, false)
}
