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

	class sidecar.Class
}

// Begin readies the talk for another exchange; the fields are then set anew.
func (t *Talk) Begin() { t.class = sidecar.NoClass }

// Rewind tells whether another server may be tried: none has answered.
func (t *Talk) Rewind() bool { return true }

// Class is what the outcome meant.
func (t *Talk) Class() sidecar.Class { return t.class }

// Attr is a part of the command that began it.
func (t *Talk) Attr(sel sidecar.Selector) ([]byte, bool) {
	return attrOf(sel, t.Row, t.Key, t.Client)
}
