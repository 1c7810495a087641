package resp

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
	"sidecar/varz"
)

// harness is a server over real sockets whose handler is a script: what a server
// of Redis says to one command.
type harness struct {
	t      testing.TB
	srv    *Server
	bufs   *sock.Buffers
	wheel  *sock.Wheel
	lot    *sock.Lot
	reg    *varz.Registry
	target *Target
	addr   string
	ended  chan struct{} // told of connections that are closed, as far as it has room
	parked chan struct{} // told of connections that are given up to be parked
	plain  atomic.Bool   // the local side goes through net.Conn, as TLS does

	// say answers one command that came to an endpoint; fail, if it is set, ends
	// an exchange without replies.
	say  func(endpoint string, args []string) string
	fail func(x *sidecar.Exchange) error

	mu     sync.Mutex
	calls  []heard
	served []*Client
	conns  map[net.Conn]bool
	work   sync.WaitGroup
}

// heard is an exchange as the handler had it.
type heard struct {
	endpoint   string
	n          int
	idempotent bool
	alone      bool
	commands   []string
	version    Version
}

func settings(t *Target) Settings {
	return Settings{
		Route:         func(*Row, []byte, []byte) *Target { return t },
		HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
	}
}

func newHarness(t testing.TB) *harness {
	h := &harness{
		t: t, conns: map[net.Conn]bool{}, parked: make(chan struct{}, 8), ended: make(chan struct{}, 8), reg: new(varz.Registry),
		bufs: sock.NewBuffers(), wheel: sock.NewWheel(sidecar.Now),
	}
	h.say = func(_ string, args []string) string { return string(AppendBulk(nil, strings.Join(args, " "))) }
	h.target = &Target{Name: "u", Keys: Single(), Counts: NewCounts(h.reg, "u")}
	var err error
	if h.lot, err = sock.NewLot(sidecar.Now); err != nil {
		t.Fatal(err)
	}
	h.srv = NewServer(Params{
		Handler: h, Wheel: h.wheel, Buffers: h.bufs, Lot: h.lot, Stats: NewStats(h.reg, "l"),
	}, settings(h.target))
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
		wrapped := nc
		if h.plain.Load() {
			wrapped = plainConn{nc.(*net.TCPConn)}
		}
		cl := h.srv.NewClient(sock.New(wrapped))
		h.mu.Lock()
		h.conns[nc] = true
		h.served = append(h.served, cl)
		h.mu.Unlock()
		h.work.Go(func() {
			for cl.Serve(context.Background()) {
				h.parked <- struct{}{}
			}
			select {
			case h.ended <- struct{}{}:
			default:
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
	if n := h.srv.means.room.Used(); n != 0 {
		h.t.Errorf("%d bytes of room were not given back", n)
	}
}

// set changes the server's settings.
func (h *harness) set(change func(*Settings)) {
	s := settings(h.target)
	change(&s)
	h.srv.Set(s)
}

func (h *harness) drain(hard bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cl := range h.served {
		cl.Drain(hard)
	}
}

// client connects a scripted client.
func (h *harness) client() *peer.Conn { return peer.Dial(h.t, h.addr) }

// Do is the handler: it has the commands of a call answered by the script.
func (h *harness) Do(_ context.Context, x *sidecar.Exchange) error {
	c := x.Msg.(*Call)
	x.Try(x.Endpoint, 1, x.Now())
	if h.fail != nil {
		if err := h.fail(x); err != nil {
			return err
		}
	}
	var u Burst
	b := append([]byte(nil), c.Requests...)
	if p := u.Read(b); p != nil || len(u.Commands()) != c.Awaited {
		h.t.Errorf("not %d commands: %q", c.Awaited, c.Requests)
		return &sidecar.Fault{Reason: sidecar.Internal}
	}
	e := heard{endpoint: x.Endpoint, n: x.N, idempotent: x.Idempotent, alone: c.Alone, version: c.Version}
	var replies []byte
	errors := 0
	for i := range u.Commands() {
		args := stringsOf(b, u.Args(&u.Commands()[i]))
		if len(b) < 1000 {
			e.commands = append(e.commands, strings.Join(args, " "))
		}
		r := h.say(x.Endpoint, args)
		if IsError([]byte(r)) {
			errors++
		}
		replies = append(replies, r...)
	}
	h.mu.Lock()
	h.calls = append(h.calls, e)
	h.mu.Unlock()
	if !x.Commit(sidecar.Success) {
		return &sidecar.Fault{Reason: sidecar.Internal}
	}
	if f := c.Replies.Replies(x, replies, errors); f != nil {
		return f
	}
	return nil
}

func stringsOf(b []byte, args []Span) []string {
	var list []string
	for _, a := range args {
		list = append(list, string(a.Of(b)))
	}
	return list
}

// heard are the exchanges so far.
func (h *harness) heard() []heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]heard(nil), h.calls...)
}

// value is a metric's value.
func (h *harness) value(d *varz.Desc, s varz.Source) uint64 { return h.reg.Counter(d, s).Value() }

// req is a command in RESP.
func req(words ...string) string { return string(AppendCommand(nil, words...)) }
