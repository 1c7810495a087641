package breaker

import (
	"time"

	"sidecar"
)

// verdict is what an exchange told about the endpoint.
type verdict uint8

const (
	silent      verdict = iota // nothing
	good                       // it works
	bad                        // it failed the request
	unreachable                // it could not be connected to
)

// judge says what the outcome of an exchange tells about the endpoint. What
// the client did, what we did ourselves and what a wait for a connection did
// tell nothing.
func judge(x *sidecar.Exchange, err error) verdict {
	if x.Kind == sidecar.Session && x.Replied() != 0 {
		return good // established; how it ended is told by the requests inside
	}
	if err == nil {
		return ofClass(x.Msg.Class())
	}
	f := sidecar.FaultOf(err)
	if f.Reason == sidecar.DeadlineExceeded && x.Asked > 0 && x.Asked < minAsked {
		return silent
	}
	return ofFault(f)
}

// minAsked is the shortest time of a client's own, in nanoseconds, in which an
// endpoint should have answered. A client that gives less would else take sound
// endpoints from all others; and if none of its times counted, an endpoint that
// hangs would be kept where all clients bring theirs.
const minAsked = int64(100 * time.Millisecond)

// ofClass judges a reply. A peer that asks for less is alive and yet no proof
// that it should get more: neither a failure nor a reason to readmit.
func ofClass(c sidecar.Class) verdict {
	switch {
	case c.Failed():
		return bad
	case c == sidecar.Overload, c == sidecar.Shed:
		return silent
	default:
		return good
	}
}

func ofFault(f *sidecar.Fault) verdict {
	if f.Has(sidecar.FromClient) || f.Has(sidecar.Stale) {
		return silent
	}
	if f.Has(sidecar.FromPeer) {
		return ofClass(f.Class)
	}
	return ofReason(f.Reason, f.Stage, f.Has(sidecar.Unsent))
}

// ofReason judges what is no reply. A deadline counts if it ran out while the
// endpoint had the request; before that it waited for a connection.
func ofReason(r sidecar.Reason, s sidecar.Stage, unsent bool) verdict {
	switch r {
	case sidecar.ConnectRefused, sidecar.ConnectTimeout, sidecar.ConnectFailed:
		if s == sidecar.StageDial {
			return unreachable
		}
		return bad
	case sidecar.PeerClosed, sidecar.PeerReset, sidecar.BadReply:
		return bad
	case sidecar.AttemptTimedOut, sidecar.DeadlineExceeded:
		if !unsent && s >= sidecar.StageWrite {
			return bad
		}
	case sidecar.StalledOut:
		if s == sidecar.StageRead {
			return bad
		}
	}
	return silent
}
