package resp

import "sidecar"

// Talk is a connection of one client with one server: what MULTI, WATCH,
// SUBSCRIBE and commands that wait begin. The sidecar.Message of an exchange of
// Kind Session, whose Do returns when the client is bound to the server no
// longer, or one of the two has ended.
type Talk struct {
	Version Version
	Row     *Row   // the command that began it
	Key     []byte // its first key, nil without
	Target  *Target
	Client  []byte
	// Relay carries what the two say.
	Relay Relay

	class sidecar.Class
}

// Relay is the client's side of a Talk.
type Relay interface {
	// Relay carries commands and replies between the client and c until neither
	// needs the other any more, or one has ended. The connection calls it once,
	// on the goroutine that owns x, with nothing sent or awaited on c and nothing
	// read ahead; whatever else it starts it joins. It asks x.Commit before the
	// first byte for the client. clean tells that every command it sent was
	// answered: then what is left of the talk at the server (a transaction,
	// watched keys, subscriptions) is undone and the connection used again,
	// whatever f is; else it is closed.
	Relay(x *sidecar.Exchange, c *Exclusive) (clean bool, f *sidecar.Fault)
}

// Begin readies the talk for another exchange; the fields are then set anew.
func (t *Talk) Begin() { t.class = sidecar.NoClass }

// Rewind tells whether another server may be tried: none has answered.
func (t *Talk) Rewind() bool { return true }

// Class is what the outcome meant.
func (t *Talk) Class() sidecar.Class { return t.class }

// Attr is a part of the command that began it.
func (t *Talk) Attr(sel sidecar.Selector) ([]byte, bool) {
	return attrOf(sel, t.Row, t.Key, t.Client, t.Target)
}
