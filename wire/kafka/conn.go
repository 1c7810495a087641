package kafka

import (
	"context"
	"errors"

	"sidecar"
	"sidecar/sock"
)

// Conn is a connection to a broker, logged in and not used yet. One session has it
// to itself, and it is closed behind that: a broker ties share sessions and what
// was not answered to its connection.
type Conn struct {
	// Sock is the connection itself; the relay reads and writes it.
	Sock *sock.Conn
	// Expires is when the broker ends the login (KIP-368), 0 for never, by
	// sidecar.Now.
	Expires int64
	// Renew is when to log in again (see Reauthenticate), 0 for never.
	Renew int64

	dialer  *Dialer
	address string   // as the dialer was given it
	account *account // as which it is logged in
	auth    int16    // the broker's highest version of SaslAuthenticate
	used    bool
}

// Status is Closed once the connection has carried a session, its login is about
// to end, or was of another user than connections have now.
func (c *Conn) Status(look bool) sidecar.Status {
	switch {
	case c.used, c.Renew != 0 && c.dialer.params.Now() >= c.Renew, !c.account.same(c.dialer.account.Load()), look && !c.Sock.Look():
		return sidecar.Closed
	}
	return sidecar.Open
}

// Close closes the connection.
func (c *Conn) Close() { c.Sock.Close() }

// Do carries the session of x, whose Msg is a *Talk.
func (c *Conn) Do(_ context.Context, x *sidecar.Exchange) error {
	t, ok := x.Msg.(*Talk)
	if !ok {
		return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.Internal, Err: errMessage}
	}
	if !c.Sock.Look() {
		return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent | sidecar.Stale, Reason: sidecar.PeerClosed, Err: sock.ErrStale}
	}
	c.used = true
	if f := t.Relay.Relay(x, c); f != nil {
		t.class = sidecar.NoClass
		return f
	}
	t.class = sidecar.Success
	return nil
}

var errMessage = errors.New("a message of another protocol")
