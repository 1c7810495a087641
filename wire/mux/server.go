package mux

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
)

// Settings of a server that may change while it runs.
type Settings struct {
	MaxFrame       int           // bytes of one message, fragments put together; 0: DefaultMaxFrame
	MaxInFlight    int           // requests of one client under way; 0: DefaultMaxInFlight
	MessageTimeout time.Duration // of a silence within a message
	IdleTimeout    time.Duration // of a session that says nothing and has no request under way
	ParkAfter      time.Duration // idle time after which Serve gives the session up to be parked, 0: never
	ExposeBackends bool          // tell backends' addresses in errors
	CancelOnFIN    bool          // a client's FIN ends its requests; else they get their replies
}

// Params are a server's fixed parts.
type Params struct {
	Handler sidecar.Service
	Wheel   *sock.Wheel
	Buffers *sock.Buffers
	Lot     *sock.Lot  // watches clients that have said their last and wait; nil: nobody does
	Room    *sock.Room // for requests beyond pooled buffers; nil: one of its own
	Labels  Labels     // of every call; nil: their destinations name them
	Stats   Stats
	// Refused is told of what came from a client (its address, "" if it has
	// none) and never became an exchange for the handler. x has the times and no
	// Msg. It is called once each, and keeps no x. nil: nobody.
	Refused func(x *sidecar.Exchange, client string, f *sidecar.Fault)
}

// Server is the local side: it serves Mux clients, one session each.
type Server struct {
	p        Params
	set      atomic.Pointer[Settings]
	most     int          // maxUnsent, but in tests
	unsent   atomic.Int64 // bytes of replies that wait for slow clients, of all
	draining atomic.Bool
	sessions sync.Pool
	flights  sync.Pool
}

// NewServer makes a server.
func NewServer(p Params, set Settings) *Server {
	if p.Room == nil {
		p.Room = sock.NewRoom(sock.MaxRoom)
	}
	if p.Stats.In == nil {
		p.Stats = NewStats(nil, "")
	}
	srv := &Server{p: p, most: maxUnsent}
	srv.Set(set)
	srv.sessions.New = func() any { return newSession(srv) }
	forks := NewForks(p.Wheel)
	srv.flights.New = func() any { return newFlight(srv, forks) }
	return srv
}

// Set changes the settings for messages that come from now on.
func (srv *Server) Set(set Settings) {
	if set.MaxFrame <= 0 {
		set.MaxFrame = DefaultMaxFrame
	}
	if set.MaxInFlight <= 0 {
		set.MaxInFlight = DefaultMaxInFlight
	}
	srv.set.Store(&set)
}

// Drain says that the process is going away. The listener tells each client by
// Client.Drain, too.
func (srv *Server) Drain() { srv.draining.Store(true) }

// Refuse answers a connection that the listener does not take. What the client
// has sent already is taken first: unread bytes would turn the close into a
// reset, and the answer would be lost.
func (srv *Server) Refuse(c *sock.Conn, reason sidecar.Reason) {
	var drop [sock.SmallBuffer]byte
	_, _ = c.TryRead(drop[:])
	if _, err := c.Write(appendError(nil, controlTag, "sidecar: "+reason.String()), nil); err == nil {
		_ = c.CloseWrite() // the listener closes it in any case
	}
}

// Client is one client's connection. While nothing is under way it holds no
// buffer, and no goroutine if it is parked.
type Client struct {
	srv  *Server
	c    *sock.Conn
	ip   []byte
	hard atomic.Bool // the grace is over: no request begins any more

	mu  sync.Mutex // guards what follows
	act *session   // while Serve runs
	terms
}

// NewClient takes over a connection; Serve runs it.
func (srv *Server) NewClient(c *sock.Conn) *Client {
	cl := &Client{srv: srv, c: c}
	if a, ok := c.NetConn().RemoteAddr().(*net.TCPAddr); ok {
		cl.ip = []byte(a.AddrPort().Addr().Unmap().WithZone("").String())
	}
	return cl
}

// Drain asks the client to go: soft, by a Tdrain, after which it is served until
// it has answered that and has its replies; hard, now: what is in flight ends.
func (cl *Client) Drain(hard bool) {
	if hard {
		cl.hard.Store(true) // before the look at what is under way, see session.begin
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	s := cl.act
	switch {
	case s == nil:
		return
	case hard:
		s.interrupt(sidecar.Draining)
	default:
		s.askToGo()
	}
	s.nudge()
}
