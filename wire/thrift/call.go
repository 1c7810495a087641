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

	// Oneway: nothing comes back, whatever type the call says that it is. A layer
	// sets it, see Oneways.
	Oneway bool
	// Client is the caller's address without its port, nil if it has none.
	Client []byte

	class  sidecar.Class
	posted bool // bytes of a oneway call have gone
	forks  *Forks
	second *fork // sends the same call
}

// Begin readies the call for another exchange; the fields are then set anew.
func (c *Call) Begin() {
	c.class, c.Oneway, c.posted, c.second = sidecar.NoClass, false, false, nil
}

// silent tells whether nobody waits for a reply.
func (c *Call) silent() bool { return c.Oneway || c.Head.Type == OnewayType }

// Rewind tells whether the call may be sent again. It is held whole, so only
// bytes of a oneway call that have gone speak against it: nobody says whether it
// was executed.
func (c *Call) Rewind() bool { return !c.posted }

// Class is what the reply meant.
func (c *Call) Class() sidecar.Class { return c.class }

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

// Streamer is a Replier that can take a long reply in pieces.
type Streamer interface {
	// Takes tells whether the caller is spoken to in e, so that the bytes of a
	// framed reply go to it as they are.
	Takes(e Encoding) bool
	// Piece writes the next bytes of a reply, its frame included. The first is
	// written after x.Commit has returned true; see Replier.Reply.
	Piece(x *sidecar.Exchange, p []byte) *sidecar.Fault
}
