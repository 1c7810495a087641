package resp

import (
	"context"

	"sidecar"
)

// unknown tells whether the burst's command i is in no table and a server is to
// be asked for it. Who has not logged in makes nobody ask.
func (a *active) unknown(set *Settings, i int) bool {
	return a.row(i) == nil && a.cl.state.user != "" && set.env.learnt.mayAsk(a.args(i)[0].Of(a.bytes()), a.x.Now())
}

// learn asks a server for the unknown command i, so that it can be dealt with by
// what that tells. It is done with if no server could be asked, which the client
// is told.
func (a *active) learn(ctx context.Context, set *Settings, i int) (done, goesOn bool) {
	b, args := a.bytes(), a.args(i)
	name := args[0].Of(b)
	row := Lookup(commandWord, infoWord)
	t := set.Only
	if t == nil {
		t = set.Route(row, nil, a.cl.ip)
	}
	if t == nil {
		return false, true
	}
	var rows learntRows
	c := &a.call
	c.Begin()
	c.Version, c.Requests, c.Awaited = a.cl.state.version, AppendCommand(nil, commandWord, infoWord, name), 1
	c.Row, c.Key, c.Mixed, c.Alone = row, nil, false, false
	c.Target, c.Client, c.Replies = t, a.cl.ip, &rows
	a.crew.why.Store(0)
	m := t.Keys.Map()
	a.begin(1, t.Keys.Endpoint(m, a.plan.any(t, m), true), true, a.x.Now())
	err := a.do(ctx)
	a.x.End()
	if err == nil {
		set.env.learnt.learn(name, rows, a.x.Now())
		a.rows[i] = set.env.find(b, args)
		return false, true
	}
	f := sidecar.FaultOf(err)
	a.at++
	switch {
	case f.Reason == sidecar.ClientLeft || a.out.broken():
		return true, false
	case a.cl.state.begin():
		return true, true
	}
	return true, a.said.add(a.srv.means, appendFault(nil, f, &a.x.Tries, set.ExposeBackends))
}

var commandWord, infoWord = []byte("COMMAND"), []byte("INFO")

// learntRows take the reply to COMMAND INFO; what is none tells of nothing.
type learntRows []Row

// Replies takes it, see Replier.
func (l *learntRows) Replies(_ *sidecar.Exchange, b []byte, _ int) *sidecar.Fault {
	*l, _ = ParseCommands(b)
	return nil
}
