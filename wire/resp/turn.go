package resp

import (
	"context"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/watch"
)

// turn is what exchanges of a client's connection need, one after the other. A
// connection has one of its own, and others while its lanes run at once.
type turn struct {
	srv    *Server
	cl     *Client
	a      *active // whose plan it works on
	x      sidecar.Exchange
	alarms sock.Alarms
	call   Call
	watch  *watch.Client // of the connection's own turn
	lane   *lane         // whose replies are taken
	full   bool          // there was no room for them
	pause  pause
}

// begin starts the exchange of a call of n commands, whose requests were whole
// at the time complete.
func (t *turn) begin(n int, endpoint string, idempotent bool, complete int64) {
	t.x.Begin(&t.call, &t.alarms, t.x.Now())
	t.x.Received, t.x.N, t.x.Endpoint, t.x.Idempotent = t.a.first, n, endpoint, idempotent
	t.cutOff()
	t.x.RequestDone(complete)
}

// do performs the exchange.
func (t *turn) do(ctx context.Context) error {
	if t.watch == nil {
		return t.srv.handler.Do(ctx, &t.x)
	}
	t.watch.Begin(t.cl.c, &t.alarms, t.x.Now())
	err := t.srv.handler.Do(ctx, &t.x)
	t.watch.End(&t.alarms)
	return err
}

// cutOff interrupts what has just begun if the grace is over, or the client gone.
// Drain sets hard and then looks which generation is the present one; here it is
// the other way round, so that one of the two sees the other and nothing begins
// unnoticed between two calls: the process would wait for its reply.
func (t *turn) cutOff() {
	if t.cl.hard.Load() {
		t.x.Interrupt(t.x.Gen(), sidecar.Draining)
	}
	if why := sidecar.Cause(t.a.crew.why.Load()); why != sidecar.NoCause {
		t.x.Interrupt(t.x.Gen(), why)
	}
}

// free lets go of what the turn had.
func (t *turn) free() {
	t.call = Call{}
	t.lane = nil
}

// run brings a lane's pieces through, as many in one call as may be.
func (t *turn) run(ctx context.Context, l *lane) {
	complete := t.x.Now()
	for i := 0; i < len(l.order); {
		n := t.batch(l, l.order[i:])
		t.send(ctx, l, l.order[i:i+n], l.endpoint, complete)
		t.follow(ctx, l, l.order[i:i+n], complete)
		i += n
	}
}

// batch is how many of the pieces go in one call: those that may share one, as
// far as they may be copied between others'.
func (t *turn) batch(l *lane, order []int) int {
	p := &t.a.plan
	size := 0
	for i, k := range order {
		one := &p.pieces[k]
		size += one.at.End - one.at.Start
		alone := l.target.alone(one.row)
		if i > 0 && (alone || size > maxShared) {
			return i
		}
		if alone {
			return 1
		}
	}
	return len(order)
}

// send sends pieces in one call and keeps what is said to each.
func (t *turn) send(ctx context.Context, l *lane, order []int, endpoint string, complete int64) {
	p, c := &t.a.plan, &t.call
	c.Begin()
	requests, awaited, ok := t.requests(l, order)
	first := &p.pieces[order[0]]
	c.Version, c.Requests, c.Awaited = t.cl.state.version, requests, awaited
	c.Row, c.Key, c.Mixed, c.Alone = first.row, nil, false, len(requests) > maxShared
	if first.from == fromInput {
		c.Key = t.a.keyAt(first)
	}
	c.Target, c.Client, c.Replies = l.target, t.cl.ip, (*taker)(t)
	idempotent := true
	for _, k := range order {
		row := p.pieces[k].row
		idempotent = idempotent && row.Idempotent()
		c.Mixed = c.Mixed || row != first.row
	}
	t.lane, t.full = l, !ok
	from := len(l.in.b)
	if !ok {
		t.lose(l, order, noRoomFault)
		return
	}
	t.begin(len(order), endpoint, idempotent, complete)
	err := t.do(ctx)
	t.x.End()
	switch {
	case err != nil:
		f := sidecar.FaultOf(err)
		t.lose(l, order, f)
	case t.full:
		t.lose(l, order, noRoomFault)
	default:
		t.give(l, order, from)
	}
}

// requests are the pieces as they go out, and how many replies they have; false
// without room to put them together.
func (t *turn) requests(l *lane, order []int) (b []byte, awaited int, ok bool) {
	p := &t.a.plan
	first, last := &p.pieces[order[0]], &p.pieces[order[0]]
	joined := !first.ask
	for _, k := range order[1:] {
		one := &p.pieces[k]
		joined = joined && one.from == fromInput && last.from == fromInput && one.at.Start == last.at.End && !one.ask
		last = one
	}
	if joined {
		b = t.a.text(first)
		if len(order) > 1 {
			b = t.a.bytes()[first.at.Start:last.at.End]
		}
		return b, len(order), len(b) > 0
	}
	m := t.srv.means
	l.out.b = l.out.b[:0]
	for _, k := range order {
		one := &p.pieces[k]
		if one.ask {
			awaited++
			if !l.out.add(m, asking) {
				return nil, 0, false
			}
		}
		awaited++
		text := t.a.text(one)
		if len(text) == 0 || !l.out.add(m, text) {
			return nil, 0, false
		}
	}
	return l.out.b, awaited, true
}

var asking = AppendCommand(nil, "ASKING")

// text is a piece's bytes.
func (a *active) text(one *piece) []byte {
	switch one.from {
	case fromMade:
		return one.at.Of(a.plan.made.b)
	case fromSplit:
		return one.at.Of(a.plan.splits[one.split].out)
	}
	return one.at.Of(a.bytes())
}

// keyAt is the first key of a piece that goes as it came.
func (a *active) keyAt(one *piece) []byte {
	for i := range a.burst.commands {
		if c := &a.burst.commands[i]; c.Start == one.at.Start {
			return firstKey(one.row, a.bytes(), a.burst.Args(c))
		}
	}
	return nil
}

// taker is a turn as Replier of a lane's calls.
type taker turn

// Replies keeps the replies, which are the connection's own.
func (k *taker) Replies(_ *sidecar.Exchange, b []byte, _ int) *sidecar.Fault {
	if !k.lane.in.add(k.srv.means, b) {
		k.full = true // said to each command
	}
	return nil
}

// give hands each piece its reply, of those that came from that place on.
func (t *turn) give(l *lane, order []int, from int) {
	p := &t.a.plan
	at := from
	for _, k := range order {
		one := &p.pieces[k]
		if one.ask {
			n, problem := WalkReply(l.in.b[at:])
			if problem != nil {
				t.lose(l, order, badReplies)
				return
			}
			at += n
		}
		n, problem := WalkReply(l.in.b[at:])
		if problem != nil {
			t.lose(l, order, badReplies)
			return
		}
		one.reply, one.lost, one.sent = Span{at, at + n}, false, t.x.Endpoint
		at += n
	}
}

// lose answers pieces whose call failed. Those of them that only read may be done
// elsewhere though others of the call may not.
func (t *turn) lose(l *lane, order []int, f *sidecar.Fault) {
	if f.Reason == sidecar.ClientLeft {
		t.a.crew.stop(sidecar.ClientGone)
	}
	var tries *sidecar.Tries
	if f != noRoomFault {
		tries = &t.x.Tries
	}
	from := len(l.in.b)
	var kept [256]byte
	text := appendFault(kept[:0], f, tries, t.srv.set.Load().ExposeBackends)
	said := Span{}
	if l.in.add(t.srv.means, text) {
		said = Span{from, len(l.in.b)}
	}
	for _, k := range order {
		one := &t.a.plan.pieces[k]
		if one.lost && f.Reason == sidecar.DeadlineExceeded {
			one.lost = false // why it was lost before says more than that its time is over
			continue
		}
		one.reply, one.lost = said, elsewhere(f, one.row.Idempotent())
	}
}

// The faults of what never left, or came back otherwise than it should.
var (
	noRoomFault = &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.Rejected, Reason: sidecar.TooLarge, Err: errNoRoom}
	badReplies  = &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: errJoin}
)
