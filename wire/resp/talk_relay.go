package resp

import (
	"sidecar"
)

const (
	// maxOwn is how many bytes of answers of ours may wait for their place before
	// no further command is taken.
	maxOwn = 64 << 10
	// heldText is how many bytes for a client are put together before they go.
	heldText = 16 << 10
)

// talker is the client's side of a session, see Relay. One goroutine does it all,
// but for the wait for a subscriber's commands: it sends what commands there are,
// gives the replies on, and reads the client again when all are there.
type talker struct {
	flow
	a        *active
	set      *Settings
	talk     Talk
	target   *Target
	keyspace *Map
	shard    int
	endpoint string
	key      []byte // nil without, else in kept
	kept     []byte

	out  outgo
	text []byte // for the client

	x      *sidecar.Exchange
	server *Exclusive
	reply  int64 // how long the server has for a reply, in nanoseconds; 0: no limit
	ran    bool  // it was connected to a server
	begun  bool  // the client was given something of it
	torn   bool  // half a reply has gone to the client
	leaves bool  // the client's next command is not the session's
	lost   bool  // the client is gone, or takes no more
	hopped bool  // another server has the key: see flow.hop
	skip   bool  // the client wants no reply to the session's first command
	start  int   // which that is, of the burst's
	asks   bool  // that one is to be asked for one command alone
	ear    ear
}

func newTalker(a *active) *talker {
	r := &talker{a: a}
	r.ear.a, r.ear.done = a, make(chan struct{}, 1)
	r.ear.run = r.ear.hear
	return r
}

func (r *talker) begin(set *Settings) {
	r.set, r.lost, r.reply, r.asks = set, false, 0, false
	r.flow.reset()
	r.mute, r.muted, r.skip = r.a.cl.state.replies == repliesOff, false, r.a.cl.state.enter()
	r.version, r.keyspace, r.ran = r.a.cl.state.version, noKeyspace, false
}

// noKeyspace is that of commands that go nowhere.
var noKeyspace = One(Shard{})

// end forgets what belonged to the session.
func (r *talker) end() {
	r.talk = Talk{}
	r.target, r.keyspace, r.key, r.set, r.x, r.server = nil, nil, nil, nil, nil, nil
	r.out.reset()
	if cap(r.text) > 2*heldText {
		r.text = nil
	}
	if cap(r.kept) > MaxInline {
		r.kept = nil
	}
	r.flow.reset()
}

// reset forgets everything but memory that is worth keeping.
func (f *flow) reset() {
	waits, own, answered := f.waits[:0], f.own[:0], f.seen[:0]
	if cap(waits) > keptArgs {
		waits = nil
	}
	if cap(own) > maxOwn {
		own = nil
	}
	*f = flow{mute: f.mute}
	f.waits, f.own, f.seen = waits, own, answered
}

// anew readies the session to take the commands from start on.
func (r *talker) anew(start int) {
	r.flow.reset()
	r.version, r.hops = r.a.cl.state.version, r.target.Keys.follows()
	r.out.reset()
	r.text = r.text[:0]
	r.a.at, r.start = start, start
	r.ran, r.begun, r.torn, r.leaves, r.hopped = false, false, false, false, false
}

// Relay carries the session, see Relay.
func (r *talker) Relay(x *sidecar.Exchange, c *Exclusive) (clean bool, f *sidecar.Fault) {
	r.x, r.server, r.ran, r.reply = x, c, true, 0
	if d := x.Deadline(); d != 0 {
		r.reply = d - x.Complete()
	}
	f = r.carry()
	switch {
	case r.hopped:
		return false, nil
	case f != nil:
		if r.begun {
			x.Observe(x.Op, sidecar.Outcome{Reason: f.Reason, Class: f.Class}) // the session itself has begun well
		}
		return false, f
	}
	return r.idle() && !r.under && !r.lost, nil
}

// carry is the session's loop.
func (r *talker) carry() *sidecar.Fault {
	for {
		r.take()
		if f := r.post(); f != nil {
			return f
		}
		if f := r.receive(); f != nil || r.hopped {
			return f
		}
		switch {
		case r.leaves, r.over():
			return nil
		case r.a.at < len(r.a.burst.commands):
			continue // which waited for the replies
		}
		r.skip = false
		ended, f := r.listen()
		if f != nil || ended {
			return f
		}
	}
}

// take takes the commands at hand, as far as they are the session's.
func (r *talker) take() {
	a := r.a
	if a.cl.opened.multi {
		r.spoilt = a.cl.opened.spoilt
		a.cl.opened = opened{}
		r.out.ours(a.bytes(), "MULTI")
		r.tookOurs(multiRow)
	}
	first := r.idle() && !r.bound()
	for ; a.at < len(a.burst.commands) && !r.leaves; first = false {
		if !first && !r.bound() || len(r.own) > maxOwn {
			return
		}
		if !r.takeNext() {
			return
		}
	}
	if a.problem != nil && a.problem != More {
		r.leaves = true // which ends the connection
	}
}

// takeNext takes the command a.at; false if it has to wait, or is not the
// session's.
func (r *talker) takeNext() bool {
	a := r.a
	row, b := a.row(a.at), a.bytes()
	begun := len(r.own)
	own, no := a.refusal(r.own, r.set, a.at)
	if no {
		a.srv.stats.denied(own[begun:])
	} else {
		own, no = r.elsewhere(own, row)
	}
	if no {
		r.own = own
		r.answered(row, len(own)-begun)
		r.spoil()
		r.taken()
		return true
	}
	if r.asks {
		r.out.ours(b, "ASKING")
		r.tookOurs(pingRow)
		r.asks = false
	}
	if r.isWait(row) {
		// Redis waits for the writes up to this connection's last command.
		r.out.ours(b, "PING")
		r.tookOurs(pingRow)
	}
	switch r.flow.take(&r.out, row, b, &a.burst.commands[a.at], a.args(a.at)) {
	case leaves:
		r.leaves = true
		return false
	case holds:
		return false
	case answers:
		r.own, _ = a.cl.state.local(r.own, row, b, a.args(a.at), r.set.env)
		a.srv.stats.local.Inc()
		r.answered(row, len(r.own)-begun)
	}
	r.taken()
	return true
}

// taken goes on behind the command a.at.
func (r *talker) taken() {
	if r.skip && r.a.at == r.start {
		r.waits[len(r.waits)-1].skip = true
	}
	r.a.at++
}

var (
	multiRow = Lookup([]byte("multi"), nil)
	pingRow  = Lookup([]byte("ping"), nil)
)

// isWait tells whether a command waits for replicas.
func (r *talker) isWait(row *Row) bool {
	return !r.multi && (row.Name == "wait" || row.Name == "waitaof")
}

// elsewhere tells whether a command cannot be the session's, as other servers
// have its keys, and appends what its client is told.
func (r *talker) elsewhere(dst []byte, row *Row) ([]byte, bool) {
	a := r.a
	b, args := a.bytes(), a.args(a.at)
	role := roleOf(row)
	if row.Keys.None() {
		if many := len(r.keyspace.Shards) > 1; many && (r.isWait(row) || row.Treatment == FanOut && !(r.keyspace.cluster && row.PubSub())) {
			return appendRefusal(dst, row, whyAllServers), true
		}
		return dst, false
	}
	var kept [8]Span
	keys, ok := row.AppendKeys(kept[:0], b, args)
	if !ok || len(keys) == 0 || role == unsubscribeRole {
		return dst, false
	}
	for _, k := range keys {
		if t := r.targetOf(row, k.Of(b)); r.ran && !t.isOf(r.target) {
			return appendRefusal(dst, row, whyOtherUpstream), true
		}
	}
	if len(r.keyspace.Shards) > 1 {
		for _, k := range keys {
			if r.keyspace.ShardOf(k.Of(b)) != r.shard {
				return AppendError(dst, textCrossSlot), true
			}
		}
	}
	return dst, false
}

const (
	whyAllServers    = "it is about all servers, and the client is bound to one"
	whyOtherUpstream = "the key belongs to another upstream than what the client is bound to"
	textCrossSlot    = "CROSSSLOT sidecar: another server has the key than the one that the client is bound to"
)
