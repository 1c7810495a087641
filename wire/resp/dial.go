package resp

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/shared"
)

// The sets of connections to each endpoint, in this order: replies are given on
// as they come, so shared connections are of one version each.
const (
	LineRESP2 = iota
	LineRESP3
	LineExclusive
)

// Choose is the set that x goes over. Hot.
func Choose(x *sidecar.Exchange) int {
	call, ok := x.Msg.(*Call)
	switch {
	case !ok || call.Alone || len(call.Requests) > shared.MaxPut:
		return LineExclusive
	case call.Version == RESP3:
		return LineRESP3
	}
	return LineRESP2
}

// DialSettings are what may be changed while connections are in use, see
// Dialer.Set.
type DialSettings struct {
	// Username and Password are those of the server; "" are none. With no
	// username it is the default user's password.
	Username, Password string
	Database           int
	// ReadOnly: replicas of a cluster are asked, which answer only who said so.
	ReadOnly bool
	// MaxReply is the most bytes of the replies to one Call.
	MaxReply int
}

// DialParams are what a Dialer is made of; all but Stats must be given.
type DialParams struct {
	// Dial makes the socket, TLS included; net.Dialer's is the usual one.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Wheel   *sock.Wheel
	Buffers *sock.Buffers
	Room    *sock.Room
	Now     func() int64
	Stats   *ConnStats // nil counts for nobody
}

// Dialer makes connections to the servers of one upstream.
type Dialer struct {
	params DialParams
	set    atomic.Pointer[DialSettings]
	// noReset: a server has answered that it knows no RESET, as those before
	// Redis 6.2 do.
	noReset atomic.Bool

	mu    sync.Mutex
	conns map[*Conn]bool // shared ones that are open
}

// NewDialer makes one.
func NewDialer(p DialParams, s DialSettings) *Dialer {
	if p.Stats == nil {
		p.Stats = NewConnStats(nil, "")
	}
	d := &Dialer{params: p, conns: map[*Conn]bool{}}
	d.set.Store(&s)
	return d
}

// Set changes the settings. Connections made by others carry what is under way to
// its end and nothing further, or some commands would go to the database of
// before for as long as those live. A password alone changes only connections to
// come: a server keeps who has logged in, and may not know the new one yet.
func (d *Dialer) Set(s DialSettings) { d.set.Store(&s) }

// outdated tells that of a connection which was made by such settings. Hot.
func (d *Dialer) outdated(made *DialSettings) bool {
	now := d.set.Load()
	return now != made && (now.Database != made.Database || now.ReadOnly != made.ReadOnly || now.MaxReply != made.MaxReply || now.Username != made.Username)
}

// Connect dials address ("host:port" or "unix:/path") for a shared connection
// of version v and greets the server. For a server that does not speak that
// version it is one that refuses every call: nothing is wrong with the server,
// and clients of the other version shall not be kept from it.
func (d *Dialer) Connect(ctx context.Context, address string, v Version) (*Conn, error) {
	set := d.set.Load()
	var rest []byte
	c, err := d.connect(ctx, address, set.greeting(v), &rest)
	if err != nil {
		return d.refusing(err)
	}
	return d.share(c, set, d.params.Stats.to(address), rest), nil
}

// ConnectExclusive does the same for a connection that one exchange at a time
// has to itself. Its version becomes what the exchange wants.
func (d *Dialer) ConnectExclusive(ctx context.Context, address string) (*Exclusive, error) {
	set := d.set.Load()
	var rest []byte
	c, err := d.connect(ctx, address, set.greeting(RESP2), &rest)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		c.Close()
		return nil, &sidecar.Fault{Reason: sidecar.BadReply, Err: errNobody}
	}
	return &Exclusive{dialer: d, set: set, sock: c, version: RESP2, traffic: d.params.Stats.to(address)}, nil
}

// connect dials and greets. What came behind the greeting is in rest.
func (d *Dialer) connect(ctx context.Context, address string, g greeting, rest *[]byte) (*sock.Conn, error) {
	network, address := sock.Network(address)
	nc, err := d.params.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := sock.New(nc)
	buf := d.params.Buffers.Large()
	defer d.params.Buffers.Put(buf)
	n, err := g.greet(ctx, c, buf)
	if err != nil {
		c.Close()
		return nil, err
	}
	*rest = append(*rest, buf[:n]...)
	return c, nil
}
