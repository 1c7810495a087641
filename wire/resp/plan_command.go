package resp

import (
	"math/rand/v2"

	"sidecar"
)

// crossSlot is how Redis refuses keys that are not together.
const crossSlot = "-CROSSSLOT Keys in request don't hash to the same slot\r\n"

// lay plans the burst's commands from the next on, until all are or one has to
// wait for those before it. It reports whether the connection goes on behind
// them.
func (a *active) lay(set *Settings) (goesOn bool) {
	for a.at < len(a.burst.commands) {
		row := a.row(a.at)
		if len(a.plan.deeds) > 0 && a.stands(set, row) {
			return true
		}
		d := deed{row: row, mute: a.cl.state.begin()}
		then := a.command(set, &d, a.at)
		a.plan.deeds = append(a.plan.deeds, d)
		a.at++
		if then == closeNow {
			return false
		}
		if d.kind == asAnyKey { // which may go on elsewhere, before what follows it
			return true
		}
		if len(a.plan.words.b) > maxSaid { // short commands have long answers here, and they may be many
			return true
		}
	}
	return true
}

// stands tells of a command that what came before it must be over for: it begins
// a session, the replies to what follows have another form, a server is to be
// asked what it is, or it could overtake them.
func (a *active) stands(set *Settings, row *Row) bool {
	if row == nil {
		return a.unknown(set, a.at)
	}
	return row.Name == "hello" || row.Name == "reset" || a.pins(set, a.at) || set.Only == nil && a.overtakes(set, row)
}

// overtakes tells whether a command goes to the upstream of one before it, but
// another way: in a lane of its own it could be there sooner.
func (a *active) overtakes(set *Settings, row *Row) bool {
	args := a.args(a.at)
	if row.Treatment == Local || len(a.plan.lanes) == 0 || !row.Fits(len(args)) {
		return false
	}
	t := a.targetOf(set, row, a.bytes(), args)
	for i := range a.plan.lanes {
		if l := &a.plan.lanes[i]; l.target != t && l.target.isOf(t) {
			return true
		}
	}
	return false
}

// pins tells whether the command i begins a session.
func (a *active) pins(set *Settings, i int) bool {
	row := a.row(i)
	if row == nil || row.TreatmentOf(a.bytes(), a.args(i)) != Pin {
		return false
	}
	_, refused := a.refusal(nil, set, i)
	return !refused
}

// command plans the command i.
func (a *active) command(set *Settings, d *deed, i int) act {
	p, m := &a.plan, a.srv.means
	if !p.words.grow(m, 512) {
		return closeNow // the process has no room for a line
	}
	b, args := a.bytes(), a.args(i)
	from, then := len(p.words.b), goOn
	dst, refused := a.refusal(p.words.b, set, i)
	switch {
	case refused:
		a.srv.stats.denied(dst[from:])
	case d.row.Treatment == Local:
		dst, then = a.cl.state.local(dst, d.row, b, args, set.env)
		d.mute = false // it says nothing then
		a.srv.stats.local.Inc()
	default:
		dst = a.route(set, d, i, dst)
	}
	if d.target == nil {
		if !p.words.took(m, dst) {
			return closeNow
		}
		d.said = Span{from, len(p.words.b)}
	}
	return then
}

// route finds where the command i goes and cuts it into pieces; it appends why,
// if it goes nowhere, and leaves d.target nil.
func (a *active) route(set *Settings, d *deed, i int, dst []byte) []byte {
	b, args := a.bytes(), a.args(i)
	t := a.targetOf(set, d.row, b, args)
	if t == nil {
		return AppendOwnError(dst, sidecar.NoRoute.String(), "no route matches")
	}
	t.Counts.command(d.row, 1)
	m := t.Keys.Map()
	d.first = len(a.plan.pieces)
	ok := true
	switch tr := d.row.TreatmentOf(b, args); {
	case set.Only == nil && !a.together(set, d.row, b, args, t):
		if ok = tr == Split && a.across(set, d, i); !ok {
			dst = append(dst, crossSlot...)
		}
	case m.whole():
		a.forward(d, i, t, m, 0, 0)
	case tr == Split:
		a.cut(d, i, t, m)
	case tr == FanOut:
		dst, ok = a.fan(d, i, t, m, dst)
	default:
		ok = a.toKeys(d, i, t, m)
		if !ok {
			dst = append(dst, crossSlot...)
		}
	}
	if !ok {
		t.Counts.failed(d.row)
		return dst
	}
	d.target, d.count = t, len(a.plan.pieces)-d.first
	return dst
}

// targetOf is where a command goes.
func (a *active) targetOf(set *Settings, row *Row, b []byte, args []Span) *Target {
	if set.Only != nil {
		return set.Only
	}
	return set.Route(row, firstKey(row, b, args), a.cl.ip)
}

// together tells whether all keys of a command are of one target.
func (a *active) together(set *Settings, row *Row, b []byte, args []Span, t *Target) bool {
	keys, _ := row.AppendKeys(a.plan.keys[:0], b, args)
	a.plan.keys = keys[:0]
	for i := 1; i < len(keys); i++ {
		if set.Route(row, keys[i].Of(b), a.cl.ip) != t {
			return false
		}
	}
	return true
}

// forward plans a command as it came, for one shard.
func (a *active) forward(d *deed, i int, t *Target, m *Map, place, shard int) {
	p, c := &a.plan, &a.burst.commands[i]
	d.kind = asIs
	one := piece{row: d.row, at: c.Span, place: place, shard: shard}
	if c.Inline {
		one.from = fromMade
		a.plan.made.grow(a.srv.means, 2*(c.End-c.Start)+16*len(a.args(i)))
		one.at = a.make(AppendSpans(a.plan.made.b, a.bytes(), a.args(i)))
	}
	p.join(one, t, m, readable(d.row))
}

// make takes b, to which a command was appended behind plan.made, and tells where
// it stands there. What has no room is nothing, which is seen when it is sent.
func (a *active) make(b []byte) Span {
	from := len(a.plan.made.b)
	if !a.plan.made.took(a.srv.means, b) {
		return Span{}
	}
	return Span{from, len(a.plan.made.b)}
}

// readable tells whether a command may be read from a replica. Cursors are of one
// server, and mean nothing to another.
func readable(row *Row) bool {
	if !row.Reads() {
		return false
	}
	n := len(row.Name)
	return n < 4 || row.Name[n-4:] != "scan"
}

// toKeys plans a command for the shard that has its keys, or any if it has none;
// false if they are not together.
func (a *active) toKeys(d *deed, i int, t *Target, m *Map) bool {
	b, args := a.bytes(), a.args(i)
	keys, ok := d.row.AppendKeys(a.plan.keys[:0], b, args)
	a.plan.keys = keys[:0]
	if !ok || len(keys) == 0 { // wrong arguments, which any server will tell of
		shard := a.plan.any(t, m)
		a.forward(d, i, t, m, -1, shard)
		return true
	}
	place := m.locate(keys[0].Of(b))
	for _, k := range keys[1:] {
		if m.locate(k.Of(b)) != place {
			return false
		}
	}
	a.forward(d, i, t, m, place, m.shardAt(place))
	return true
}

// any is the shard of a command that any server answers: one that is asked
// anyway, or the next in turn.
func (p *plan) any(t *Target, m *Map) int {
	for i := range p.routes {
		if w := &p.routes[i]; w.target == t && w.shard < len(m.Shards) {
			return w.shard
		}
	}
	p.spin++
	return p.spin % len(m.Shards)
}

// cut plans a command over the shards that have its keys. Wrong arguments go to
// any server, which says so.
func (a *active) cut(d *deed, i int, t *Target, m *Map) {
	p := &a.plan
	if p.find.at == nil {
		p.find.at = p.find.find
	}
	p.find.m = m
	s := p.splitter()
	number := len(p.splits) - 1
	switch ok := s.Split(d.row, a.bytes(), a.args(i), m.places(), p.find.at); {
	case !ok:
		p.splits = p.splits[:number]
		a.forward(d, i, t, m, -1, p.any(t, m))
		return
	case len(s.parts) == 1:
		place := s.parts[0].Shard
		p.splits = p.splits[:number]
		a.forward(d, i, t, m, place, m.shardAt(place))
		return
	}
	d.kind, d.split = asSplit, number
	for k := range s.parts {
		part := &s.parts[k]
		p.join(piece{row: d.row, from: fromSplit, split: number, at: part.Span, place: part.Shard, shard: m.shardAt(part.Shard)}, t, m, readable(d.row))
	}
}

// fan plans a command for every shard, or for one after the other.
func (a *active) fan(d *deed, i int, t *Target, m *Map, dst []byte) ([]byte, bool) {
	switch {
	case len(m.Shards) == 1:
		a.forward(d, i, t, m, -1, 0)
	case m.cluster && d.row.Name == "publish":
		// The nodes tell each other. Messages of one channel go by one node: over
		// several, a subscriber got them in another order than they were sent.
		a.forward(d, i, t, m, -1, m.ShardOf(a.args(i)[1].Of(a.bytes())))
	case d.row.Fan == FanCursor:
		return a.scan(d, i, t, m, dst)
	case d.row.Fan == FanAnyKey:
		a.forward(d, i, t, m, -1, rand.IntN(len(m.Shards)))
		d.kind = asAnyKey
	default:
		for shard := range m.Shards {
			a.forward(d, i, t, m, -1, shard)
		}
		d.kind = asFan
	}
	return dst, true
}

// scan plans a SCAN for the shard that its cursor names.
func (a *active) scan(d *deed, i int, t *Target, m *Map, dst []byte) ([]byte, bool) {
	b, args := a.bytes(), a.args(i)
	cursor, ok := ParseScanCursor(args[1].Of(b), len(m.Shards))
	if !ok {
		return append(dst, "-ERR invalid cursor\r\n"...), false
	}
	d.kind, d.scan, d.shards = asScan, cursor, len(m.Shards)
	a.plan.made.grow(a.srv.means, a.burst.commands[i].End-a.burst.commands[i].Start+64)
	at := a.make(cursor.AppendScan(a.plan.made.b, b, args))
	a.plan.join(piece{row: d.row, from: fromMade, at: at, place: -1, shard: cursor.Shard}, t, m, false)
	return dst, true
}
