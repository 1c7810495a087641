package resp

import "context"

// maxShared is how many bytes of commands go over a connection that others use,
// too: they are copied between theirs.
const maxShared = 64 << 10

// serve answers the burst that next has read. It reports whether the connection
// goes on.
func (a *active) serve(ctx context.Context) bool {
	set := a.srv.set.Load()
	a.srv.stats.In.Add(uint64(a.burst.Consumed()))
	a.env = set.env
	keep := true
	for keep && a.at < len(a.burst.commands) {
		keep = a.step(ctx, set)
	}
	a.welcome()
	if !a.flush() {
		return false
	}
	switch {
	case !keep:
		a.part()
		return false
	case a.problem != nil && a.problem != More:
		a.r += a.burst.Consumed()
		a.refuse(a.problem)
		return false
	case a.srv.draining.Load() && !a.cl.opened.multi && a.r+a.burst.Consumed() == a.w && !a.came():
		a.part()
		return false
	}
	return true
}

// came tells whether more has come from a client that is to be parted from: what
// was sent during its last burst is in the socket, and is served before.
func (a *active) came() bool {
	a.forget()
	a.r, a.w = 0, 0
	n, err := a.cl.c.TryRead(a.in)
	if err != nil {
		return false
	}
	a.w = n
	return n > 0
}

// flush writes what has been said; false if the client takes no more.
func (a *active) flush() bool {
	if len(a.said.b) == 0 {
		return true
	}
	ok := a.emit(a.said.b)
	if cap(a.said.b) > keptReplies {
		a.said.free(a.srv.means)
	}
	a.said.b = a.said.b[:0]
	return ok
}

// keptReplies is how large a buffer for replies an active connection keeps.
const keptReplies = 32 << 10

// step deals with the next commands of the burst. It reports whether the
// connection goes on.
func (a *active) step(ctx context.Context, set *Settings) bool {
	if a.unknown(set, a.at) {
		if done, goesOn := a.learn(ctx, set, a.at); done || !goesOn {
			return goesOn
		}
	}
	if a.cl.opened.multi {
		return a.flush() && a.talk(ctx, set)
	}
	if s, yes := a.alike(set); yes {
		return a.direct(ctx, s)
	}
	if a.pins(set, a.at) {
		return a.flush() && a.talk(ctx, set)
	}
	goesOn := a.lay(set)
	ok := len(a.plan.lanes) == 0 || a.runLanes(ctx)
	ok = ok && a.assemble(ctx)
	a.plan.reset(a.srv.means)
	return ok && goesOn
}

// bytes are those of the burst, and args where the arguments of its command i
// stand in them.
func (a *active) bytes() []byte { return a.in[a.r:a.w] }

func (a *active) args(i int) []Span { return a.burst.Args(&a.burst.commands[i]) }

// row finds the row of the burst's command i, nil without one.
func (a *active) row(i int) *Row {
	for len(a.rows) <= i {
		a.rows = append(a.rows, a.env.find(a.bytes(), a.args(len(a.rows))))
	}
	return a.rows[i]
}

// firstKey is the first key of a command, nil without one.
func firstKey(row *Row, b []byte, args []Span) []byte {
	if k := &row.Keys; k.rule == fixed {
		if k.First == 0 || k.First >= len(args) {
			return nil
		}
		return args[k.First].Of(b)
	}
	var kept [8]Span
	keys, ok := row.AppendKeys(kept[:0], b, args)
	if !ok || len(keys) == 0 {
		return nil
	}
	return keys[0].Of(b)
}

// alone tells whether a command must not share an exchange with others.
func (t *Target) alone(row *Row) bool { return row.Index() < len(t.Alone) && t.Alone[row.Index()] }

// refusal tells whether the command i goes nowhere, and appends what its client
// is told instead.
func (a *active) refusal(dst []byte, set *Settings, i int) ([]byte, bool) {
	row, b, args := a.row(i), a.bytes(), a.args(i)
	switch {
	case row == nil:
		return AppendUnknown(dst, b, args), true
	case row.Container() && row.Treatment == Refuse && len(args) > 1:
		return AppendUnknownSub(dst, row, args[1].Of(b)), true
	case !row.Fits(len(args)):
		return AppendWrongArity(dst, row), true
	}
	if dst, no := a.cl.state.denied(dst, row, b, args, set.env); no || row.Treatment != Refuse {
		return dst, no
	}
	return AppendRefused(dst, row), true
}

// welcome lifts the limits of a guest that has logged in: what was too much for
// one may be good now.
func (a *active) welcome() {
	if a.burst.Guest && a.cl.state.user != "" {
		a.burst.Guest = false
		if a.problem != nil && a.problem.IsGuest() {
			a.problem = More
		}
	}
}
