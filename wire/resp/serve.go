package resp

import (
	"context"

	"sidecar"
)

// maxShared is how many bytes of commands go over a connection that others use,
// too: they are copied between theirs.
const maxShared = 64 << 10

// serve answers the burst that next has read. It reports whether the connection
// goes on.
func (a *active) serve(ctx context.Context) bool {
	set := a.srv.set.Load()
	a.srv.stats.In.Add(uint64(a.burst.Consumed()))
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
	case a.r+a.burst.Consumed() == a.w && a.srv.draining.Load():
		a.part()
		return false
	}
	return true
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
	if n, t := a.alike(set); n > 0 {
		return a.direct(ctx, set, t, n)
	}
	return a.single(ctx, set)
}

// bytes are those of the burst, and args where the arguments of its command i
// stand in them.
func (a *active) bytes() []byte { return a.in[a.r:a.w] }

func (a *active) args(i int) []Span { return a.burst.Args(&a.burst.commands[i]) }

// row finds the row of the burst's command i, nil without one.
func (a *active) row(i int) *Row {
	for len(a.rows) <= i {
		a.rows = append(a.rows, Of(a.bytes(), a.args(len(a.rows))))
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

// alike is how many commands from the next on go as they came, in one piece, to
// one target whose servers all have all keys.
func (a *active) alike(set *Settings) (n int, to *Target) {
	if a.cl.state.replies != repliesOn {
		return 0, nil
	}
	b, commands := a.bytes(), a.burst.commands
	first := commands[a.at].Start
	for i := a.at; i < len(commands); i++ {
		c := &commands[i]
		if c.Inline || i > a.at && (c.Start != commands[i-1].End || c.End-first > maxShared) {
			break
		}
		row, args := a.row(i), a.args(i)
		if row == nil || !row.Fits(len(args)) {
			break
		}
		if _, no := a.cl.state.denied(nil, row, b, args, set.env); no {
			break
		}
		if tr := row.TreatmentOf(b, args); tr == Refuse || tr == Local || tr == Pin {
			break
		}
		t := set.Route(row, firstKey(row, b, args), a.cl.ip)
		if t == nil || to != nil && t != to || len(t.Keys.Map().Shards) > 1 {
			break
		}
		alone := t.alone(row)
		if alone && n > 0 {
			break
		}
		n, to = n+1, t
		if alone {
			break
		}
	}
	return n, to
}

// alone tells whether a command must not share an exchange with others.
func (t *Target) alone(row *Row) bool { return t.Alone != nil && t.Alone[row.Index()] }

// single deals with one command that goes nowhere, or not as it came.
func (a *active) single(ctx context.Context, set *Settings) bool {
	i, b := a.at, a.bytes()
	row, args := a.row(i), a.args(i)
	if !a.said.grow(a.srv.means, 512) {
		return false
	}
	mute := a.cl.state.begin()
	dst, then := a.said.b, goOn
	if dst, no := a.refusal(dst, set, i); no {
		return a.saidOf(dst, mute, then)
	}
	switch row.TreatmentOf(b, args) {
	case Local:
		dst, then = a.cl.state.local(dst, row, b, args, set.env)
		mute = false // it knows itself
	case Pin:
		return a.flush() && a.talk(ctx, set)
	default:
		dst = AppendOwnError(dst, sidecar.NoRoute.String(), "")
	}
	return a.saidOf(dst, mute, then)
}

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
	case row.Treatment == Refuse:
		return AppendRefused(dst, row), true
	}
	return a.cl.state.denied(dst, row, b, args, set.env)
}

// saidOf goes on behind a command that was answered here: dst is what has been
// said, with its reply.
func (a *active) saidOf(dst []byte, mute bool, then act) bool {
	a.at++
	was := len(a.said.b)
	if !a.said.took(a.srv.means, dst) {
		return false
	}
	if mute {
		a.said.b = a.said.b[:was]
	}
	return then != closeNow
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
