package muxthrift

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/peer"
	"sidecar/sock"
	"sidecar/varz"
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// rig is a server that serves both, over a layer and one backend.
type rig struct {
	t     testing.TB
	srv   *Server
	bufs  *sock.Buffers
	room  *sock.Room
	lot   *sock.Lot
	addr  string
	do    sidecar.Service // the leaf behind its layer
	leaf  sidecar.Service
	layer sidecar.Layer
	seen  func(x *sidecar.Exchange, err error)
	shut  func()

	mu     sync.Mutex
	conns  map[net.Conn]bool
	served []*Client
	parked chan struct{} // told of each connection that is parked
	work   sync.WaitGroup
}

// backend is how the endpoint is spoken to.
type backend struct {
	address  string
	mux      bool
	encoding thrift.Encoding
}

const frameLimit = 1 << 20

func newRig(t testing.TB, to backend) *rig {
	r := &rig{t: t, bufs: sock.NewBuffers(), room: sock.NewRoom(64 << 20), conns: map[net.Conn]bool{}, parked: make(chan struct{}, 100), shut: func() {}}
	var err error
	if r.lot, err = sock.NewLot(sidecar.Now); err != nil {
		t.Fatal(err)
	}
	wheel := sock.NewWheel(sidecar.Now)
	layers := LayerParams{Wheel: wheel, Buffers: r.bufs, Room: r.room, MaxFrame: frameLimit}
	r.layer = ToThrift(layers)
	if r.leaf = r.thriftLeaf(to); to.mux {
		r.layer, r.leaf = ToMux(layers), r.muxLeaf(wheel, to)
	}
	r.do = r.layer(r.leaf)
	speaks, _ := thrift.ParseChoice(thrift.Auto, thrift.Auto)
	r.srv = NewServer(Params{
		Wheel: wheel,
		Thrift: thrift.NewServer(thrift.Params{Handler: r, Wheel: wheel, Buffers: r.bufs, Lot: r.lot, Room: r.room},
			thrift.Settings{Speaks: speaks, MaxFrame: frameLimit, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}),
		Mux: mux.NewServer(mux.Params{Handler: r, Wheel: wheel, Buffers: r.bufs, Lot: r.lot, Room: r.room, Labels: Labels{}},
			mux.Settings{MaxFrame: frameLimit, MessageTimeout: 10 * time.Second, IdleTimeout: time.Minute}),
	}, Settings{HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	r.work.Go(func() { r.accept(ln) })
	t.Cleanup(func() { r.close(ln) })
	return r
}

func (r *rig) accept(ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		c := sock.New(nc)
		cl := r.srv.NewClient(c)
		r.mu.Lock()
		r.conns[nc] = true
		r.served = append(r.served, cl)
		r.mu.Unlock()
		r.work.Go(func() {
			for cl.Serve(context.Background()) {
				r.parked <- struct{}{}
				_ = c.WaitRead()
			}
			r.mu.Lock()
			delete(r.conns, nc)
			r.mu.Unlock()
		})
	}
}

func (r *rig) close(ln net.Listener) {
	ln.Close()
	r.mu.Lock()
	for nc := range r.conns {
		nc.Close()
	}
	r.mu.Unlock()
	r.work.Wait()
	r.shut()
	r.lot.Close()
	if n := r.bufs.Out(); n != 0 {
		r.t.Errorf("%d buffers were not given back", n)
	}
	if n := r.room.Used(); n != 0 {
		r.t.Errorf("%d bytes of room were not given back", n)
	}
}

// Do is what stands between the servers and the layers.
func (r *rig) Do(ctx context.Context, x *sidecar.Exchange) error {
	before := x.Msg
	x.Try("backend", 1, x.Now())
	err := r.do.Do(ctx, x)
	if x.Msg != before {
		r.t.Error("the message is another after the layer")
	}
	if r.seen != nil {
		r.seen(x, err)
	}
	return err
}

func (r *rig) muxLeaf(wheel *sock.Wheel, to backend) sidecar.Service {
	d := mux.NewDialer(mux.DialParams{
		Dial: new(net.Dialer).DialContext, Wheel: wheel, Buffers: r.bufs, Room: r.room, Now: sidecar.Now,
		Stats: mux.NewConnStats(new(varz.Registry), "up"),
	}, mux.DialSettings{MaxFrame: frameLimit})
	var once sync.Once
	var c *mux.Conn
	r.shut = func() {
		if c != nil {
			c.Close()
		}
	}
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		once.Do(func() {
			var err error
			if c, err = d.Connect(ctx, to.address); err != nil {
				r.t.Error(err)
			}
		})
		return c.Do(ctx, x)
	})
}

func (r *rig) thriftLeaf(to backend) sidecar.Service {
	d := &thrift.Dialer{Dial: new(net.Dialer).DialContext, Encoding: to.encoding, MaxFrame: frameLimit, Buffers: r.bufs, Room: r.room}
	var mu sync.Mutex
	var idle []*thrift.Conn
	r.shut = func() {
		for _, c := range idle {
			c.Close()
		}
	}
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) (err error) {
		mu.Lock()
		var c *thrift.Conn
		if n := len(idle); n > 0 {
			c, idle = idle[n-1], idle[:n-1]
		}
		mu.Unlock()
		if c == nil {
			if c, err = d.Connect(ctx, to.address); err != nil {
				return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused, Err: err}
			}
		}
		err = c.Do(ctx, x)
		mu.Lock()
		defer mu.Unlock()
		if c.Status(false) == sidecar.Open {
			idle = append(idle, c)
		} else {
			c.Close()
		}
		return err
	})
}

// wrap puts something between the layer and the backend.
func (r *rig) wrap(in func(sidecar.Service) sidecar.Service) { r.do = r.layer(in(r.leaf)) }

func (r *rig) client() *peer.Conn { return peer.Dial(r.t, r.addr) }
