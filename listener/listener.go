package listener

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
	// Refuse tells the client of a connection beyond the limit so, in the
	// protocol's words, without waiting. The listener closes it.
	Refuse(c *sock.Conn)
	// Drain is called once, before any client's Drain.
	Drain()
}

// Params make a Listener.
type Params struct {
	Name           string
	Address        string // "host:port" or "unix:/path"
	Server         Server
	Lot            *sock.Lot // where idle connections are parked
	MaxConnections int
	IdleTimeout    time.Duration // of a parked connection
	Stats          Stats
	Log            *slog.Logger
}

// Stats are a listener's counts.
type Stats struct {
	Open, Parked      *varz.Gauge
	Accepted, Refused *varz.Counter
}

// NewStats takes a listener's counts from the registry.
func NewStats(r *varz.Registry, name string) Stats {
	s := varz.Source{Listener: name}
	full := varz.Source{Listener: name, Reason: "max_connections"}
	return Stats{
		Open: r.Gauge(varz.ListenerConnections, s), Parked: r.Gauge(varz.ListenerParked, s),
		Accepted: r.Counter(varz.ListenerAccepted, s), Refused: r.Counter(varz.ListenerRefused, full),
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

	idle     atomic.Int64 // Params.IdleTimeout, or what it was set to since
	draining atomic.Bool
}

// Listen binds the address. Nothing is accepted before Run.
func Listen(p Params) (*Listener, error) {
	ln, err := Bind(p.Address)
	if err != nil {
		return nil, fmt.Errorf("listener %q: %w", p.Name, err)
	}
	l := &Listener{p: p, ln: ln, conns: map[*conn]struct{}{}}
	l.SetIdleTimeout(p.IdleTimeout)
	return l, nil
}

// SetIdleTimeout changes Params.IdleTimeout for connections that are parked
// from now on.
func (l *Listener) SetIdleTimeout(d time.Duration) { l.idle.Store(int64(d)) }

// Bind listens on "host:port" or "unix:/path". A socket file that
// nobody listens on is left over from a process that was killed, and replaced.
func Bind(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		return net.Listen("tcp", address)
	}
	ln, err := net.Listen("unix", path)
	if err == nil {
		return ln, nil
	}
	info, serr := os.Lstat(path)
	if serr != nil || info.Mode()&os.ModeSocket == 0 {
		return nil, err
	}
	if c, derr := net.DialTimeout("unix", path, time.Second); derr == nil {
		c.Close()
		return nil, err
	}
	if rerr := os.Remove(path); rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	return net.Listen("unix", path)
}

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
	c := &conn{l: l, c: sock.New(nc), ctx: ctx}
	l.mu.Lock()
	full := len(l.conns) >= l.p.MaxConnections
	if full || l.closed {
		l.mu.Unlock()
		l.p.Stats.Refused.Inc()
		l.p.Server.Refuse(c.c)
		c.c.Close()
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

// remove ends a connection's record.
func (l *Listener) remove(c *conn) {
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	l.p.Stats.Open.Add(-1)
}
