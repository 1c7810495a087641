package told

import "sidecar"

// Meaning is a reason in words, for clients that read a sentence beside the code;
// the code itself where there is no more to say.
func Meaning(r sidecar.Reason) string {
	switch r {
	case sidecar.NoRoute:
		return "no route matches"
	case sidecar.NoEndpoints:
		return "no endpoint of the service is known"
	case sidecar.ConnectRefused, sidecar.ConnectFailed:
		return "no endpoint of the service could be connected to"
	case sidecar.ConnectTimeout:
		return "no endpoint of the service could be connected to in time"
	case sidecar.PoolExhausted:
		return "too many requests wait for a connection already"
	case sidecar.PeerClosed, sidecar.PeerReset:
		return "the backend closed the connection before its reply"
	case sidecar.BadReply:
		return "the backend's reply breaks the protocol"
	case sidecar.StalledOut:
		return "the request or the reply stopped in the middle"
	case sidecar.AttemptTimedOut, sidecar.DeadlineExceeded:
		return "there was no reply in time"
	case sidecar.TooManyRequests, sidecar.BulkheadFull:
		return "too many requests are under way"
	case sidecar.BreakerOpen:
		return "the service fails too often and is left alone for a while"
	case sidecar.ShuttingDown:
		return "the sidecar is ending"
	}
	return r.String()
}
