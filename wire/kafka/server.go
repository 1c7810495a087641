package kafka

import (
	"context"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
)

// Settings of a server that may change while it runs.
type Settings struct {
	MaxRequest    int           // bytes of one request
	Held          int           // most bytes of an answer that is held to be rewritten, but for those that must be
	HeaderTimeout time.Duration // of a silence in the middle of a request's head, and of a login
	IdleTimeout   time.Duration // of a session on which nothing is under way
	Hints         Hints
	Hidden        []int16 // keys that clients do not see, and may not use
	PassUnknown   bool    // APIs that nobody has reviewed are given on
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
	Lot      *sock.Lot
	Room     *sock.Room
	Pipes    *sock.Pipes
	Refused  func(x *sidecar.Exchange, client string, f *sidecar.Fault)
}

// Server is the local side: it serves Kafka clients, one connection each.
type Server struct {
	params   Params
	set      atomic.Pointer[Settings]
	draining atomic.Bool
}

// NewServer makes a server.
func NewServer(p Params, s Settings) *Server {
	srv := &Server{params: p}
	srv.Set(s)
	return srv
}

// Set changes the settings for sessions that begin from now on.
func (s *Server) Set(set Settings) { s.set.Store(&set) }
