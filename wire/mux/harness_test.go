package mux

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
)

// harness is a server over real sockets with a function for a backend.
type harness struct {
	t     testing.TB
	srv   *Server
	bufs  *sock.Buffers
	room  *sock.Room
	lot   *sock.Lot
	addr  string
	do    func(x *sidecar.Exchange, c *Call) error // echo if nil
	plain atomic.Bool                              // the net.Conn path
	told  chan *sidecar.Fault

	mu     sync.Mutex
	conns  map[net.Conn]bool
	served []*Client
	work   sync.WaitGroup
	parked chan struct{} // told of each session that is parked
}

func newHarness(t testing.TB, do func(x *sidecar.Exchange, c *Call) error) *harness {
	h := &harness{
		t: t, bufs: sock.NewBuffers(), room: sock.NewRoom(64 << 20), do: do, conns: map[net.Conn]bool{},
		told: make(chan *sidecar.Fault, 100), parked: make(chan struct{}, 100),
	}
	var err error
	if h.lot, err = sock.NewLot(sidecar.Now); err != nil {
		t.Fatal(err)
	}
	h.srv = NewServer(Params{
		Handler: h, Wheel: sock.NewWheel(sidecar.Now), Buffers: h.bufs, Lot: h.lot, Room: h.room,
		Refused: func(_ *sidecar.Exchange, _ string, f *sidecar.Fault) {
			select {
			case h.told <- f:
			default:
			}
		},
	}, settings())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = ln.Addr().String()
	h.work.Go(func() { h.accept(ln) })
	t.Cleanup(func() { h.close(ln) })
	return h
}

func settings() Settings {
	return Settings{MessageTimeout: 10 * time.Second, IdleTimeout: time.Minute}
}

// set changes the server's settings.
func (h *harness) set(change func(*Settings)) {
	s := settings()
	change(&s)
	h.srv.Set(s)
}

func (h *harness) accept(ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		wrapped := nc
		if h.plain.Load() {
			wrapped = plainConn{nc.(*net.TCPConn)}
		}
		c := sock.New(wrapped)
		cl := h.srv.NewClient(c)
		h.mu.Lock()
		h.conns[nc] = true
		h.served = append(h.served, cl)
		h.mu.Unlock()
		h.work.Go(func() {
			for cl.Serve(context.Background()) {
				h.parked <- struct{}{}
				_ = c.WaitRead()
			}
			h.mu.Lock()
			delete(h.conns, nc)
			h.mu.Unlock()
		})
	}
}

// plainConn hides that it is a TCP connection, but for its half-close.
type plainConn struct{ *net.TCPConn }

func (h *harness) close(ln net.Listener) {
	ln.Close()
	h.mu.Lock()
	for nc := range h.conns {
		nc.Close()
	}
	h.mu.Unlock()
	h.work.Wait()
	h.lot.Close()
	if n := h.bufs.Out(); n != 0 {
		h.t.Errorf("%d buffers were not given back", n)
	}
	if n := h.room.Used(); n != 0 {
		h.t.Errorf("%d bytes of room were not given back", n)
	}
	if n := h.srv.unsent.Load(); n != 0 {
		h.t.Errorf("%d bytes are still counted as unsent", n)
	}
}

// drain tells every client.
func (h *harness) drain(hard bool) {
	h.srv.Drain()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cl := range h.served {
		cl.Drain(hard)
	}
}

// Do is the backend: it answers what do says, or with the payload.
func (h *harness) Do(_ context.Context, x *sidecar.Exchange) error {
	c := x.Msg.(*Call)
	if h.do != nil {
		return h.do(x, c)
	}
	return reply(x, c, &Reply{Payload: c.Payload})
}

// reply answers a call as a backend's connection does.
func reply(x *sidecar.Exchange, c *Call, r *Reply) error {
	if !x.Commit(c.classify(r)) {
		return &sidecar.Fault{Flags: sidecar.FromPeer}
	}
	if f := c.Replies.Reply(x, r); f != nil {
		return f
	}
	return nil
}

// waker is woken by an interrupt.
type waker chan struct{}

func (w waker) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// stay waits until the exchange is interrupted.
func stay(x *sidecar.Exchange) error {
	w := make(waker, 1)
	if x.Block(w) {
		<-w
	}
	return x.Unblock().Fault(sidecar.StageRead)
}

func ask(t testing.TB, h *harness) *peer.Conn { return peer.Dial(t, h.addr) }

// message is a frame as text.
func message(k kind, tag uint32, body string) string {
	return string(append(appendHead(nil, k, tag, len(body)), body...))
}

func dispatch(tag uint32, payload string) string {
	c := Call{Payload: []byte(payload)}
	return string(appendFrames(nil, tdispatch, tag, 0, c.appendDispatchHead(nil, nil), c.Payload))
}

func answered(tag uint32, r Reply) string {
	return string(appendFrames(nil, rdispatch, tag, 0, r.appendReplyHead(nil), r.Payload))
}

func echoed(tag uint32, payload string) string {
	return answered(tag, Reply{Payload: []byte(payload)})
}

// hear reads a frame.
func hear(c *peer.Conn) frame {
	c.T.Helper()
	p := []byte(c.Read(lengthSize))
	p = append(p, c.Read(int(binary.BigEndian.Uint32(p)))...)
	f, n, bad := readFrame(p, 1<<30)
	if n != len(p) || bad != nil {
		c.T.Fatalf("%x: %v", p, bad)
	}
	return f
}

// hearReply reads an Rdispatch.
func hearReply(c *peer.Conn, tag uint32) Reply {
	c.T.Helper()
	f := hear(c)
	var r Reply
	if f.kind != rdispatch || f.tag != tag || r.read(f.body) != nil {
		c.T.Fatalf("got %+v, want an Rdispatch of %d", f, tag)
	}
	return r
}
