package resp

// outgo is what a session sends: commands as they lie in the client's buffer
// where nothing else comes between, so that large ones are not copied.
type outgo struct {
	made []byte // goes first
	raw  Span   // of the client's buffer
}

// empty tells whether there is nothing to send.
func (o *outgo) empty() bool { return len(o.made) == 0 && o.raw.End == o.raw.Start }

// reset forgets what was sent.
func (o *outgo) reset() {
	o.made, o.raw = o.made[:0], Span{}
	if cap(o.made) > MaxInline {
		o.made = nil
	}
}

// command adds the client's command c.
func (o *outgo) command(b []byte, c *Command, args []Span) {
	switch {
	case c.Inline:
		o.settle(b)
		o.made = AppendSpans(o.made, b, args)
	case o.raw.End == c.Start && o.raw.End > o.raw.Start:
		o.raw.End = c.End
	default:
		o.settle(b)
		o.raw = c.Span
	}
}

// ours adds a command of ours.
func (o *outgo) ours(b []byte, name string) {
	o.settle(b)
	o.made = AppendCommand(o.made, name)
}

// settle moves what lies in the client's buffer behind what was made.
func (o *outgo) settle(b []byte) {
	o.made = append(o.made, o.raw.Of(b)...)
	o.raw = Span{}
}

// take takes the client's next command: to what the session sends, or to the
// answers. What answers, leaves or holds is the caller's: nothing was done.
func (f *flow) take(o *outgo, row *Row, b []byte, c *Command, args []Span) move {
	r := roleOf(row)
	st, why := f.move(r)
	switch st {
	case sends:
		o.command(b, c, args)
		f.took(row, len(args), r == plainRole && row.TreatmentOf(b, args) == Pin)
	case aborts:
		o.ours(b, "DISCARD")
		f.tookAborted(row)
	case refuses:
		f.refuse(row, why)
	}
	return st
}

// refuse answers a command by why it is refused, the row's own reason without.
func (f *flow) refuse(row *Row, why string) {
	begun := len(f.own)
	switch why {
	case whySubscribed:
		f.own = append(f.own, "-ERR Can't execute '"...)
		f.own = append(f.own, row.Name...)
		f.own = append(f.own, "': "...)
		f.own = append(f.own, why...)
		f.own = append(f.own, '\r', '\n')
	case "":
		f.own = AppendRefused(f.own, row)
	default:
		f.own = appendRefusal(f.own, row, why)
	}
	f.answered(row, len(f.own)-begun)
	f.spoil()
}
