package kafka

import (
	"context"
	"encoding/binary"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
)

// stage is a server of ours over real sockets before brokers: one address for
// clients that bootstrap, and one for each node.
type stage struct {
	t      testing.TB
	srv    *Server
	bufs   *sock.Buffers
	wheel  *sock.Wheel
	lot    *sock.Lot
	room   *sock.Room
	pipes  *sock.Pipes
	dialer *Dialer
	addr   string // where clients bootstrap

	clientPlain, brokerPlain atomic.Bool // go through net.Conn, as TLS does

	dials  atomic.Int64
	parked chan struct{}       // told of connections that are given up to be parked
	over   chan error          // what sessions ended with
	turned chan *sidecar.Fault // of connections that were no session
	before func(x *sidecar.Exchange)

	mu      sync.Mutex
	brokers map[int32]string // -1: the seed
	places  map[int32]net.Listener
	nodes   map[string]int32 // by local address
	conns   map[net.Conn]bool
	served  []*Client
	work    sync.WaitGroup
}

func settings() Settings {
	return Settings{
		MaxRequest: 100 << 20, Held: 16 << 20, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, StallTimeout: time.Minute,
	}
}

// newStage makes one before the broker at seed, which is node 1.
func newStage(t testing.TB, seed string) *stage {
	s := &stage{
		t: t, bufs: sock.NewBuffers(), wheel: sock.NewWheel(sidecar.Now), room: sock.NewRoom(sock.MaxRoom), pipes: sock.NewPipes(),
		parked: make(chan struct{}, 64), over: make(chan error, 1024), turned: make(chan *sidecar.Fault, 64),
		brokers: map[int32]string{-1: seed, 1: seed}, places: map[int32]net.Listener{}, nodes: map[string]int32{}, conns: map[net.Conn]bool{},
	}
	var err error
	if s.lot, err = sock.NewLot(sidecar.Now); err != nil {
		t.Fatal(err)
	}
	s.dialer = NewDialer(DialParams{Dial: s.dial, Buffers: s.bufs, Now: sidecar.Now}, DialSettings{})
	s.srv = NewServer(Params{
		Handler: s, Places: s, NodeAt: s.nodeAt, BrokerAt: s.brokerAt, Wheel: s.wheel, Buffers: s.bufs, Lot: s.lot, Room: s.room, Pipes: s.pipes,
		Refused: func(_ *sidecar.Exchange, _ string, f *sidecar.Fault) { s.turned <- f },
	}, settings())
	s.Learn(-1, nil, 0)
	s.addr = s.places[-1].Addr().String()
	t.Cleanup(s.close)
	return s
}

func (s *stage) set(change func(*Settings)) {
	set := settings()
	change(&set)
	s.srv.Set(set)
}

// Learn listens for clients of a node that is new.
func (s *stage) Learn(node int32, host []byte, port int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if node >= 0 {
		s.brokers[node] = net.JoinHostPort(string(host), strconv.Itoa(int(port)))
	}
	if s.places[node] != nil {
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Error(err)
		return
	}
	s.places[node] = ln
	s.nodes[ln.Addr().String()] = node
	s.work.Go(func() { s.accept(ln) })
}

// Place is where clients find a node.
func (s *stage) Place(node int32) (string, int32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ln := s.places[node]
	if ln == nil {
		return "", 0, false
	}
	return "127.0.0.1", int32(ln.Addr().(*net.TCPAddr).Port), true
}

func (s *stage) nodeAt(c *sock.Conn) (int32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	node, ok := s.nodes[c.NetConn().LocalAddr().String()]
	return node, ok
}

func (s *stage) brokerAt(_ context.Context, node int32) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.brokers[node]
}

func (s *stage) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 99)}}
	nc, err := d.DialContext(ctx, network, address)
	if err == nil && s.brokerPlain.Load() {
		return plainConn{nc.(*net.TCPConn)}, nil
	}
	return nc, err
}

// plainConn hides that it is a TCP connection, but for its half-close.
type plainConn struct{ *net.TCPConn }

func (s *stage) accept(ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		wrapped := nc
		if s.clientPlain.Load() {
			wrapped = plainConn{nc.(*net.TCPConn)}
		}
		cl := s.srv.NewClient(sock.New(wrapped))
		s.mu.Lock()
		s.conns[nc] = true
		s.served = append(s.served, cl)
		s.mu.Unlock()
		s.work.Go(func() {
			for cl.Serve(context.Background()) {
				s.parked <- struct{}{}
			}
			s.mu.Lock()
			delete(s.conns, nc)
			s.mu.Unlock()
		})
	}
}

func (s *stage) close() {
	s.mu.Lock()
	for _, ln := range s.places {
		ln.Close()
	}
	for nc := range s.conns {
		nc.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
	s.lot.Close()
	s.pipes.Close()
	if n := s.bufs.Out(); n != 0 {
		s.t.Errorf("%d buffers were not given back", n)
	}
	if n := s.room.Used(); n != 0 {
		s.t.Errorf("%d bytes of room were not given back", n)
	}
	if n := s.pipes.Out(); n != 0 {
		s.t.Errorf("%d pipes were not given back", n)
	}
}

func (s *stage) drain(hard bool) {
	s.srv.Drain()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cl := range s.served {
		cl.Drain(hard)
	}
}

// Do is the handler: a new connection for each session.
func (s *stage) Do(ctx context.Context, x *sidecar.Exchange) error {
	err := s.do(ctx, x)
	select {
	case s.over <- err:
	default:
	}
	return err
}

func (s *stage) do(ctx context.Context, x *sidecar.Exchange) error {
	if s.before != nil {
		s.before(x)
	}
	address := x.Endpoint
	if address == "" {
		address = s.brokerAt(ctx, -1)
	}
	x.Try(address, 1, x.Now())
	s.dials.Add(1)
	s.dialer.sounded.put(address, 2) // scripted brokers are asked nothing beside what clients ask
	c, err := s.dialer.Connect(ctx, address)
	if err != nil {
		return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectFailed, Err: err}
	}
	defer c.Close()
	return c.Do(ctx, x)
}

// client connects a scripted client that bootstraps.
func (s *stage) client() *peer.Conn { return peer.Dial(s.t, s.addr) }

// ended is what the next session to end ended with.
func (s *stage) ended() *sidecar.Fault {
	s.t.Helper()
	select {
	case err := <-s.over:
		return sidecar.FaultOf(err)
	case <-time.After(20 * time.Second):
		s.t.Fatal("no session ended")
		return nil
	}
}

// ask is a request of a client without a name.
func ask(key, version int16, correlation int32, body string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(RequestHead-SizeLen+2+len(body)))
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	b = binary.BigEndian.AppendUint16(b, uint16(version))
	b = binary.BigEndian.AppendUint32(b, uint32(correlation))
	b = append(b, 0xff, 0xff)
	return string(b) + body
}

// tell is an answer.
func tell(correlation int32, body string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(AnswerHead-SizeLen+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(correlation))
	return string(b) + body
}

// Keys whose answers pass as they come: of a plain API, and of one that waits.
const (
	keyHeartbeat int16 = 12
	keyJoin      int16 = 11
)

// beat is a request whose answer passes.
func beat(correlation int32, body string) string { return ask(keyHeartbeat, 0, correlation, body) }
