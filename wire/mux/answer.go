package mux

import (
	"errors"
	"fmt"

	"sidecar"
)

// answer gives the reply of the call to where that came from. b is what the
// reader made of it: the kind of the message, and its body. Hot.
func (c *Conn) answer(x *sidecar.Exchange, call *Call, b []byte) *sidecar.Fault {
	r := &call.reply
	defer func() { *r = Reply{} }()
	f := readAnswer(r, b)
	if f != nil {
		return f
	}
	class := call.classify(r)
	c.dialer.params.Stats.count(r)
	if r.Status != OK {
		switch flags := r.Failure(); {
		case flags&NonRetryable != 0:
			// Nobody shall try again: that is what the other classes of turned
			// away requests would lead to.
			if class == sidecar.Shed {
				class, call.class = sidecar.Overload, sidecar.Overload
			}
		case r.Status == Nack || flags&(Restartable|Rejected) != 0:
			return turnedAway(r, class)
		}
	}
	if !x.Commit(class) {
		f := &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: class}
		if !x.Hold.Has(class) && (class == sidecar.Success || class == sidecar.ClientError) {
			f.Reason = sidecar.HedgeLost
		}
		return f
	}
	return call.Replies.Reply(x, r)
}

// turnedAway is the fault of a request that the backend says it did not execute,
// or that may be sent again as if. It is not asked whether that may go out:
// whoever tries no more tells the client the same in the client's protocol.
func turnedAway(r *Reply, class sidecar.Class) *sidecar.Fault {
	f := &sidecar.Fault{
		Stage: sidecar.StageRead, Flags: sidecar.FromPeer | sidecar.Rejected, Reason: sidecar.Status5xx, Class: class,
		Err: errNack,
	}
	if r.Status == Error {
		f.Err = fmt.Errorf("the backend says that it may be sent again: %.200q", r.Payload)
	}
	return f
}

var (
	errNack     = errors.New("the backend turned it away (Nack)")
	errUndone   = errors.New("the backend discarded a request that is waited for")
	errTooLarge = errors.New("reply larger than max_frame, or than what is left of the memory for replies")
)

// readAnswer reads what the backend answered, or is the fault of what is no
// answer. An Rerr is told as an Error: it says no more than that one has failed.
func readAnswer(r *Reply, b []byte) *sidecar.Fault {
	var bad *problem
	switch body := b[1:]; kind(b[0]) { //nolint:gosec // the byte is a signed number
	case rdispatch:
		bad = r.read(body)
	case rreq:
		bad = r.readRreq(body)
	case rerr:
		r.Status, r.Payload = Error, body
	case tooLarge:
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.TooLarge, Err: errTooLarge}
	default:
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: errUndone}
	}
	if bad != nil {
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: bad}
	}
	return nil
}
