package kafka

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
)

// Settings of a server that may change while it runs.
type Settings struct {
	MaxRequest    int           // bytes of one request
	Held          int           // most bytes of an answer that has to be whole to be rewritten
	HeaderTimeout time.Duration // of a silence in the middle of a request's head, and of a login
	IdleTimeout   time.Duration // of a session on which nothing is under way
	StallTimeout  time.Duration // of a message that has begun and does not go on, 0: a minute
	ParkAfter     time.Duration // idle time after which Serve gives up a connection that has said nothing yet, 0: never
	CancelOnFIN   bool          // a client's FIN ends its session; else it gets its answers
	Hints         Hints
	Hidden        []int16 // keys that clients do not see, and may not use
	PassUnknown   bool    // APIs that nobody has reviewed are given on
	Logins        *Logins // how clients log in to the sidecar; nil: logins are the broker's business

	hiding *Hiding
	hints  Places // where hints lead
}

// Hints is what becomes of addresses in answers to Produce and Fetch (KIP-951).
type Hints uint8

// The ways.
const (
	RewriteHints Hints = iota
	StripHints
	CapVersions // clients are told of no version that has them
)

// Params are a server's fixed parts.
type Params struct {
	Handler sidecar.Service // performs exchanges whose Msg is a *Talk
	Places  Places
	// NodeAt is the node that a client has dialled by the local end of its
	// connection: -1 for any; false if no node can be there.
	NodeAt func(c *sock.Conn) (node int32, ok bool)
	// BrokerAt is where node is ("host:port", an endpoint's address), "" if
	// nobody knows after the brokers were asked. It waits no longer than ctx.
	BrokerAt func(ctx context.Context, node int32) string
	Wheel    *sock.Wheel
	Buffers  *sock.Buffers
	Lot      *sock.Lot   // watches clients that wait for a broker; nil: nobody does
	Room     *sock.Room  // what answers are held in that fit no buffer; nil: one of its own
	Pipes    *sock.Pipes // nil: large messages are copied
	// Refused is told of what came from a client (its address, "" if it has
	// none) and never became an exchange for the handler. x has the times. It is
	// called once each and keeps no x. nil: nobody.
	Refused func(x *sidecar.Exchange, client string, f *sidecar.Fault)
	// Failed is told of errors in answers (f.Err is an *AnswerError), at most one a
	// second of a topic. x is made for that: it has the upstream, the endpoint and
	// the times of the request, and is not to be kept. Any session's helper calls
	// it. nil: nobody.
	Failed func(x *sidecar.Exchange, f *sidecar.Fault)
	Stats  *Stats // nil: nobody counts
}

// Server is the local side: it serves Kafka clients, one connection each.
type Server struct {
	params   Params
	set      atomic.Pointer[Settings]
	stats    *Stats
	told     tellings
	draining atomic.Bool
	warm     warmth
	actives  sync.Pool
}

// NewServer makes a server.
func NewServer(p Params, s Settings) *Server {
	if p.Room == nil {
		p.Room = sock.NewRoom(sock.MaxRoom)
	}
	if p.Stats == nil {
		p.Stats = NewStats(new(varz.Registry), "")
	}
	srv := &Server{params: p, stats: p.Stats}
	srv.Set(s)
	srv.actives.New = func() any {
		a := &active{srv: srv}
		a.alarms.Init(p.Wheel, a)
		a.guard.Init(p.Lot, &a.x, a.finEnds)
		a.talk.Relay = &a.relay
		a.relay.init(a)
		return a
	}
	return srv
}

// defaultStall is how long a message may stand still where nothing is set.
const defaultStall = time.Minute

// Set changes the settings for sessions that begin from now on.
func (s *Server) Set(set Settings) {
	if set.StallTimeout <= 0 {
		set.StallTimeout = defaultStall
	}
	set.hiding = NewHiding(set.Hidden, set.PassUnknown, set.Hints)
	set.hints = s.params.Places
	if set.Hints != RewriteHints {
		set.hints = Strip(s.params.Places)
	}
	s.set.Store(&set)
}

// Drain makes every session end when it has nothing under way. The listener tells
// each connection by Client.Drain, too.
func (s *Server) Drain() { s.draining.Store(true) }

// Refuse turns away a connection that the listener does not take: Kafka has no
// words for that but a reset, upon which clients wait and come back.
func (s *Server) Refuse(c *sock.Conn, _ sidecar.Reason) { _ = c.Abort() }
