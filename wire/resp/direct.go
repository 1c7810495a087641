package resp

import (
	"context"

	"sidecar"
	"sidecar/sock"
)

// turn is what an exchange of a client's connection needs, used again.
type turn struct {
	srv    *Server
	cl     *Client
	x      sidecar.Exchange
	alarms sock.Alarms
	call   Call
}

// cutOff interrupts what has just begun if the grace is over. Drain sets hard
// and then looks which generation is the present one; here it is the other way
// round, so that one of the two sees the other and nothing begins unnoticed
// between two calls: the process would wait for its reply.
func (t *turn) cutOff() {
	if t.cl.hard.Load() {
		t.x.Interrupt(t.x.Gen(), sidecar.Draining)
	}
}

// direct sends the next n commands of the burst as they came, and their replies
// as those came. It reports whether the connection goes on.
func (a *active) direct(ctx context.Context, set *Settings, t *Target, n int) bool {
	commands := a.burst.commands[a.at : a.at+n]
	rows := a.rows[a.at : a.at+n]
	b := a.bytes()[commands[0].Start:commands[n-1].End]
	c := &a.call
	c.Begin()
	c.Version, c.Requests, c.Awaited = a.cl.state.version, b, n
	c.Row, c.Key = rows[0], firstKey(rows[0], a.bytes(), a.args(a.at))
	c.Mixed, c.Alone = false, len(b) > maxShared
	c.Target, c.Client, c.Replies = t, a.cl.ip, a
	idempotent, same := true, 0
	for i, r := range rows {
		idempotent = idempotent && r.Idempotent()
		c.Mixed = c.Mixed || r != rows[0]
		if same++; i+1 == n || rows[i+1] != r {
			t.Counts.command(r, same)
			same = 0
		}
	}
	now := a.x.Now()
	a.x.Begin(c, &a.alarms, now)
	a.x.Received, a.x.N, a.x.Idempotent = a.first, n, idempotent
	a.x.Endpoint = t.Keys.Map().Shards[0].Master
	a.cutOff()
	a.x.RequestDone(now)
	a.watch.Begin(a.cl.c, &a.alarms, now)
	err := a.srv.handler.Do(ctx, &a.x)
	a.watch.End(&a.alarms)
	a.at += n
	return a.end(err, n)
}

// end ends the exchange of n commands and tells an error as the reply to each.
func (a *active) end(err error, n int) bool {
	a.x.End()
	if err == nil {
		return true
	}
	f := sidecar.FaultOf(err)
	if f.Reason == sidecar.ClientLeft || a.out.broken() {
		return false
	}
	text := appendFault(nil, f, &a.x.Tries, a.srv.set.Load().ExposeBackends)
	for range n {
		if !a.said.add(a.srv.means, text) {
			return false
		}
	}
	return true
}

// Replies takes the replies to what went as it came, see Replier.
func (a *active) Replies(_ *sidecar.Exchange, b []byte, errors int) *sidecar.Fault {
	if errors > 0 {
		a.countErrors(b)
	}
	if len(a.said.b) > 0 && len(b) <= keptReplies && a.said.add(a.srv.means, b) {
		return nil // one write for all
	}
	if !a.flush() || !a.emit(b) {
		return untakable
	}
	return nil
}

// countErrors counts the errors among the replies to the call under way.
func (a *active) countErrors(b []byte) {
	for i := a.at; len(b) > 0 && i < len(a.rows); i++ {
		n, p := WalkReply(b)
		if p != nil {
			return
		}
		if IsError(b) {
			a.call.Target.Counts.failed(a.rows[i])
		}
		b = b[n:]
	}
}

// untakable is the fault of a client that takes no more replies.
var untakable = &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft, Err: errBroken}
