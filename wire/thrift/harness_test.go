package thrift

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
)

// harness is a server with one backend behind it, over real sockets: the least
// that makes both ends meet. Its pool keeps idle connections; what it does per
// exchange is set by fields before the first connection.
type harness struct {
	t       testing.TB
	srv     *Server
	bufs    *sock.Buffers
	wheel   *sock.Wheel
	lot     *sock.Lot
	addr    string // of the local side
	backend string
	speaks  Encoding         // of the backend
	tries   int              // per exchange; a failed one is repeated if it can be rewound
	hold    sidecar.ClassSet // of every try but the last
	timeout time.Duration
	stall   time.Duration
	attempt time.Duration
	hedge   bool                                 // each call is sent by two
	layer   sidecar.Layer                        // nil: none
	parked  atomic.Int64                         // how often a connection was given up to be parked
	plain   atomic.Bool                          // both ends go through net.Conn, as TLS does
	seen    func(x *sidecar.Exchange, err error) // after each exchange

	mu     sync.Mutex
	idle   []*Conn
	served []*Client
	faults []*sidecar.Fault
	dials  int
	conns  map[net.Conn]bool
	work   sync.WaitGroup
}

const testFrame = 1 << 20

func settings() Settings {
	return Settings{Speaks: Choice{AnyTransport: true, AnyProtocol: true}, MaxFrame: testFrame, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
}

func newHarness(t testing.TB, backend string) *harness {
	h := &harness{
		t: t, backend: backend, tries: 1, conns: map[net.Conn]bool{},
		bufs: sock.NewBuffers(), wheel: sock.NewWheel(sidecar.Now),
	}
	var err error
	if h.lot, err = sock.NewLot(sidecar.Now); err != nil {
		t.Fatal(err)
	}
	h.srv = NewServer(Params{Handler: h, Wheel: h.wheel, Buffers: h.bufs, Lot: h.lot}, settings())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = ln.Addr().String()
	h.work.Go(func() { h.accept(ln) })
	t.Cleanup(func() { h.close(ln) })
	return h
}

func (h *harness) accept(ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		cl := h.srv.NewClient(sock.New(h.wrap(nc)))
		h.mu.Lock()
		h.conns[nc] = true
		h.served = append(h.served, cl)
		h.mu.Unlock()
		h.work.Go(func() {
			for cl.Serve(context.Background()) {
				h.parked.Add(1)
			}
			h.mu.Lock()
			delete(h.conns, nc)
			h.mu.Unlock()
		})
	}
}

func (h *harness) close(ln net.Listener) {
	ln.Close()
	h.mu.Lock()
	for nc := range h.conns {
		nc.Close()
	}
	h.mu.Unlock()
	h.work.Wait()
	h.mu.Lock()
	for _, c := range h.idle {
		c.Close()
	}
	h.mu.Unlock()
	h.lot.Close()
	if n := h.bufs.Out(); n != 0 {
		h.t.Errorf("%d buffers were not given back", n)
	}
	if n := h.srv.means.room.Used(); n != 0 {
		h.t.Errorf("%d bytes of room were not given back", n)
	}
}

// set changes the server's settings.
func (h *harness) set(change func(*Settings)) {
	s := settings()
	change(&s)
	h.srv.Set(s)
}

// client connects a scripted client.
func (h *harness) client(t testing.TB) *peer.Conn { return peer.Dial(t, h.addr) }

// Do is the stack between server and backend: a loop over a pool.
func (h *harness) Do(ctx context.Context, x *sidecar.Exchange) error {
	if h.layer == nil && !h.hedge {
		return h.do(ctx, x)
	}
	var s sidecar.Service = sidecar.ServiceFunc(h.do)
	if h.layer != nil {
		s = h.layer(s)
	}
	if h.hedge {
		return h.both(ctx, x, s)
	}
	return s.Do(ctx, x)
}

// both sends x twice at once; whoever has its reply first wins.
func (h *harness) both(ctx context.Context, x *sidecar.Exchange, s sidecar.Service) error {
	m := x.Msg.(sidecar.Forker)
	if !m.Share(x) {
		return s.Do(ctx, x)
	}
	w := &either{x: x}
	x.Hedge = w
	done := make(chan error)
	f := m.Fork()
	f.Hedge, w.y = w, f
	f.RequestDone(f.Now())
	go func() { done <- s.Do(ctx, f) }()
	err := s.Do(ctx, x)
	second := <-done
	x.Forget(sidecar.Lost)
	m.Join(f)
	if second == nil {
		return nil
	}
	return err
}

// either is the one word of two senders: the first to ask wins.
type either struct {
	x, y *sidecar.Exchange
	won  atomic.Bool
}

func (w *either) Wins(x *sidecar.Exchange, _ sidecar.Class) bool {
	if !w.won.CompareAndSwap(false, true) {
		return false
	}
	other := w.x
	if x == w.x {
		other = w.y
	}
	other.Yield(sidecar.Now())
	return true
}

func (w *either) Trying(*sidecar.Exchange, uint64) {}

func (h *harness) do(ctx context.Context, x *sidecar.Exchange) (err error) {
	x.SetTimeout(int64(h.timeout))
	x.SetStall(int64(h.stall))
	if h.seen != nil {
		defer func() { h.seen(x, err) }()
	}
	for i := 0; i < h.tries; i++ {
		if i > 0 && (x.Replied() != 0 || x.Pending()&^sidecar.AttemptDeadline != 0 || !x.Msg.Rewind()) {
			return err
		}
		x.Hold = h.hold
		if i == h.tries-1 {
			x.Hold = 0
		}
		now := sidecar.Now()
		x.Try(h.backend, 1, now)
		x.SetAttemptTimeout(int64(h.attempt), now)
		if err = h.once(ctx, x); err == nil {
			return nil
		}
		f := sidecar.FaultOf(err)
		x.Tries.Last().Reason = f.Reason
		h.mu.Lock()
		h.faults = append(h.faults, f)
		h.mu.Unlock()
		if f.Has(sidecar.Stale) {
			i--
		}
	}
	return err
}

func (h *harness) once(ctx context.Context, x *sidecar.Exchange) error {
	c, err := h.get(ctx)
	if err != nil {
		return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused, Err: err}
	}
	err = c.Do(ctx, x)
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.Status(false) == sidecar.Open {
		h.idle = append(h.idle, c)
	} else {
		c.Close()
	}
	return err
}

func (h *harness) get(ctx context.Context) (*Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.idle); n > 0 {
		c := h.idle[n-1]
		h.idle = h.idle[:n-1]
		return c, nil
	}
	h.dials++
	d := &Dialer{
		Encoding: h.speaks, MaxFrame: testFrame, Buffers: h.bufs, Room: h.srv.means.room,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := dialTCP(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return h.wrap(nc), nil
		},
	}
	return d.Connect(ctx, h.backend)
}

func (h *harness) wrap(nc net.Conn) net.Conn {
	if h.plain.Load() {
		return plainConn{nc.(*net.TCPConn)}
	}
	return nc
}

// plainConn hides that it is a TCP connection, but for its half-close.
type plainConn struct{ *net.TCPConn }

func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// fault is the number-th fault of a try, nil if there was none.
func (h *harness) fault(number int) *sidecar.Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	if number >= len(h.faults) {
		return nil
	}
	return h.faults[number]
}
