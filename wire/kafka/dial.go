package kafka

import (
	"context"
	"net"
	"sync/atomic"

	"sidecar/sock"
)

// DialSettings are what may be changed while connections are in use, see
// Dialer.Set.
type DialSettings struct {
	// Mechanism is how to log in: "" (not at all), "PLAIN", "SCRAM-SHA-256",
	// "SCRAM-SHA-512" or "OAUTHBEARER".
	Mechanism          string
	Username, Password string
	// Token gives a token for OAUTHBEARER, anew for each login.
	Token func(ctx context.Context) (string, error)
}

// DialParams are what a Dialer is made of; all must be given.
type DialParams struct {
	// Dial makes the socket, TLS included.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Buffers *sock.Buffers
	Now     func() int64
}

// Dialer makes connections to the brokers of one upstream.
type Dialer struct {
	params DialParams
	set    atomic.Pointer[DialSettings]
}

// NewDialer makes one.
func NewDialer(p DialParams, s DialSettings) *Dialer {
	d := &Dialer{params: p}
	d.Set(s)
	return d
}

// Set changes the settings for connections to come.
func (d *Dialer) Set(s DialSettings) { d.set.Store(&s) }

// Connect dials address and logs in.
func (d *Dialer) Connect(ctx context.Context, address string) (*Conn, error) {
	network, address := sock.Network(address)
	nc, err := d.params.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &Conn{Sock: sock.New(nc), dialer: d}, nil
}
