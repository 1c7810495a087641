package listener

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
)

// Client is one client connection of a protocol's server. Serve is called by
// one goroutine at a time, Drain by any.
type Client interface {
	// Serve runs the connection until it is closed (false; it has closed the
	// connection itself) or idle (true: it holds no buffer, nothing is under
	// way, and Serve is to be called again when bytes come).
	Serve(ctx context.Context) (idle bool)
	// Drain asks the connection to end: soft, with its next reply or soon if
	// it is idle; hard, now, whatever is under way.
	Drain(hard bool)
}

// Server is what a protocol gives a listener.
type Server interface {
	// NewClient takes over an accepted connection.
	NewClient(c *sock.Conn) Client
	// Refuse tells the client of a connection that is not taken for what
	// reason, in the protocol's words, without waiting. The listener closes it.
	Refuse(c *sock.Conn, reason sidecar.Reason)
	// Drain is called once, before any client's Drain.
	Drain()
}

// Params make a Listener.
type Params struct {
	Name           string
	Address        string       // "host:port" or "unix:/path"
	Bound          net.Listener // takes the place of Address if it is not nil; the Listener closes it
	Server         Server
	Lot            *sock.Lot // where idle connections are parked
	MaxConnections int
	IdleTimeout    time.Duration // of a parked connection
	Stats          Stats
	Log            *slog.Logger
	TLS            *TLS // nil: clients speak none
}

// Stats are a listener's counts.
type Stats struct {
	Open, Parked *varz.Gauge
	Accepted     *varz.Counter
	Full, Late   *varz.Counter // refused: beyond the limit, after Stop
	Ungreeted    *varz.Counter // refused: no TLS came about
}

// NewStats takes a listener's counts from the registry.
func NewStats(r *varz.Registry, name string) Stats {
	s := varz.Source{Listener: name}
	refused := func(reason sidecar.Reason) *varz.Counter {
		return r.Counter(varz.ListenerRefused, varz.Source{Listener: name, Reason: reason.String()})
	}
	return Stats{
		Open: r.Gauge(varz.ListenerConnections, s), Parked: r.Gauge(varz.ListenerParked, s),
		Accepted: r.Counter(varz.ListenerAccepted, s),
		Full:     refused(sidecar.TooManyConnections), Late: refused(sidecar.ShuttingDown),
		Ungreeted: refused(sidecar.BadRequest),
	}
}

// Listener is one bound address with its connections.
type Listener struct {
	p      Params
	ln     net.Listener
	mu     sync.Mutex
	conns  map[*conn]struct{} // guarded by mu
	closed bool               // no connection is added any more; guarded by mu
	work   sync.WaitGroup     // goroutines of connections
	full   refusals           // owned by Run
	rude   shared             // who cannot greet

	idle     atomic.Int64 // Params.IdleTimeout, or what it was set to since
	draining atomic.Bool
}

// Listen binds the address. Nothing is accepted before Run.
func Listen(ctx context.Context, p Params) (*Listener, error) {
	ln := p.Bound
	if ln == nil {
		var err error
		if ln, err = Bind(ctx, p.Address); err != nil {
			return nil, err
		}
	}
	l := &Listener{p: p, ln: ln, conns: map[*conn]struct{}{}}
	l.SetIdleTimeout(p.IdleTimeout)
	return l, nil
}

// SetIdleTimeout changes Params.IdleTimeout for connections that are parked
// from now on.
func (l *Listener) SetIdleTimeout(d time.Duration) { l.idle.Store(int64(d)) }

// Addr is the bound address.
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// The pause after a failed accept (no descriptors left, mostly) grows from the
// first to the second: without one the loop would spin, and with too long a
// one the listener would stay deaf after the shortage.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// Run accepts connections until Stop. ctx lives as long as the connections and
// serves libraries only; ending it ends nothing here.
func (l *Listener) Run(ctx context.Context) error {
	pause := minAcceptPause
	for {
		nc, err := l.ln.Accept()
		if err == nil {
			pause = minAcceptPause
			l.add(ctx, nc)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		l.p.Log.Warn("accept failed; the listener tries again", "listener", l.p.Name, "error", err, "pause", pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, maxAcceptPause)
	}
}

// add begins a connection, or refuses it if there are too many.
func (l *Listener) add(ctx context.Context, nc net.Conn) {
	c := &conn{l: l, c: sock.New(l.covered(nc)), ctx: ctx}
	l.mu.Lock()
	full, closed := len(l.conns) >= l.p.MaxConnections, l.closed
	if full || closed {
		l.mu.Unlock()
		l.refuse(c.c, closed)
		return
	}
	c.client = l.p.Server.NewClient(c.c)
	l.conns[c] = struct{}{}
	l.work.Add(1)
	l.mu.Unlock()
	l.p.Stats.Accepted.Inc()
	l.p.Stats.Open.Add(1)
	go c.serve()
}

// refuse turns a connection away that came too late or is one too many.
func (l *Listener) refuse(c *sock.Conn, late bool) {
	defer c.Close()
	if late {
		l.p.Stats.Late.Inc()
		l.p.Server.Refuse(c, sidecar.ShuttingDown)
		return
	}
	l.p.Stats.Full.Inc()
	l.p.Server.Refuse(c, sidecar.TooManyConnections)
	if n := l.full.add(sidecar.Now()); n > 0 {
		l.p.Log.Warn("connections refused: the listener has as many clients as it may; raise its max_connections, or see who leaves connections open",
			"listener", l.p.Name, "reason", sidecar.TooManyConnections, "max_connections", l.p.MaxConnections, "refused", n)
	}
}

// remove ends a connection's record.
func (l *Listener) remove(c *conn) {
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	l.p.Stats.Open.Add(-1)
}
