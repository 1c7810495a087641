package resp

import "context"

// maxCopied is the longest reply in bytes that is copied to be written together
// with others; a longer one is written by itself.
const maxCopied = 64 << 10

// assemble says the replies to all commands of the plan, in their order. It
// reports whether the client takes them.
func (a *active) assemble(ctx context.Context) bool {
	for i := range a.plan.deeds {
		if !a.sayReply(ctx, &a.plan.deeds[i]) {
			return false
		}
	}
	return true
}

// sayReply says the reply to one command.
func (a *active) sayReply(ctx context.Context, d *deed) bool {
	p := &a.plan
	pieces := p.pieces[d.first : d.first+d.count]
	switch d.kind {
	case asSaid:
		return a.sayAs(d, d.said.Of(p.words.b))
	case asIs:
		return a.sayAs(d, p.replyTo(&pieces[0]))
	case asAnyKey:
		a.otherShards(ctx, d, &pieces[0])
		return a.sayAs(d, p.replyTo(&pieces[0]))
	}
	size := 64
	replies := p.replies[:0]
	for k := range pieces {
		r := p.replyTo(&pieces[k])
		size += len(r)
		replies = append(replies, r)
	}
	p.replies = replies
	if !a.roomFor(size) {
		return a.sayAs(d, tooLargeReply)
	}
	from := len(a.said.b)
	dst, problem := a.join(d, replies)
	if problem != nil {
		return a.sayAs(d, AppendOwnError(nil, "bad_reply", problem.text))
	}
	if !a.said.took(a.srv.means, dst) {
		return a.sayAs(d, tooLargeReply)
	}
	if IsError(a.said.b[from:]) {
		d.target.Counts.failed(d.row)
	}
	if d.mute {
		a.said.b = a.said.b[:from]
	}
	return true
}

// join appends the one reply that those of several servers make.
func (a *active) join(d *deed, replies [][]byte) ([]byte, *Problem) {
	switch d.kind {
	case asSplit:
		return a.plan.splits[d.split].Join(a.said.b, a.cl.state.version, replies, d.target.OnError)
	case asScan:
		return d.scan.JoinScan(a.said.b, replies[0], d.shards)
	}
	return JoinFan(a.said.b, d.row.Fan, d.row.Writes(), replies)
}

// replyTo is the reply to a piece; one that there was no room for is an error of
// ours.
func (p *plan) replyTo(one *piece) []byte {
	if one.reply.End == one.reply.Start {
		return tooLargeReply
	}
	return one.reply.Of(p.lanes[one.lane].in.b)
}

var tooLargeReply = appendFault(nil, noRoomFault, nil, false)

// sayAs says b as the reply to d.
func (a *active) sayAs(d *deed, b []byte) bool {
	if d.target != nil && IsError(b) {
		d.target.Counts.failed(d.row)
	}
	switch {
	case d.mute || len(b) == 0:
		return true
	case len(b) > maxCopied:
		return a.flush() && a.emit(b)
	case a.roomFor(len(b)):
		return a.said.add(a.srv.means, b)
	}
	return a.emit(b) // all before it is out
}

// roomFor sees to room for n more bytes behind what has been said, if need be by
// writing that.
func (a *active) roomFor(n int) bool {
	m := a.srv.means
	if len(a.said.b)+n > maxSaid && len(a.said.b) > 0 && !a.flush() {
		return false
	}
	return a.said.grow(m, n) || a.flush() && a.said.grow(m, n)
}

// maxSaid is how many bytes of replies are put together before they are written:
// beyond it a further write costs less than the copy.
const maxSaid = 256 << 10

// otherShards asks the shards that were not asked yet while the answer is null.
func (a *active) otherShards(ctx context.Context, d *deed, one *piece) {
	l := &a.plan.lanes[one.lane]
	m := d.target.Keys.Map()
	order := [1]int{d.first}
	for range len(m.Shards) - 1 {
		r := one.reply.Of(l.in.b)
		if string(r) != "$-1\r\n" && string(r) != "_\r\n" {
			return
		}
		one.shard = (one.shard + 1) % len(m.Shards)
		a.turn.send(ctx, l, order[:], d.target.Keys.Endpoint(m, one.shard, true), a.x.Now())
	}
}
