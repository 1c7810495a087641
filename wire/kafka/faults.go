package kafka

import (
	"errors"
	"fmt"
	"io"

	"sidecar"
	"sidecar/sock"
)

var (
	errNowhere      = errors.New("no node is at the address that the client dialled")
	errNoRoom       = &Problem{text: "the process holds as many bytes of answers as it may"}
	errSlowHead     = &Problem{text: "half a request came, and nothing further"}
	errSlowLogin    = &Problem{text: "a client has not logged in soon enough: this listener has users, see security.protocol and sasl.mechanism of the client"}
	errStray        = &Problem{text: "the broker has answered what nobody asked"}
	errLongFront    = &Problem{text: "a request begins with a name that fits no buffer"}
	errLongStranger = &Problem{text: "a request of more than 512 KiB of a client that has not logged in"}
	errHalf         = errors.New("the client ended in the middle of a request")
	errParted       = errors.New("the client ended, and its broker does not answer what it had asked")
	errExpired      = errors.New("the login at the broker is over, and answers are owed")
)

// unknownNode is a broker that nobody knows.
type unknownNode struct{ node int32 }

func (u *unknownNode) Error() string {
	return fmt.Sprintf("the cluster has no node %d: a client has it from before it left, or it has not come yet", u.node)
}

func noNode(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Rejected, Reason: sidecar.NoEndpoints, Err: err}
}

func badRequest(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Rejected, Reason: sidecar.BadRequest, Err: err}
}

func slowHead() *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Timeout, Reason: sidecar.StalledOut, Err: errSlowHead}
}

func slowLogin() *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient | sidecar.Timeout, Reason: sidecar.StalledOut, Err: errSlowLogin}
}

func badAnswer(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.BadReply, Err: err}
}

func tooLarge(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.TooLarge, Err: err}
}

// brokerEnded is the fault of a broker that ended before everything was answered.
func brokerEnded(s sidecar.Stage, err error) *sidecar.Fault {
	reason := sidecar.PeerClosed
	if sock.IsReset(err) {
		reason = sidecar.PeerReset
	}
	return &sidecar.Fault{Stage: s, Reason: reason, Err: err}
}

// hungUp is the error of a broker that closes instead of answering: brokers do so
// where nobody has logged in, and to what they do not understand.
func hungUp(key int16, c *Conn) error {
	name := "a request"
	if a := Of(key); a != nil {
		name = a.Name
	}
	if c.account == nil || c.account.Mechanism != "" {
		return fmt.Errorf("the broker closed instead of answering %s: %w", name, io.EOF)
	}
	return fmt.Errorf("the broker closed instead of answering %s: does it want a login? See mechanism in [upstream.X.kafka]: %w", name, io.EOF)
}

// clientEnded is that of a client which has gone, or takes no more.
func clientEnded(err error) *sidecar.Fault {
	return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromClient, Reason: sidecar.ClientLeft, Err: err}
}

// allowed is why a request may not be sent, nil if it may. Kafka has no answer to
// what is not allowed that each client understands, but to close.
func (a *active) allowed(h Head) *sidecar.Fault {
	if p := a.set.hiding.Refuse(h.Key, h.Version); p != nil && h.Key != KeyAPIVersions {
		return badRequest(p)
	}
	return nil
}
