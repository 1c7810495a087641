package kafka

import (
	"context"

	"sidecar"
)

// Reauthenticate logs in again on a connection that is in use (KIP-368), from
// Conn.Renew on. The relay calls it with nothing under way on the connection and
// nobody else reading or writing it, and bounds it by ctx, at Conn.Expires at the
// latest; whoever wakes the socket ends it too. After a fault the connection is of
// no use. Mechanism and user stay what they were, as brokers demand; a password or
// token that has changed meanwhile is taken.
func (c *Conn) Reauthenticate(ctx context.Context) *sidecar.Fault {
	if now := c.dialer.account.Load(); now.same(c.account) {
		c.account = now
	}
	err := c.dialer.converse(ctx, c.Sock, func(t *conversation) error {
		return c.login(ctx, t, c.auth)
	})
	if err == nil {
		return nil
	}
	f := sidecar.FaultOf(err)
	f.Stage = sidecar.StageRead // the session has long begun
	return f
}
