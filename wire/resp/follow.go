package resp

import (
	"context"
	"errors"
	"time"

	"sidecar"
)

const (
	// maxHops is how many redirects a command follows: servers whose maps differ
	// could pass it round for ever.
	maxHops = 5
	// firstPause is the wait before a command that a server could not take for a
	// state it is in is done again, twice as long each time up to maxPause.
	firstPause = 10 * time.Millisecond
	maxPause   = 500 * time.Millisecond
	// maxFollow is how long that goes on where the upstream has no timeout: a
	// cluster's replica has taken over by then, or nobody does.
	maxFollow = 15 * time.Second
)

// follow does again, elsewhere, what servers refused because the keys are
// elsewhere, or because they cannot take commands now and another will: clients
// are told neither. It goes on until nothing is left to do again, or the exchange
// has no time any more.
func (t *turn) follow(ctx context.Context, l *lane, order []int, complete int64) {
	if !l.target.Keys.follows() {
		return
	}
	end := t.x.Deadline()
	if end == 0 {
		end = complete + int64(maxFollow)
	}
	hops, wait := 0, firstPause
	for {
		again, waits := t.judge(l, order)
		if len(again) == 0 {
			return
		}
		if waits {
			l.target.Keys.Look()
			if !t.sleep(wait, end) {
				return
			}
			wait = min(2*wait, maxPause)
		} else if hops++; hops > maxHops {
			return
		}
		t.again(ctx, l, again, complete)
		order = again
	}
}

// judge finds the pieces that are to be done again, and where. waits: some server
// needs time before.
func (t *turn) judge(l *lane, order []int) (again []int, waits bool) {
	again = l.again[:0]
	for _, k := range order {
		one := &t.a.plan.pieces[k]
		reply := one.reply.Of(l.in.b)
		if !one.lost && !IsError(reply) {
			continue
		}
		yes, wait := t.verdict(l, one, reply)
		if yes {
			again = append(again, k)
			waits = waits || wait
		}
	}
	l.again = again
	return again, waits
}

// verdict tells whether a piece is done again, and notes where.
func (t *turn) verdict(l *lane, one *piece, reply []byte) (again, wait bool) {
	keys := l.target.Keys
	one.ask, one.to = false, ""
	if one.lost { // whoever has not said where keys are, though it was waited for, is not waited for again
		return !keys.Map().awaited, true
	}
	text := ErrorText(reply)
	code := CodeOf(text)
	cluster := keys.Map().cluster
	switch code {
	case Moved, Ask:
		r, ok := ParseRedirect(text)
		if !ok || !cluster {
			return false, false
		}
		if one.to = r.Endpoint(one.sent); one.to == "" {
			return false, false
		}
		if one.row.repeats() {
			return t.doubtful(l, one, r)
		}
		one.ask = r.Ask
		keys.Moved(r.Slot, one.to, r.Ask)
		return true, false
	case TryAgain, ClusterDown:
		return cluster && !one.row.Scripts(), true
	case ReadOnly, MasterDown, Loading:
		return !one.row.Scripts(), true
	}
	return false, false
}

// doubtful is verdict for a redirect that the client may have made up: it is not
// taken up, and followed to a server that is known. Else discovery is asked, and
// what it says goes.
func (t *turn) doubtful(l *lane, one *piece, r Redirect) (again, wait bool) {
	m := l.target.Keys.Map()
	if one.place < 0 || m.slots != nil && r.Slot != one.place { // no server says so
		return false, false
	}
	l.target.Keys.Look()
	if !m.has(one.to) {
		one.to = ""
		return true, true
	}
	one.ask = r.Ask
	return true, false
}

// elsewhere tells whether what failed so may be done again where the keys are by
// then: the server is gone, and nothing was executed or it does no harm twice. One
// that refuses us is not gone: another password comes by a reload, and a client
// that waited for it would not be told why.
func elsewhere(f *sidecar.Fault, idempotent bool) bool {
	var no *refusal
	if errors.As(f.Err, &no) && !no.passes() {
		return false
	}
	switch f.Reason {
	case sidecar.NoEndpoints, sidecar.ConnectRefused, sidecar.ConnectTimeout, sidecar.ConnectFailed, sidecar.PeerClosed, sidecar.PeerReset, sidecar.BreakerOpen:
		return idempotent || f.Has(sidecar.Unsent) || f.Has(sidecar.Rejected)
	}
	return false
}

// again sends pieces to where they belong now, server by server.
func (t *turn) again(ctx context.Context, l *lane, order []int, complete int64) {
	p := &t.a.plan
	keys := l.target.Keys
	for _, k := range order {
		if one := &p.pieces[k]; one.to == "" {
			one.to = l.endpoint
			if one.place >= 0 {
				m := keys.Map()
				one.to = keys.Endpoint(m, m.shardAt(one.place), readable(one.row))
			}
		}
		p.pieces[k].due = true
	}
	for i, k := range order {
		if !p.pieces[k].due {
			continue
		}
		to := p.pieces[k].to
		group := l.group[:0]
		for _, other := range order[i:] {
			if one := &p.pieces[other]; one.due && one.to == to {
				one.due = false
				group = append(group, other)
			}
		}
		l.group = group
		for len(group) > 0 {
			n := t.batch(l, group)
			t.send(ctx, l, group[:n], to, complete)
			group = group[n:]
		}
	}
}

// sleep waits, and reports whether there is still time and nothing ended the
// wait.
func (t *turn) sleep(wait time.Duration, end int64) bool {
	now := t.x.Now()
	if now+int64(wait) >= end {
		return false
	}
	t.x.Begin(nil, &t.alarms, now)
	t.cutOff()
	if t.watch != nil {
		t.watch.Begin(t.cl.c, &t.alarms, now)
	}
	t.x.SetStall(int64(wait))
	t.x.Moved(now)
	t.pause.ready()
	if t.x.Block(&t.pause) {
		<-t.pause.told
	}
	why := t.x.Unblock()
	if t.watch != nil {
		t.watch.End(&t.alarms)
	}
	if why == sidecar.ClientGone {
		t.a.crew.stop(why)
	}
	return why == sidecar.Stalled
}

// pause is a wait for time to pass. It is its own Waker.
type pause struct{ told chan struct{} }

func (p *pause) ready() {
	if p.told == nil {
		p.told = make(chan struct{}, 1)
	}
	select {
	case <-p.told: // of a wait before
	default:
	}
}

// Wake ends the wait.
func (p *pause) Wake() {
	select {
	case p.told <- struct{}{}:
	default:
	}
}
