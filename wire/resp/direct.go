package resp

import (
	"context"

	"sidecar"
)

// straight is commands that go as they came, in one piece, to one server.
type straight struct {
	n        int
	target   *Target
	endpoint string
	shard    int
	place    int // of the first
}

// alike tells whether all that is left of the burst goes as it came to one
// server. It looks no further than the first command that does not.
func (a *active) alike(set *Settings) (s straight, yes bool) {
	if a.cl.state.replies != repliesOn {
		return s, false
	}
	b, commands := a.bytes(), a.burst.commands
	first := a.at
	if commands[len(commands)-1].End-commands[first].Start > maxShared && len(commands)-first > 1 {
		return s, false
	}
	var m *Map
	readOnly := false
	for i := first; i < len(commands); i++ {
		c := &commands[i]
		if c.Inline || i > first && c.Start != commands[i-1].End {
			return s, false
		}
		row, args := a.row(i), a.args(i)
		if row == nil || !row.Fits(len(args)) {
			return s, false
		}
		if _, no := a.cl.state.denied(nil, row, b, args, set.env); no {
			return s, false
		}
		tr := row.TreatmentOf(b, args)
		if tr == Refuse || tr == Local || tr == Pin {
			return s, false
		}
		t := a.targetOf(set, row, b, args)
		if t == nil || s.target != nil && t != s.target || t.alone(row) && len(commands)-first > 1 {
			return s, false
		}
		one := row.Keys.single()
		if set.Only == nil && !one && !a.together(set, row, b, args, t) {
			return s, false
		}
		if i == first {
			m = t.Keys.Map()
			s.target = t
		}
		shard, place := 0, 0
		if !m.whole() {
			if tr != Forward || !one || row.Keys.First == 0 || row.Keys.First >= len(args) {
				return s, false
			}
			place = m.locate(args[row.Keys.First].Of(b))
			shard = m.shardAt(place)
		}
		if i == first {
			s.shard, s.place, readOnly = shard, place, readable(row)
			s.endpoint = t.Keys.Endpoint(m, shard, readOnly)
		} else if shard != s.shard || readable(row) != readOnly && t.Keys.divides(m, shard) {
			return s, false
		}
		s.n++
	}
	return s, true
}

// divides tells whether reads and writes of a shard may go to different servers.
func (k *Keyspace) divides(m *Map, shard int) bool {
	return len(m.Shards[shard].Replicas) > 0 && ReadPolicy(k.read.Load()) != ReadMaster
}

// single tells of commands that have one key, or none, at a fixed place.
func (k *Keys) single() bool { return k.rule == fixed && k.First == k.Last }

// direct sends what is left of the burst as it came, and the replies as those
// came. It reports whether the connection goes on.
func (a *active) direct(ctx context.Context, s straight) bool {
	commands, rows := a.burst.commands[a.at:], a.rows[a.at:]
	b := a.bytes()[commands[0].Start:commands[s.n-1].End]
	c := &a.call
	c.Begin()
	c.Version, c.Requests, c.Awaited = a.cl.state.version, b, s.n
	c.Row, c.Key = rows[0], firstKey(rows[0], a.bytes(), a.args(a.at))
	c.Mixed, c.Alone = false, len(b) > maxShared
	c.Target, c.Client, c.Replies = s.target, a.cl.ip, (*passer)(a)
	idempotent, same := true, 0
	for i, r := range rows {
		idempotent = idempotent && r.Idempotent()
		c.Mixed = c.Mixed || r != rows[0]
		if same++; i+1 == s.n || rows[i+1] != r {
			s.target.Counts.command(r, same)
			same = 0
		}
	}
	complete := a.x.Now()
	a.held = false
	a.crew.why.Store(0)
	a.begin(s.n, s.endpoint, idempotent, complete)
	err := a.do(ctx)
	a.x.End()
	switch {
	case err != nil:
		return a.failed(ctx, s, sidecar.FaultOf(err), complete)
	case a.held:
		return a.redirected(ctx, s, complete)
	}
	a.at += s.n
	return true
}

// passer is a connection as Replier of what goes as it came.
type passer active

// Replies gives the replies on, together with what has been said before them.
// Errors that may be followed are kept back.
func (p *passer) Replies(_ *sidecar.Exchange, b []byte, errors int) *sidecar.Fault {
	a := (*active)(p)
	if errors > 0 && a.errors(b) {
		a.held = true
		a.kept.b = a.kept.b[:0]
		if a.kept.add(a.srv.means, b) {
			return nil
		}
		a.held = false // there is no room: the client sees what the server said
	}
	if len(a.said.b) > 0 && len(b) <= maxCopied && a.roomFor(len(b)) && a.said.add(a.srv.means, b) {
		return nil // one write for all
	}
	if !a.flush() || !a.emit(b) {
		return untakable
	}
	return nil
}

// errors counts the errors among the replies to the call under way, unless one of
// them may be followed: true, then all are counted when they are said.
func (a *active) errors(b []byte) bool {
	follows := a.call.Target.Keys.follows()
	for rest := b; follows && len(rest) > 0; {
		n, p := WalkReply(rest)
		if p != nil {
			return false
		}
		if c := CodeOf(ErrorText(rest[:n])); IsError(rest) && c != OtherError && c.NotRun() {
			return true
		}
		rest = rest[n:]
	}
	for i := a.at; len(b) > 0 && i < len(a.rows); i++ {
		n, p := WalkReply(b)
		if p != nil {
			return false
		}
		if IsError(b) {
			a.call.Target.Counts.failed(a.rows[i])
		}
		b = b[n:]
	}
	return false
}

// untakable is the fault of a client that takes no more replies.
var untakable = &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft, Err: errBroken}

// unfold plans what went as it came, so that parts of it can be done again.
func (a *active) unfold(s straight) (*lane, []int) {
	p := &a.plan
	m := s.target.Keys.Map()
	for i := range s.n {
		at := a.at + i
		row, c := a.row(at), &a.burst.commands[at]
		place := s.place
		if !m.whole() {
			place = m.locate(firstKey(row, a.bytes(), a.args(at)))
		}
		p.deeds = append(p.deeds, deed{row: row, target: s.target, kind: asIs, first: i, count: 1})
		p.pieces = append(p.pieces, piece{row: row, at: c.Span, place: place, shard: s.shard, sent: s.endpoint})
	}
	if cap(p.lanes) == 0 {
		p.lanes = make([]lane, 0, 1)
	}
	p.lanes = p.lanes[:1]
	l := &p.lanes[0]
	l.target, l.endpoint = s.target, s.endpoint
	for i := range s.n {
		l.order = append(l.order, i)
	}
	a.at += s.n
	return l, l.order
}

// redirected goes on with replies that were kept back.
func (a *active) redirected(ctx context.Context, s straight, complete int64) bool {
	l, order := a.unfold(s)
	l.in, a.kept = a.kept, hold{}
	a.give(l, order, 0)
	return a.finish(ctx, l, order, complete)
}

// failed answers commands whose exchange failed, if they cannot be done
// elsewhere.
func (a *active) failed(ctx context.Context, s straight, f *sidecar.Fault, complete int64) bool {
	if f.Reason == sidecar.ClientLeft || a.out.broken() {
		return false
	}
	l, order := a.unfold(s)
	a.lose(l, order, f)
	return a.finish(ctx, l, order, complete)
}

// finish follows what can be followed and says the replies.
func (a *active) finish(ctx context.Context, l *lane, order []int, complete int64) bool {
	a.follow(ctx, l, order, complete)
	ok := sidecar.Cause(a.crew.why.Load()) != sidecar.ClientGone && a.assemble(ctx)
	a.plan.reset(a.srv.means)
	return ok
}
