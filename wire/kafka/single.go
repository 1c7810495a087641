package kafka

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
)

// SingleSettings are what may change while a Single runs.
type SingleSettings struct {
	MaxRequest    int           // bytes of one request
	Held          int           // most bytes of one answer of a broker
	HeaderTimeout time.Duration // of a silence in the middle of a request's head
	IdleTimeout   time.Duration // of a client, and of a connection to a broker, with nothing under way
	StallTimeout  time.Duration // of a message that has begun and does not go on, 0: a minute
	CancelOnFIN   bool          // a client's FIN gives up what it is owed
	// Host and PortOffset change where clients are told to find the sidecar: ""
	// is the address that they have dialled.
	Host       string
	PortOffset int
}

// SingleParams are the fixed parts of a Single.
type SingleParams struct {
	Handler sidecar.Service // performs exchanges whose Msg is a *Talk
	Places  Places          // is told where brokers are; asked for nothing
	// BrokerAt is as in Params.
	BrokerAt func(ctx context.Context, node int32) string
	Wheel    *sock.Wheel
	Buffers  *sock.Buffers
	Room     *sock.Room // what requests and answers are held in; nil: one of its own
	Stats    *Stats     // nil: nobody counts
	// Refused is as in Params: here it is told of clients that ask for what only
	// a cluster has, too.
	Refused func(x *sidecar.Exchange, client string, f *sidecar.Fault)
	// Failed is told of errors in answers, of each topic once a second; it keeps
	// no x. nil: nobody.
	Failed func(x *sidecar.Exchange, f *sidecar.Fault)
}

// Single shows producers a whole cluster as one broker, for those that can reach
// only one address. What they write goes to the leaders of its partitions, each over
// a connection of its own, as the bytes that they sent: so producers that number
// their batches (idempotence) keep what they have of that. It serves ApiVersions,
// Metadata, InitProducerId and Produce; there are no consumers, groups, transactions
// or administration.
//
// A request's answer waits for all its leaders, and answers leave in the order of
// requests: the slowest leader is everybody's pace.
type Single struct {
	params   SingleParams
	set      atomic.Pointer[SingleSettings]
	draining atomic.Bool
	leaders  leaders
	asked    sync.Pool // of *pending
	told     tellings
}

// NewSingle makes one.
func NewSingle(p SingleParams, s SingleSettings) *Single {
	if p.Room == nil {
		p.Room = sock.NewRoom(sock.MaxRoom)
	}
	if p.Stats == nil {
		p.Stats = NewStats(nil, "")
	}
	srv := &Single{params: p}
	srv.asked.New = func() any { return &pending{ready: make(chan struct{}, 1)} }
	srv.Set(s)
	return srv
}

// singleStall is how long a message may stand still where nothing is set.
const singleStall = time.Minute

// Set changes the settings for connections to come.
func (s *Single) Set(set SingleSettings) {
	if set.StallTimeout <= 0 {
		set.StallTimeout = singleStall
	}
	s.set.Store(&set)
}

// Drain makes every connection end with the answers that it is owed.
func (s *Single) Drain() { s.draining.Store(true) }

// Refuse turns away a connection that the listener does not take: Kafka has no
// words for that but a reset.
func (s *Single) Refuse(c *sock.Conn, _ sidecar.Reason) { _ = c.Abort() }

// NewClient takes over a connection; Serve runs it.
func (s *Single) NewClient(c *sock.Conn) *SingleClient {
	cl := &SingleClient{srv: s, c: c, lanes: map[int32]*lane{}} // Drain may come before Serve
	if a, ok := c.NetConn().RemoteAddr().(*net.TCPAddr); ok {
		cl.ip = []byte(a.AddrPort().Addr().Unmap().WithZone("").String())
	}
	cl.in.alarms.Init(s.params.Wheel, &cl.in.x)
	cl.out.alarms.Init(s.params.Wheel, &cl.out.x)
	return cl
}

// place is where the client of c is to find the sidecar.
func (s *SingleSettings) place(c *sock.Conn) singlePlace {
	host, port, err := net.SplitHostPort(c.NetConn().LocalAddr().String())
	if err != nil {
		return singlePlace{}
	}
	n, _ := strconv.ParseInt(port, 10, 32)
	if s.Host != "" {
		host = s.Host
	}
	return singlePlace{host, int32(n) + int32(s.PortOffset)}
}

// take and give get and return what bytes are held in. nil says that the process
// has no room left.
func (s *Single) take(size int) []byte {
	b := s.params.Room.Take(s.params.Buffers, size)
	if b == nil {
		return nil
	}
	return b[:size]
}

func (s *Single) give(b []byte) {
	if b != nil {
		s.params.Room.Give(s.params.Buffers, b[:cap(b)])
	}
}
