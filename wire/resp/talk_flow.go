package resp

import (
	"bytes"

	"sidecar"
)

// flow is what a server says in a session, on its way to the client: a binding,
// and how far the reply under way has come. It is pure; talker moves the bytes.
type flow struct {
	binding
	walk  Walker
	limit int  // bytes of one reply
	under bool // a reply has begun
	known bool // what becomes of it is known, which its first line tells
	fate  fate
	push  bool // it answers no command
	code  Code // of the error that it is
	fails bool // it is one
	mute  bool // the client wants no replies; messages and their confirmations it gets
	muted bool // there was one, since the last look
	// hops: nothing was executed, nor has gone to the client, so that what names
	// another server ends the session, to be begun again there. ASK is followed by
	// one command alone: within a transaction nothing can be asked for.
	hops bool
	hop  Redirect // what it said, if that names one
	seen []seen
}

// seen is a command that was answered.
type seen struct {
	row    *Row
	class  sidecar.Class
	code   Code // of the error that answered it
	failed bool
	blocks bool
}

// The problems of sessions.
var (
	errStray      = &Problem{text: "reply that nobody asked for"}
	errOurs       = &Problem{text: "the server refuses to begin the transaction"}
	errHop        = &Problem{text: "another server has the key"}
	errLongHead   = &Problem{text: "name of a subscription in a reply is longer than the limit"}
	textExecAbort = "EXECABORT Transaction discarded because of previous errors."
	textTryAgain  = "TRYAGAIN sidecar: another server has the key now; begin the transaction or the subscription again"
)

// digest takes b, what has come from the server and was not used, and appends what
// the client reads of it. used is how much of b is done with. Large replies are
// given on as they come, so that none has to be held. After a problem the
// connection is of no use.
func (f *flow) digest(dst, b []byte) (out []byte, used int, p *Problem) {
	for {
		if !f.under {
			dst = f.heard(nil, dst, f.ready(dst))
			if used == len(b) {
				return dst, used, nil
			}
			f.begin()
		}
		end, p := f.walk.Walk(b[used:])
		if p != nil && p != More {
			return dst, used, p
		}
		if q := f.learn(b[used:], p == nil); q != nil {
			return dst, used, q
		}
		if p == More {
			if f.known && f.fate == passes && !f.fails { // errors are looked at, and are short
				n := min(f.walk.Walked(), len(b)-used)
				if f.push {
					dst = append(dst, b[used:used+n]...)
				} else {
					dst = f.heard(f.next(), dst, append(dst, b[used:used+n]...))
				}
				f.walk.Forget(n)
				used += n
			}
			return dst, used, nil
		}
		if dst, p = f.end(dst, b[used:used+end]); p != nil {
			return dst, used, p
		}
		used += end
	}
}

func (f *flow) begin() {
	f.walk.Start(limitOr(f.limit, DefaultMaxBulk+maxReplyLine))
	f.under, f.known, f.push, f.fails, f.code = true, false, false, false, OtherError
}

// learn finds what becomes of the reply that b begins with, once its first line
// is there.
func (f *flow) learn(b []byte, whole bool) *Problem {
	if f.known || !f.walk.Begun() {
		return nil
	}
	head := f.walk.Head()
	f.fate = f.fateOf(b, head)
	if f.fate == unclear {
		if !whole {
			return nil
		}
		f.fate = passes // an array with nothing in it
		if f.next() == nil {
			f.fate = strays
		}
	}
	f.known = true
	f.push = f.fate == confirms || f.fate == passes && f.isPushed(b, head)
	f.fails = IsError(head.Of(b))
	if f.fate == strays {
		return errStray
	}
	return nil
}

// end takes the reply b, or what is left of it, which is whole now.
func (f *flow) end(dst, b []byte) ([]byte, *Problem) {
	f.under = false
	switch {
	case f.fate == confirms:
		asking, w := f.asking, f.next()
		if !f.confirmed(b, f.walk.Head()) {
			return dst, errStray
		}
		if f.asking < asking {
			f.note(w)
		}
		return append(dst, b...), nil
	case f.push:
		return append(dst, b...), nil
	case f.fails:
		f.code = CodeOf(ErrorText(b[f.walk.Head().Start:]))
	}
	w, from := f.next(), dst
	switch {
	case f.fails && f.hops && f.elsewhere(w, b[f.walk.Head().Start:]):
		return dst, errHop
	case f.fails && f.fate == swallowed:
		return dst, errOurs
	case f.code == Moved, f.code == Ask:
		dst = AppendError(dst, textTryAgain)
	case f.fate == replaced:
		dst = AppendError(dst, textExecAbort)
	case f.fate != swallowed:
		dst = append(dst, b...)
	}
	if !f.fails && w.done() {
		f.hops = false
	}
	dst = f.heard(w, from, dst)
	f.note(w)
	f.replied(f.fails)
	return dst, nil
}

// heard is what the client gets of to, which is from with the reply to w behind it;
// w is nil of answers of ours, whose own skips are left out.
func (f *flow) heard(w *awaited, from, to []byte) []byte {
	if !f.mute && (w == nil || !w.skip) || len(to) == len(from) {
		return to
	}
	f.muted = true
	return to[:len(from)]
}

// elsewhere tells whether the error b, which answers w, says that the session is
// another server's, or this one's later.
func (f *flow) elsewhere(w *awaited, b []byte) bool {
	f.hop = Redirect{}
	switch f.code {
	case Moved, Ask:
		var ok bool
		f.hop, ok = ParseRedirect(ErrorText(b))
		f.hop.Address = bytes.Clone(f.hop.Address) // b is read into again
		return ok && (f.code == Moved || w.blocks) && (w.queued || !w.row.repeats())
	case TryAgain, ClusterDown, ReadOnly, MasterDown, Loading:
		return !w.row.Scripts()
	}
	return false
}

// done tells whether a success means that something was executed, which must not
// be done again.
func (w *awaited) done() bool {
	r := roleOf(w.row)
	return w.kind == itsReply && (r == execRole || r == plainRole && !w.queued)
}

// note keeps what was answered for who counts.
func (f *flow) note(w *awaited) {
	if w == nil || w.kind == oursReply && roleOf(w.row) != multiRole {
		return // of ours, but for the MULTI that the client has sent
	}
	class := sidecar.Success
	if f.fails {
		class = f.code.Class()
	}
	f.seen = append(f.seen, seen{w.row, class, f.code, f.fails, w.blocks})
}
