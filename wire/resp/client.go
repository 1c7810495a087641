package resp

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
)

// Client is one client's connection. It is small: while nothing is under way
// it holds no buffer, and no goroutine if it is parked.
type Client struct {
	srv    *Server
	c      *sock.Conn
	ip     []byte
	state  clientState
	opened opened
	hard   atomic.Bool // the grace is over: no exchange begins any more
	mu     sync.Mutex
	act    *active // while Serve runs; guarded by mu against Drain
}

// NewClient takes over a connection; Serve runs it.
func (s *Server) NewClient(c *sock.Conn) *Client {
	cl := &Client{srv: s, c: c}
	cl.state.start(s.set.Load().env)
	cl.state.id, cl.state.since = s.clients.Add(1), time.Now()
	remote, local := c.NetConn().RemoteAddr(), c.NetConn().LocalAddr()
	if a, ok := remote.(*net.TCPAddr); ok {
		cl.ip = []byte(a.AddrPort().Addr().Unmap().WithZone("").String())
	}
	cl.state.addr, cl.state.laddr = addressOf(remote, local), addressOf(local, local)
	if a, ok := local.(*net.TCPAddr); ok {
		cl.state.host, cl.state.port = a.AddrPort().Addr().Unmap().WithZone("").String(), a.Port
	}
	return cl
}

// addressOf is an end's address as Redis tells it; of a Unix socket, whose
// clients have none, the server's path.
func addressOf(a, local net.Addr) string {
	if a, ok := a.(*net.TCPAddr); ok {
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), uint16(a.Port)).String()
	}
	if local == nil {
		return ""
	}
	return local.String() + ":0"
}

// Drain asks the connection to end: hard ends what is in flight (the grace is
// over), otherwise an idle one closes soon and a busy one with its next reply.
func (cl *Client) Drain(hard bool) {
	if hard {
		cl.hard.Store(true) // before the look at what is under way, see cutOff
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.act == nil {
		return
	}
	g := sidecar.Gen(cl.act.idle.Load())
	if hard {
		g = cl.act.x.Gen()
		cl.act.out.interrupt(sidecar.Draining)
		cl.act.crew.stop(sidecar.Draining)
	}
	if g != 0 {
		cl.act.x.Interrupt(g, sidecar.Draining)
	}
}

// take gives the client the state of an active connection, put ends it.
func (cl *Client) take() *active {
	a := cl.srv.actives.Get().(*active)
	a.cl = cl
	a.in, a.r, a.w = cl.srv.means.bufs.Small(), 0, 0
	a.last, a.at, a.problem = 0, 0, nil
	a.crew.why.Store(0)
	a.burst = Burst{commands: a.burst.commands[:0], args: a.burst.args[:0]}
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
	a.rest()
	cl.srv.means.room.Give(cl.srv.means.bufs, a.in)
	a.cl, a.in = nil, nil
	cl.srv.actives.Put(a)
}
