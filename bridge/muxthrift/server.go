package muxthrift

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// Settings of a server that may change while it runs.
type Settings struct {
	// Only is Thrift where no client speaks anything else: none is then looked at.
	// Mux: who speaks anything else is told so. Unknown: their first bytes say.
	Only Kind
	// HeaderTimeout is how long a client may take to say enough. Then it gets
	// the Thrift server, which knows what to say to it.
	HeaderTimeout time.Duration
	IdleTimeout   time.Duration // of a connection that has not said anything
	ParkAfter     time.Duration // idle time after which Serve gives the connection up to be parked, 0: never
}

// Params are a server's fixed parts.
type Params struct {
	Thrift *thrift.Server
	Mux    *mux.Server
	Wheel  *sock.Wheel
}

// Server stands in front of a Thrift and a Mux server.
type Server struct {
	p        Params
	set      atomic.Pointer[Settings]
	looks    sync.Pool
	draining atomic.Bool
}

// NewServer makes a server.
func NewServer(p Params, set Settings) *Server {
	srv := &Server{p: p}
	srv.set.Store(&set)
	srv.looks.New = func() any {
		l := new(look)
		l.alarms.Init(p.Wheel, &l.x)
		return l
	}
	return srv
}

// Set changes the settings for connections that come from now on.
func (srv *Server) Set(set Settings) { srv.set.Store(&set) }

// Drain is passed on to both servers.
func (srv *Server) Drain() {
	srv.draining.Store(true)
	srv.p.Thrift.Drain()
	srv.p.Mux.Drain()
}

// Refuse answers a connection that the listener does not take, as far as it has
// said how.
func (srv *Server) Refuse(c *sock.Conn, reason sidecar.Reason) {
	kind := srv.set.Load().Only
	if kind == Unknown && c.Raw() && !c.Look() {
		var b [SniffBytes]byte
		if n, err := c.Peek(b[:], 0); err == nil { // something is there, so it does not wait
			kind = Sniff(b[:n])
		}
	}
	if kind == Mux {
		srv.p.Mux.Refuse(c, reason)
		return
	}
	srv.p.Thrift.Refuse(c, reason)
}

// client is a connection as either of the servers knows it.
type client interface {
	Serve(ctx context.Context) (idle bool)
	Drain(hard bool)
}

// Client is one client's connection.
type Client struct {
	srv  *Server
	c    *sock.Conn
	mu   sync.Mutex // guards what follows
	is   client     // once it is known
	look *look      // while it is found out
	hard bool       // the grace was over before it was known
}

// NewClient takes over a connection; Serve runs it.
func (srv *Server) NewClient(c *sock.Conn) *Client {
	cl := &Client{srv: srv, c: c}
	if srv.set.Load().Only == Thrift { // Mux is looked for: others shall not wait in vain
		cl.become(Thrift)
	}
	return cl
}

// Serve runs the connection until it is closed (false; it has closed the
// connection itself) or idle (true: nothing is held or under way, and Serve is to
// be called again when bytes come).
func (cl *Client) Serve(ctx context.Context) (idle bool) {
	cl.mu.Lock()
	is := cl.is
	cl.mu.Unlock()
	if is == nil {
		kind, idle := cl.find()
		switch {
		case idle:
			return true
		case kind == Unknown:
			cl.c.Close()
			return false
		case kind == HTTP:
			cl.refuseHTTP()
			return false
		case kind != Mux && cl.srv.set.Load().Only == Mux:
			cl.srv.p.Thrift.Refuse(cl.c, sidecar.BadRequest)
			cl.c.Close()
			return false
		}
		is = cl.become(kind)
	}
	return is.Serve(ctx)
}

// become hands the connection to the server of that kind.
func (cl *Client) become(kind Kind) client {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if kind == Mux {
		cl.is = cl.srv.p.Mux.NewClient(cl.c)
	} else {
		cl.is = cl.srv.p.Thrift.NewClient(cl.c)
	}
	if cl.hard {
		cl.is.Drain(true)
	}
	return cl.is
}

// Drain asks the connection to end. One that has not said what it is has nothing
// under way.
func (cl *Client) Drain(hard bool) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.is != nil {
		cl.is.Drain(hard)
		return
	}
	cl.hard = cl.hard || hard
	if l := cl.look; l != nil {
		l.nudged.Store(true)
		l.x.Interrupt(l.x.Gen(), sidecar.Draining)
	}
}
