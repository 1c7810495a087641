package kafka

import "sidecar"

// Talk is a connection of a client with a broker: the sidecar.Message of an
// exchange of Kind Session, whose Do returns when one of the two has ended.
type Talk struct {
	// Node is the broker that the client dialled, -1 for any (it bootstraps).
	Node   int32
	Client []byte // the client's address without its port
	// Relay carries what the two say.
	Relay Relay

	class  sidecar.Class
	number [11]byte // Node as text
}

// Relay is the client's side of a Talk.
type Relay interface {
	// Relay carries requests and answers between the client and c until one of
	// them ends. The connection calls it once, on the goroutine that owns x, with
	// nothing sent or awaited on c and nothing read ahead; whatever else it starts
	// it joins. It calls x.Commit when the session is established, before the
	// first byte for the client. c is closed behind it, whatever it returns.
	Relay(x *sidecar.Exchange, c *Conn) *sidecar.Fault
}

// begin readies the talk for another session.
func (t *Talk) begin(node int32, client []byte) {
	t.Node, t.Client, t.class = node, client, sidecar.NoClass
}

// Rewind tells that another broker may be dialled: nothing was relayed.
func (t *Talk) Rewind() bool { return true }

// Class is what the outcome meant.
func (t *Talk) Class() sidecar.Class { return t.class }
