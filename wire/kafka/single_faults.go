package kafka

import (
	"errors"
	"fmt"

	"sidecar"
)

// noBroker is the fault of a request for a node that nobody knows.
func noBroker(node int32) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Rejected, Reason: sidecar.NoEndpoints, Err: fmt.Errorf("nobody knows where node %d is", node)}
}

var errSpace = errors.New("the process holds as many bytes of requests and answers as it may")

func noSpace() *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.TooLarge, Err: errSpace}
}

// producersOnly is why a request is not served, and what its sender can do.
func producersOnly(h Head) *Problem {
	what := NameOf(h.Key)
	if a := Of(h.Key); a != nil && a.Kind == Read {
		return &Problem{text: what + " is for consumers, and this listener is for producers only: give them one with mode = \"transparent\""}
	}
	return &Problem{text: what + " is not served: this listener is for producers only (no consumers, transactions or administration); mode = \"transparent\" has everything"}
}
