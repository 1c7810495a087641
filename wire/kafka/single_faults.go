package kafka

import (
	"errors"
	"fmt"

	"sidecar"
	"sidecar/sock"
)

// noBroker is the fault of a request for a node that nobody knows.
func noBroker(node int32) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Rejected, Reason: sidecar.NoEndpoints, Err: fmt.Errorf("nobody knows where node %d is", node)}
}

func badBroker(p *Problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: p}
}

// lostBroker is the fault of a broker that ended with a request under way.
func lostBroker(s sidecar.Stage, err error) *sidecar.Fault {
	f := &sidecar.Fault{Stage: s, Reason: sidecar.PeerClosed, Err: err}
	if sock.IsReset(err) {
		f.Reason = sidecar.PeerReset
	}
	return f
}

var errSpace = errors.New("the process holds as many bytes of requests and answers as it may")

func noSpace() *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.TooLarge, Err: errSpace}
}

func badAsk(p *Problem) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.BadRequest, Err: p}
}

// producersOnly is why a request is not served, and what its sender can do.
func producersOnly(h Head) *Problem {
	what := NameOf(h.Key)
	if a := Of(h.Key); a != nil && a.Kind == Read {
		return &Problem{text: what + " is for consumers, and this listener is for producers only: give them one with mode = \"transparent\""}
	}
	return &Problem{text: what + " is not served: this listener is for producers only (no consumers, transactions or administration); mode = \"transparent\" has everything"}
}
