package resp

import (
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
)

// Settings of a server that may change while it runs.
type Settings struct {
	Route          Route         // where commands go; needed if Only is nil
	Only           *Target       // where all of them go, so that nobody need ask
	MaxRequest     int           // bytes of one command, 0 for Redis' own limit
	HeaderTimeout  time.Duration // of a silence in the middle of a command
	IdleTimeout    time.Duration // of a kept connection without a command
	ParkAfter      time.Duration // idle time after which Serve gives the connection up to be parked, 0: never
	StallTimeout   time.Duration // of a client that takes nothing of its replies, 0: a minute
	ExposeBackends bool          // tell backends' addresses in errors
	CancelOnFIN    bool          // a client's FIN ends its exchange; else it gets its replies
	Local          LocalSettings // what is answered here

	env *localEnv
}

// Params are a server's fixed parts.
type Params struct {
	Handler sidecar.Service // performs exchanges whose Msg is a *Call or a *Talk
	Wheel   *sock.Wheel
	Buffers *sock.Buffers
	Lot     *sock.Lot  // watches clients of waiting exchanges; nil: nobody does
	Room    *sock.Room // what all servers of the process keep of requests and replies; nil: one of its own
	Stats   Stats
	// Refused is told of what came from a client (its address, "" if it has
	// none) and never became an exchange for the handler: bytes that are no
	// command, one that stopped coming. x has the times. It is called once
	// each, before the reply, and keeps no x. nil: nobody.
	Refused func(x *sidecar.Exchange, client string, f *sidecar.Fault)
}

// means are what connections have to hold bytes with.
type means struct {
	bufs *sock.Buffers
	room *sock.Room
}

// Server is the local side: it serves Redis clients, one connection each.
type Server struct {
	handler  sidecar.Service
	means    means
	stats    Stats
	refused  func(x *sidecar.Exchange, client string, f *sidecar.Fault)
	set      atomic.Pointer[Settings]
	draining atomic.Bool
	clients  atomic.Int64 // so far: the last one's id
	learnt   Learnt
	actives  sync.Pool
	members  sync.Pool
	outboxes sync.Pool
}

// NewServer makes a server.
func NewServer(p Params, s Settings) *Server {
	if p.Stats.In == nil {
		p.Stats = NewStats(nil, "")
	}
	if p.Room == nil {
		p.Room = sock.NewRoom(sock.MaxRoom)
	}
	srv := &Server{handler: p.Handler, means: means{p.Buffers, p.Room}, stats: p.Stats, refused: p.Refused}
	srv.Set(s)
	srv.actives.New = func() any {
		a := &active{turn: turn{srv: srv}}
		a.turn.a, a.turn.watch = a, &a.guard
		a.alarms.Init(p.Wheel, a)
		a.guard.Init(p.Lot, &a.x, a.finEnds)
		a.crew.told = make(chan struct{}, 1)
		return a
	}
	srv.members.New = func() any {
		m := &member{turn: turn{srv: srv}}
		m.alarms.Init(p.Wheel, m)
		m.begins = m.serve
		return m
	}
	srv.outboxes.New = func() any {
		o := new(outbox)
		o.alarms.Init(p.Wheel, o)
		o.run = o.drain
		return o
	}
	return srv
}

// Set changes the settings for bursts that begin from now on.
func (s *Server) Set(set Settings) {
	set.env = set.Local.env()
	set.env.learnt = &s.learnt
	s.set.Store(&set)
}

// finEnds tells whether the end of a client ends its exchange. A command that
// waits for what others do is no reply to somebody who has said all: as with
// Redis, nothing is popped for a client that has ended.
func (a *active) finEnds() bool { return a.blocked.Load() || a.srv.set.Load().CancelOnFIN }

// Drain makes every further reply the last of its connection, but for commands
// that have come already. The listener tells each connection by Client.Drain, too.
func (s *Server) Drain() { s.draining.Store(true) }

// Refuse answers a connection that the listener does not take, as Redis does:
// at once, without waiting for a command.
func (s *Server) Refuse(c *sock.Conn, reason sidecar.Reason) {
	b := AppendOwnError(nil, reason.String(), "no connection is taken any more")
	if reason == sidecar.TooManyConnections {
		b = AppendError(nil, maxClients)
	}
	if _, err := c.Write(b, nil); err == nil {
		_ = c.CloseWrite() // the listener closes it in any case
	}
}
