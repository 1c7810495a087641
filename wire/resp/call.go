package resp

import "sidecar"

// Call is commands of one client for one server, sent in one piece and answered
// in their order: the sidecar.Message of this package, and one exchange with N
// as many commands. The local side makes and owns it and uses it again; the
// backend's connection opens it. All bytes are valid until Do returns, and nobody
// changes them.
type Call struct {
	// Version is that of the replies: they are given on as they come, so it
	// chooses the connection.
	Version Version
	// Requests are the commands as they go out, whole, one behind the other, and
	// Awaited is how many replies the server gives to them: N, and one for each
	// ASKING before a command.
	Requests []byte
	Awaited  int
	// Row is the first command, Key the first key of it, nil if it has none: they
	// name the call for routes and statistics. Mixed: other commands follow it.
	Row   *Row
	Key   []byte
	Mixed bool
	// Alone: it goes over a connection that nobody else uses, as it is too large
	// to be copied between others. Blocking and all else that binds a client to
	// a connection is a Talk.
	Alone  bool
	Target *Target // where it goes
	Client []byte  // the client's address without its port, nil if it has none
	// Replies takes the replies.
	Replies Replier

	class sidecar.Class
}

// Begin readies the call for another exchange; the fields are then set anew.
func (c *Call) Begin() { c.class = sidecar.NoClass }

// Replier takes replies to where the commands came from.
type Replier interface {
	// Replies takes the Awaited replies, whole, one behind the other, of which so
	// many are errors. The backend's connection calls it once, on the goroutine
	// that owns x, after x.Commit has returned true; b is the connection's and
	// valid until it returns. It waits by x.Block, as everybody does. A Fault
	// that it returns is FromClient.
	Replies(x *sidecar.Exchange, b []byte, errors int) *sidecar.Fault
}

// Rewind tells whether the call may be sent again; it is held whole. What has gone
// may have been executed, so retry also asks whether that does harm.
func (c *Call) Rewind() bool { return true }

// Class is what the replies meant.
func (c *Call) Class() sidecar.Class { return c.class }

// Attr is a part of the first command.
func (c *Call) Attr(sel sidecar.Selector) ([]byte, bool) {
	if c.Mixed && (sel.Attr == sidecar.AttrOperation || sel.Attr == sidecar.AttrOpName) {
		return pipeline, true
	}
	return attrOf(sel, c.Row, c.Key, c.Client, c.Target)
}

// pipeline names calls of several commands.
var pipeline = []byte("pipeline")
