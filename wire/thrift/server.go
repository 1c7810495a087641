package thrift

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
	Speaks         Choice        // what clients speak; a connection stays with what its first call was in
	MaxFrame       int           // bytes of a call without its frame
	AnyOrder       bool          // replies leave as they come; else in the order of their calls
	HeaderTimeout  time.Duration // of a silence in the middle of a call
	IdleTimeout    time.Duration // of a kept connection without a call
	ParkAfter      time.Duration // idle time after which Serve gives the connection up to be parked, 0: never
	ExposeBackends bool          // tell backends' addresses in exceptions
	CancelOnFIN    bool          // a client's FIN ends its exchange; else it gets its reply
}

// Params are a server's fixed parts.
type Params struct {
	Handler sidecar.Service
	Wheel   *sock.Wheel
	Buffers *sock.Buffers
	Lot     *sock.Lot  // watches clients of waiting exchanges; nil: nobody does
	Room    *sock.Room // what all servers of the process keep of requests; nil: one of its own
	Stats   Stats
	// Refused is told of what came from a client (its address, "" if it has
	// none) and never became an exchange for the handler: bytes that are no
	// call, a call that stopped coming. x has the times, and a Msg if a head was
	// read. It is called once each, before the reply, and keeps no x. nil:
	// nobody.
	Refused func(x *sidecar.Exchange, client string, f *sidecar.Fault)
}

// Server is the local side: it serves Thrift clients, one connection each.
type Server struct {
	handler  sidecar.Service
	means    means
	packing  sync.Pool
	stats    Stats
	refused  func(x *sidecar.Exchange, client string, f *sidecar.Fault)
	set      atomic.Pointer[Settings]
	draining atomic.Bool
	actives  sync.Pool
	members  sync.Pool
}

// NewServer makes a server.
func NewServer(p Params, s Settings) *Server {
	if p.Stats.In == nil {
		p.Stats = NewStats(nil, "")
	}
	if p.Room == nil {
		p.Room = sock.NewRoom(sock.MaxRoom)
	}
	srv := &Server{handler: p.Handler, stats: p.Stats, refused: p.Refused}
	srv.means = means{p.Buffers, p.Room, &srv.packing}
	srv.set.Store(&s)
	forks := NewForks(p.Wheel)
	srv.actives.New = func() any {
		a := &active{turn: turn{srv: srv}}
		a.alarms.Init(p.Wheel, a)
		a.watch.Init(p.Lot, &a.x, srv.finEnds)
		a.call.Hedged(forks)
		return a
	}
	srv.members.New = func() any {
		m := &member{turn: turn{srv: srv}}
		m.alarms.Init(p.Wheel, m)
		m.call.Hedged(forks)
		m.run = m.serve
		return m
	}
	return srv
}

// Set changes the settings for calls that begin from now on.
func (s *Server) Set(set Settings) { s.set.Store(&set) }

// finEnds tells whether the end of a client ends its exchange.
func (s *Server) finEnds() bool { return s.set.Load().CancelOnFIN }

// Drain makes every further reply the last of its connection, but for calls that
// have come already. The listener tells each connection by Client.Drain, too.
func (s *Server) Drain() { s.draining.Store(true) }

// Refuse answers a connection that the listener does not take: with an exception
// if its first call is there already, as it says how to be answered.
func (s *Server) Refuse(c *sock.Conn, reason sidecar.Reason) {
	var in [sock.SmallBuffer]byte
	n, _ := c.TryRead(in[:])
	e, p := s.set.Load().Speaks.detect(in[:n])
	if p != nil {
		return
	}
	why := "no connection is taken any more"
	switch reason {
	case sidecar.TooManyConnections:
		why = "this listener has as many clients as it may"
	case sidecar.BadRequest:
		why = "this listener takes ThriftMux alone: see its thrift.transport"
	}
	m := parcel{Encoding: e}
	m.glimpse(in[:n])
	if _, err := c.Write(exceptionTo(&m, InternalError, "sidecar: "+reason.String()+": "+why), nil); err == nil {
		_ = c.CloseWrite() // the listener closes it in any case
	}
}

// Client is one client's connection. It is small: while nothing is under way
// it holds no buffer, and no goroutine if it is parked.
type Client struct {
	srv   *Server
	c     *sock.Conn
	ip    []byte
	enc   Encoding // once known
	known bool
	hard  atomic.Bool // the grace is over: no exchange begins any more
	mu    sync.Mutex
	act   *active // while Serve runs; guarded by mu against Drain
}

// NewClient takes over a connection; Serve runs it.
func (s *Server) NewClient(c *sock.Conn) *Client {
	cl := &Client{srv: s, c: c}
	if a, ok := c.NetConn().RemoteAddr().(*net.TCPAddr); ok {
		cl.ip = []byte(a.AddrPort().Addr().Unmap().WithZone("").String())
	}
	return cl
}

// Drain asks the connection to end: hard ends what is in flight (the grace is
// over), otherwise an idle one closes soon and a busy one with its next reply.
func (cl *Client) Drain(hard bool) {
	if hard {
		cl.hard.Store(true) // before the look at what is under way, see cutOff
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.act == nil {
		return
	}
	g := sidecar.Gen(cl.act.idle.Load())
	if hard {
		g = cl.act.x.Gen()
		if cl.act.crowd != nil {
			cl.act.crowd.interrupt(sidecar.Draining)
		}
	}
	if g != 0 {
		cl.act.x.Interrupt(g, sidecar.Draining)
	}
}

// take gives the client the state of an active connection, put ends it.
func (cl *Client) take() *active {
	a := cl.srv.actives.Get().(*active)
	a.cl = cl
	a.in, a.r, a.w = cl.srv.means.bufs.Small(), 0, 0
	a.last = 0
	if cl.srv.set.Load().AnyOrder {
		a.crowd = newCrowd()
		a.gate = &a.crowd.gate
	}
	cl.mu.Lock()
	cl.act = a
	cl.mu.Unlock()
	return a
}

func (cl *Client) put(a *active) {
	cl.mu.Lock()
	cl.act = nil
	cl.mu.Unlock()
	a.x.End()
	cl.srv.means.room.Give(cl.srv.means.bufs, a.in)
	a.free()
	a.cl, a.in, a.crowd, a.gate = nil, nil, nil, nil
	cl.srv.actives.Put(a)
}
