package mux

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sidecar/sock"
	"sidecar/wire/shared"
)

// DialSettings are what may be changed while connections are in use: those that
// are made later go by it.
type DialSettings struct {
	// PingPeriod is how often a backend is asked whether it is there, and
	// PingTimeout how long it has to answer; 0 is never.
	PingPeriod, PingTimeout time.Duration
	// MaxFrame is the most bytes of a reply, in fragments or not.
	MaxFrame int
	// Window is how many bytes of a message backends are asked to send in one
	// piece; 0 is any.
	Window int
}

// DialParams are what a Dialer is made of; all but Stats must be given.
type DialParams struct {
	// Dial makes the socket; net.Dialer's is the usual one.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Wheel   *sock.Wheel
	Buffers *sock.Buffers
	Room    *sock.Room
	Now     func() int64
	Stats   *ConnStats // nil counts for nobody
}

// Dialer makes connections to backends, of one upstream.
type Dialer struct {
	params DialParams
	set    atomic.Pointer[DialSettings]

	mu    sync.Mutex
	conns map[*Conn]bool // that are open
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

// Set changes the settings of connections that are made from now on.
func (d *Dialer) Set(s DialSettings) { d.set.Store(&s) }

// Connect dials address ("host:port" or "unix:/path") and greets the server.
func (d *Dialer) Connect(ctx context.Context, address string) (*Conn, error) {
	network, address := sock.Network(address)
	nc, err := d.params.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	set := d.set.Load()
	g := handshake{c: sock.New(nc), buf: d.params.Buffers.Large(), window: set.Window}
	defer func() { d.params.Buffers.Put(g.buf) }()
	if err := g.run(ctx); err != nil {
		g.c.Close()
		return nil, err
	}
	c := &Conn{dialer: d, set: set, window: g.peerWindow}
	p := shared.Params{
		Sock: g.c, Wheel: d.params.Wheel, Buffers: d.params.Buffers, Room: d.params.Room,
		Now: d.params.Now, Most: maxTag - minTag + 1,
	}
	if set.PingPeriod > 0 {
		p.First = d.params.Now() + int64(set.PingPeriod)
	}
	p.Rest = append(p.Rest, g.buf[:g.n]...) // the reader has it when this buffer is back
	c.core = shared.New(p, c)
	d.mu.Lock()
	d.conns[c] = true
	d.mu.Unlock()
	c.core.Start()
	return c, nil
}

// Usage is what all connections have under way.
type Usage struct {
	Conns     int
	Tags      int // in use
	Highest   int // tag ever in use on one of them, 0 if none was
	Abandoned int // of them, those whose replies nobody waits for any more
	Leased    int // connections with a lease that has not run out
	Expired   int // with one that has
}

// Usage counts it.
func (d *Dialer) Usage() (u Usage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.params.Now()
	for c := range d.conns {
		used, abandoned := c.core.Load()
		u.Conns++
		if n := c.core.Highest(); n >= 0 {
			u.Highest = max(u.Highest, minTag+n)
		}
		u.Tags += used
		u.Abandoned += abandoned
		switch until := c.lease.Load(); {
		case until == 0:
		case now < until:
			u.Leased++
		default:
			u.Expired++
		}
	}
	return u
}

func (d *Dialer) forget(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
}
