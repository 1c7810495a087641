package resp

import (
	"errors"

	"sidecar"
)

var (
	errNobody    = errors.New("the server sends a reply that nobody waits for")
	errLargeCall = errors.New("replies larger than max_reply, or than what is left of the memory for replies")
)

// tooLarge is the fault of a call whose replies are.
func tooLarge() *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.TooLarge, Err: errLargeCall}
}

// answer gives the replies to the call to where that came from, unless they are
// held. Hot.
func (call *Call) answer(x *sidecar.Exchange, b []byte, errors int) *sidecar.Fault {
	class, undone := sidecar.Success, false
	if errors > 0 && errors >= x.N { // fewer: some command succeeded
		class, undone = verdict(b)
	}
	if !x.Commit(class) {
		f := &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: class}
		switch {
		case !x.Hold.Has(class) && (class == sidecar.Success || class == sidecar.ClientError):
			f.Reason = sidecar.HedgeLost
		case undone && call.provable():
			f.Flags |= sidecar.Rejected
		}
		if text := ErrorText(firstError(b)); text != nil {
			f.Err = &replied{string(shown(text, shownText))}
		}
		return f
	}
	call.class = class
	return call.Replies.Replies(x, b, errors)
}

// provable tells whether errors prove that the commands were not run: what a
// script says may come after it wrote, and of commands that are not in the table
// nobody knows. It looks at the commands again, as a call seldom fails.
func (c *Call) provable() bool {
	var b Burst
	if b.Read(c.Requests) != nil {
		return false
	}
	for i := range b.commands {
		row := Of(c.Requests, b.Args(&b.commands[i]))
		if row == nil || row.Script() {
			return false
		}
	}
	return true
}

// Script tells whether the command runs a script or function.
func (r *Row) Script() bool {
	switch r.Name {
	case "eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro":
		return true
	}
	return false
}

// replied is the error that a server has answered with, where it was held.
type replied struct{ text string }

func (r *replied) Error() string { return "the server answers: " + r.text }

// Told is for clients, who would have read the text.
func (r *replied) Told() string { return r.Error() }

// verdict is what replies meant that are all errors, but for those to ASKING:
// the class of the best, as one that went well is not to be done again; and
// whether all prove that nothing was run.
func verdict(b []byte) (best sidecar.Class, undone bool) {
	undone = true
	for len(b) > 0 {
		end, p := WalkReply(b)
		if p != nil {
			break // it was walked before: not so
		}
		if reply := bare(b[:end]); IsError(reply) {
			code := CodeOf(ErrorText(reply))
			undone = undone && code.NotRun()
			if c := code.Class(); best == sidecar.NoClass || rankOf(c) < rankOf(best) {
				best = c
			}
		}
		b = b[end:]
	}
	return best, undone
}

// firstError is the first reply in b that is an error, nil without one.
func firstError(b []byte) []byte {
	for len(b) > 0 {
		end, p := WalkReply(b)
		if p != nil {
			return nil
		}
		if reply := bare(b[:end]); IsError(reply) {
			return reply
		}
		b = b[end:]
	}
	return nil
}

// bare is a reply without the attributes before it.
func bare(reply []byte) []byte {
	if len(reply) == 0 || reply[0] != '|' {
		return reply
	}
	var w Walker
	w.Start(len(reply))
	if _, p := w.Walk(reply); p != nil {
		return nil
	}
	return reply[w.Head().Start:]
}

// classRanks are the classes from the one that speaks best of the server to
// the one that another try may mend.
var classRanks = [...]sidecar.Class{
	sidecar.Success, sidecar.ClientError, sidecar.Overload, sidecar.Failure, sidecar.Shed, sidecar.Unavailable,
}

func rankOf(c sidecar.Class) int {
	for i, r := range classRanks {
		if r == c {
			return i
		}
	}
	return len(classRanks)
}
