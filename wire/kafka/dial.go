package kafka

import (
	"context"
	"crypto/tls"
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
	params  DialParams
	account atomic.Pointer[account]
	sounded soundings
}

// NewDialer makes one.
func NewDialer(p DialParams, s DialSettings) *Dialer {
	d := &Dialer{params: p}
	d.Set(s)
	return d
}

// Set changes the settings for connections to come. Those that are logged in stay
// as they are; of those that carry no session yet the ones of another user or
// mechanism are not used any more.
func (d *Dialer) Set(s DialSettings) { d.account.Store(newAccount(s)) }

// Connect dials address and logs in. A broker that nobody has talked to yet, or
// with whom it failed the last time, is asked for its versions first: what speaks
// no Kafka, or wants TLS, is found out here and not by a client. A broker that is
// known is asked no more than the login takes, nothing where there is none.
func (d *Dialer) Connect(ctx context.Context, address string) (*Conn, error) {
	a := d.account.Load()
	s, err := d.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	c := &Conn{Sock: s, dialer: d, address: address, account: a}
	if _, known := d.sounded.get(address); known && a.Mechanism == "" {
		return c, nil
	}
	err = d.converse(ctx, s, func(t *conversation) error { return c.greet(ctx, t, address) })
	if err != nil {
		s.Close()
		return nil, err
	}
	if a.Mechanism != "" {
		return c, nil
	}
	// Whose clients log in by themselves lets each connection ask for the versions
	// once, and closes it at the second time: a client gets one where nobody asked.
	s.Close()
	if c.Sock, err = d.dial(ctx, address); err != nil {
		return nil, err
	}
	return c, nil
}

func (d *Dialer) dial(ctx context.Context, address string) (*sock.Conn, error) {
	network, place := sock.Network(address)
	nc, err := d.params.Dial(ctx, network, place)
	if err != nil {
		return nil, err
	}
	return sock.New(nc), nil
}

// converse lets talk ask the broker, until ctx is over.
func (d *Dialer) converse(ctx context.Context, s *sock.Conn, talk func(*conversation) error) error {
	buf := d.params.Buffers.Large()
	defer d.params.Buffers.Put(buf)
	_, inTLS := s.NetConn().(*tls.Conn)
	t := &conversation{sock: s, ctx: ctx, buf: buf, most: len(buf), inTLS: inTLS, next: firstCorrelation}
	stop := context.AfterFunc(ctx, s.Wake)
	err := talk(t)
	if !stop() && err == nil { // the wake may still be under way
		err = t.unanswered(ctx.Err())
	}
	return err
}

// greet sounds the broker out where it is not known, and logs in.
func (c *Conn) greet(ctx context.Context, t *conversation, address string) error {
	most, known := c.dialer.sounded.get(address)
	if !known {
		versions, err := t.sound()
		if err != nil {
			return err
		}
		most = versionOf(versions, KeySASLAuthenticate)
	}
	if c.account.Mechanism != "" {
		if err := c.login(ctx, t, most); err != nil {
			c.dialer.sounded.forget(address)
			return err
		}
	}
	c.dialer.sounded.put(address, most)
	return nil
}

// Forget has the next connection to address begin as with a broker that nobody
// knows: it has answered something strange.
func (d *Dialer) Forget(address string) { d.sounded.forget(address) }
