package http1

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/http"
)

// Settings of a server that may change while it runs.
type Settings struct {
	MaxHeader      int           // bytes of a request head
	HeaderTimeout  time.Duration // from a head's first byte to its last
	IdleTimeout    time.Duration // of a kept connection without a request, and of a tunnel
	ParkAfter      time.Duration // idle time after which Serve gives the connection up to be parked, 0: never
	TrustForwarded bool          // keep the X-Forwarded fields that clients send
	ExposeBackends bool          // tell backends' addresses in error replies
	CancelOnFIN    bool          // a client's FIN ends its exchange; else it gets its reply
}

// Params are a server's fixed parts.
type Params struct {
	Handler sidecar.Service
	Wheel   *sock.Wheel
	Buffers *sock.Buffers
	Lot     *sock.Lot   // watches clients of waiting exchanges; nil: nobody does
	Held    int         // bytes of a request body kept so that it can be sent again
	Pipes   *sock.Pipes // for long bodies; nil: they are copied
	Room    *sock.Room  // what all servers of the process keep of them; nil: one of its own
	Stats   Stats
	// Refused is told of what came from a client (its address, "" if it has
	// none) and never became an exchange for the handler: a head that is none,
	// a body that stopped coming. x has the times, and a Msg if a head was read.
	// It is called once each, before the reply, and keeps no x. nil: nobody.
	Refused func(x *sidecar.Exchange, client string, f *sidecar.Fault)
}

// Server is the local side: it serves HTTP/1 clients, one connection each.
type Server struct {
	handler  sidecar.Service
	wheel    *sock.Wheel
	bufs     *sock.Buffers
	lot      *sock.Lot
	held     int
	room     *sock.Room
	pipes    *sock.Pipes
	dates    http.Dates
	stats    Stats
	refused  func(x *sidecar.Exchange, client string, f *sidecar.Fault)
	set      atomic.Pointer[Settings]
	draining atomic.Bool
	actives  sync.Pool
	forks    sync.Pool
}

// NewServer makes a server.
func NewServer(p Params, s Settings) *Server {
	if p.Stats.In == nil {
		p.Stats = NewStats(nil, "")
	}
	if p.Room == nil {
		p.Room = sock.NewRoom(sock.MaxRoom)
	}
	srv := &Server{handler: p.Handler, wheel: p.Wheel, bufs: p.Buffers, lot: p.Lot, held: p.Held, room: p.Room, stats: p.Stats}
	srv.refused, srv.pipes = p.Refused, p.Pipes
	srv.set.Store(&s)
	srv.forks.New = func() any { return newFork(srv) }
	srv.actives.New = func() any {
		a := &active{srv: srv}
		a.alarms.Init(srv.wheel, a)
		a.msg.watch.Init(srv.lot, &a.x, srv.finEnds)
		return a
	}
	return srv
}

// finEnds tells whether the end of a client ends its exchange.
func (s *Server) finEnds() bool { return s.set.Load().CancelOnFIN }

// Set changes the settings for requests that begin from now on.
func (s *Server) Set(set Settings) { s.set.Store(&set) }

// Drain makes every further reply the last of its connection. The listener
// tells each connection by Client.Drain, too.
func (s *Server) Drain() { s.draining.Store(true) }

// Refuse answers a connection that the listener does not take. What the client has
// sent already is taken first: unread bytes would turn the close into a reset,
// and the answer would be lost. A new socket's buffer takes the answer whole.
func (s *Server) Refuse(c *sock.Conn, reason sidecar.Reason) {
	var drop [sock.SmallBuffer]byte
	_, _ = c.TryRead(drop[:])
	if _, err := c.Write(s.refusal(reason), nil); err == nil {
		_ = c.CloseWrite() // the listener closes it in any case
	}
}

// refusal is the reply to a connection that is not taken.
func (s *Server) refusal(reason sidecar.Reason) []byte {
	why := "this listener has as many clients as it may"
	if reason != sidecar.TooManyConnections {
		why = "no connection is taken any more"
	}
	text := "sidecar: " + reason.String() + ": " + why + "\n"
	to := toClient{close: true, date: s.dates.Text(sidecar.Now())}
	return appendErrorReply(nil, http.StatusOf(&sidecar.Fault{Reason: reason}), reason.String(), text, 0, to, false)
}

// Client is one client's connection. It is small: while nothing is under way
// it holds no buffer, and no goroutine if it is parked.
type Client struct {
	srv  *Server
	c    *sock.Conn
	ip   string
	hard atomic.Bool // the grace is over: no exchange begins any more
	mu   sync.Mutex
	act  *active // while Serve runs; guarded by mu against Drain
}

// NewClient takes over a connection; Serve runs it.
func (s *Server) NewClient(c *sock.Conn) *Client {
	cl := &Client{srv: s, c: c}
	if a, ok := c.NetConn().RemoteAddr().(*net.TCPAddr); ok {
		cl.ip = a.AddrPort().Addr().Unmap().WithZone("").String()
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
	}
	if g != 0 {
		cl.act.x.Interrupt(g, sidecar.Draining)
	}
}

// take gives the client the state of an active connection, put ends it.
func (cl *Client) take() *active {
	a := cl.srv.actives.Get().(*active)
	a.cl = cl
	a.in, a.r, a.w = cl.srv.bufs.Small(), 0, 0
	m := &a.msg
	m.srv, m.client, m.ip = cl.srv, cl.c, append(m.ip[:0], cl.ip...)
	m.headBuf = cl.srv.bufs.Small()[:0]
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
	bufs := cl.srv.bufs
	cl.srv.room.Give(bufs, a.in)
	a.in = nil
	a.msg.releaseReply(bufs)
	a.msg.up.release(cl.srv)
	bufs.Put(a.msg.headBuf[:cap(a.msg.headBuf)])
	a.msg.headBuf, a.msg.in, a.msg.early, a.msg.client = nil, nil, nil, nil
	a.cl = nil
	cl.srv.actives.Put(a)
}

func (m *message) releaseReply(bufs *sock.Buffers) {
	if m.repBuf != nil {
		bufs.Put(m.repBuf)
		m.repBuf = nil
	}
}

// newID makes the request's id.
func (m *message) newID() { makeID(&m.id, rand.Uint64(), rand.Uint64()) }
