package limit

import (
	"time"

	"sidecar"
)

// verdict is what an exchange told about the upstream as its caller saw it.
type verdict uint8

const (
	silent verdict = iota // nothing
	good                  // it was served
	bad                   // it was not
	client                // answered, and the request was at fault: not counted, yet a sign of life
)

// judge says what the outcome of a logical exchange tells.
func judge(x *sidecar.Exchange, err error) verdict {
	if x.Kind == sidecar.Session && x.Replied() != 0 {
		return good // established; the rest is told by the requests inside
	}
	if err == nil {
		return ofClass(x.Msg.Class())
	}
	f := sidecar.FaultOf(err)
	switch {
	case f.Has(sidecar.FromClient):
		return silent
	case f.Has(sidecar.FromPeer):
		return ofClass(f.Class)
	case f.Reason == sidecar.DeadlineExceeded && x.Asked > 0 && x.Asked < minAsked:
		return silent
	}
	return ofReason(f.Reason)
}

// minAsked is the shortest time of a client's own, in nanoseconds, in which the
// upstream should have answered, as for an endpoint's breaker: who gives less
// would else open the circuit for all others.
const minAsked = int64(100 * time.Millisecond)

// ofClass judges a reply. 429 is an answer about one client's share, not about
// the upstream; a 503 that sheds load, seen by the caller after all retries, is
// an upstream that has too much, to which a pause is what it asks for.
func ofClass(c sidecar.Class) verdict {
	switch {
	case c.Failed(), c == sidecar.Shed:
		return bad
	case c == sidecar.Overload:
		return silent
	case c == sidecar.ClientError:
		return client
	}
	return good
}

// ofReason judges what is no reply. Without any endpoint there is nobody to
// spare, and the refusal comes at once in any case.
func ofReason(r sidecar.Reason) verdict {
	switch r {
	case sidecar.ConnectRefused, sidecar.ConnectTimeout, sidecar.ConnectFailed, sidecar.PoolExhausted,
		sidecar.AttemptTimedOut, sidecar.DeadlineExceeded, sidecar.StalledOut, sidecar.PeerClosed, sidecar.PeerReset,
		sidecar.BadReply, sidecar.RetryBudget, sidecar.Status5xx:
		return bad
	}
	return silent
}
