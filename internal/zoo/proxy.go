package zoo

import (
	"net"
	"sync"
	"testing"
)

// Proxy stands in front of a server and can part it from its clients in the
// two ways that networks know: a cut is noticed at once, a stall is not.
type Proxy struct {
	Address string
	target  string
	ln      net.Listener
	wg      sync.WaitGroup

	mu      sync.Mutex
	gate    chan struct{} // closed while bytes pass
	stalled bool
	mute    chan struct{} // closed while answers pass
	muted   bool
	refuse  bool
	conns   map[net.Conn]struct{}
	last    session // that a server has greeted through here
}

// NewProxy starts one; it ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: ln.Addr().String(), target: target, ln: ln, gate: make(chan struct{}), mute: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(p.gate)
	close(p.mute)
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		ln.Close()
		p.Refuse(true)
		p.Stall(false)
		p.Mute(false)
		p.wg.Wait()
	})
	return p
}

// Refuse cuts all connections and closes new ones at once, or takes them again.
func (p *Proxy) Refuse(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = on
	if on {
		for c := range p.conns {
			c.Close()
		}
	}
}

// Cut cuts all connections; new ones are taken.
func (p *Proxy) Cut() {
	p.Refuse(true)
	p.Refuse(false)
}

// Stall keeps all bytes back, or lets them pass.
func (p *Proxy) Stall(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on == p.stalled {
		return
	}
	if p.stalled = on; on {
		p.gate = make(chan struct{})
	} else {
		close(p.gate)
	}
}

// Mute keeps the server's answers back, or lets them pass.
func (p *Proxy) Mute(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on == p.muted {
		return
	}
	if p.muted = on; on {
		p.mute = make(chan struct{})
	} else {
		close(p.mute)
	}
}

// EndSession ends the session that came through here last, at the server and
// behind the back of whoever has it.
func (p *Proxy) EndSession(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	s := p.last
	p.mu.Unlock()
	if err := s.end(p.target); err != nil {
		t.Fatalf("end the session: %v", err)
	}
}

// greets looks for a session in the first bytes of a server.
func (p *Proxy) greets(b []byte) {
	if s, ok := greeted(b); ok {
		p.mu.Lock()
		p.last = s
		p.mu.Unlock()
	}
}

func (p *Proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(c) })
	}
}

func (p *Proxy) serve(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer s.Close()
	if !p.enter(c, s) {
		return
	}
	defer p.leave(c, s)
	var wg sync.WaitGroup
	wg.Go(func() { p.copy(s, c, false) })
	p.copy(c, s, true)
	wg.Wait()
}

func (p *Proxy) copy(to, from net.Conn, answers bool) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 4096)
	for first := true; ; first = false {
		n, err := from.Read(buf)
		if first && answers {
			p.greets(buf[:n])
		}
		p.mu.Lock()
		gate, mute := p.gate, p.mute
		p.mu.Unlock()
		<-gate
		if answers {
			<-mute
		}
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
			return
		}
	}
}

func (p *Proxy) enter(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		p.conns[c] = struct{}{}
	}
	return !p.refuse
}

func (p *Proxy) leave(cs ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		delete(p.conns, c)
	}
}
