package thrift

import "sidecar"

// Call is one call with its reply: the sidecar.Message of this package. The
// server of a protocol, or a bridge, makes and owns it and uses it again; the
// backend's connection opens it. All bytes are valid until Do returns, and
// nobody changes those of the request.
type Call struct {
	Encoding Encoding // of Payload
	Head     Head     // of Payload
	// Payload is the whole message without its frame.
	Payload []byte
	// Frame is the same with its frame as it came, nil if it came otherwise. It
	// is sent on as it is where the backend is spoken to in that encoding.
	Frame []byte
	// Info are the fields that came with it (THeader's, or what a bridge made
	// of another protocol's contexts): see AppendInfo.
	Info []byte
	// Replies takes the reply.
	Replies Replier

	class sidecar.Class
}

// Reply is what a backend answered: one whole message.
type Reply struct {
	Encoding Encoding // of Payload
	Head     Head
	Payload  []byte // without its frame
	Frame    []byte // with its frame as it came, nil if it is not at hand
	Info     []byte // as Call.Info
}

// Replier takes replies to where the call came from.
type Replier interface {
	// Reply writes r to the caller. The backend's connection calls it once, on
	// the goroutine that owns x, after x.Commit has returned true. The bytes of
	// r are the connection's and valid until it returns. It waits by x.Block, as
	// everybody does. A Fault that it returns is FromClient.
	Reply(x *sidecar.Exchange, r *Reply) *sidecar.Fault
}
