package kafka

import (
	"net"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/sock"
)

// Client is one client's connection. It is small: until something has come it
// holds no buffer, and no goroutine if it is parked.
type Client struct {
	srv  *Server
	c    *sock.Conn
	ip   []byte
	soft atomic.Bool // it is to end when nothing is under way
	hard atomic.Bool // the grace is over
	mu   sync.Mutex
	act  *active // while Serve runs; guarded by mu against Drain
}

// NewClient takes over a connection; Serve runs it.
func (s *Server) NewClient(c *sock.Conn) *Client {
	cl := &Client{srv: s, c: c}
	if a, ok := c.NetConn().RemoteAddr().(*net.TCPAddr); ok {
		cl.ip = []byte(a.AddrPort().Addr().Unmap().WithZone("").String())
	}
	return cl
}

// Drain asks the connection to end: hard now, otherwise as soon as everything that
// was asked is answered.
func (cl *Client) Drain(hard bool) {
	if hard {
		cl.hard.Store(true)
	}
	cl.soft.Store(true) // before the look at what is under way, see relay.quiet
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

// drains tells whether the client is to be parted from.
func (cl *Client) drains() bool { return cl.soft.Load() || cl.srv.draining.Load() }

// take gives the client the state of an active connection, put ends it.
func (cl *Client) take() *active {
	a := cl.srv.actives.Get().(*active)
	a.cl, a.set = cl, cl.srv.set.Load()
	a.r, a.w = 0, 0
	a.x.Begin(nil, &a.alarms, sidecar.Now()) // it may have served another an hour ago
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
	a.free()
	a.cl, a.set, a.ctx = nil, nil, nil
	cl.srv.actives.Put(a)
}
