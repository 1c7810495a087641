package mux

import "sidecar"

// Call is one dispatch with its reply: the sidecar.Message of this package. The
// server of a protocol, or a bridge, makes and owns it and uses it again; the
// backend's connection opens it. All bytes are valid until Do returns, and
// nobody changes those of the request.
type Call struct {
	// Contexts are the pairs of a Tdispatch as they stand on the wire: a count
	// of two bytes, then for each key and value a length of two bytes and the
	// bytes. Empty is none.
	Contexts []byte
	Dest     []byte // the destination's path, without its length
	Dtab     []byte // the delegations as they stand on the wire, count first. Empty is none
	Payload  []byte
	Client   []byte // the address of who sent it, without port; nil if it has none
	// Labels name the call for routes, statistics and operations; nil: Dest does.
	Labels Labels
	// Replies takes the reply.
	Replies Replier
	// Once: the call must not be sent again once a byte of it has gone, since
	// nobody waits to hear whether it was executed (Thrift's oneway).
	Once bool

	class  sidecar.Class
	posted bool  // bytes of it have gone, or may have
	reply  Reply // the backend's, while it is given on
	forks  *Forks
	second *fork // sends the same call
}

// Begin readies the call for another exchange; the fields are then set anew.
func (c *Call) Begin() { c.class, c.posted, c.second = sidecar.NoClass, false, nil }

// Labels says of a call what only the protocol of its payload knows.
type Labels interface {
	// Attr is as that of sidecar.Message, of c.
	Attr(c *Call, sel sidecar.Selector) ([]byte, bool)
	// Class is what a reply of status OK meant.
	Class(c *Call, reply []byte) sidecar.Class
}

// Status is that of an Rdispatch.
type Status uint8

// The statuses of replies.
const (
	OK Status = iota
	Error
	Nack
)

// Reply is what a backend answered.
type Reply struct {
	Status   Status
	Contexts []byte // as Call.Contexts
	Payload  []byte // a text, unless Status is OK
}

// Replier takes replies to where the call came from.
type Replier interface {
	// Reply writes r to the caller. The backend's connection calls it once, on
	// the goroutine that owns x, after x.Commit has returned true. The bytes of
	// r are the connection's and valid until it returns. It waits by x.Block, as
	// everybody does. A Fault that it returns is FromClient.
	Reply(x *sidecar.Exchange, r *Reply) *sidecar.Fault
}
