package thrift

import (
	"sync"

	"sidecar"
	"sidecar/sock"
)

// gate lets one of the exchanges of a connection write at a time, in the order
// in which they came to it. Who waits, waits by its exchange: a client that takes
// nothing holds up nobody beyond that one's own times.
type gate struct {
	mu    sync.Mutex
	taken bool
	// broken: what was written last broke off, and nothing can follow.
	broken bool
	queue  []*pass // at most one for each exchange of the connection
}

// pass is a wait at a gate. It is its own Waker.
type pass struct {
	told chan struct{} // holds one; nil before the first wait
	let  bool          // it has the gate; guarded by the gate's mu
}

// Wake ends the wait.
func (p *pass) Wake() {
	select {
	case p.told <- struct{}{}:
	default:
	}
}

// ready readies p for a wait.
func (p *pass) ready() {
	p.let = false
	if p.told == nil {
		p.told = make(chan struct{}, 1)
	}
	select {
	case <-p.told: // of a wait before
	default:
	}
}

// enter waits by p until x may write; a fault if something ended the wait, or
// nothing can be written any more, and then x may not.
func (g *gate) enter(x *sidecar.Exchange, p *pass) *sidecar.Fault {
	g.mu.Lock()
	switch {
	case g.broken:
		g.mu.Unlock()
		return untakable(sock.ErrWoken)
	case !g.taken:
		g.taken = true
		g.mu.Unlock()
		return nil
	}
	p.ready()
	g.queue = append(g.queue, p)
	g.mu.Unlock()
	x.Moved(x.Now())
	if x.Block(p) {
		<-p.told
	}
	cause := x.Unblock()
	g.mu.Lock()
	let, broken := p.let, g.broken
	if cause == sidecar.NoCause && !broken { // only the gate has told
		g.mu.Unlock()
		return nil
	}
	for i, q := range g.queue {
		if q == p {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			break
		}
	}
	g.mu.Unlock()
	if let {
		g.leave(false)
	}
	if cause == sidecar.NoCause {
		return untakable(sock.ErrWoken)
	}
	f := cause.Fault(sidecar.StageWrite)
	if f.Reason == sidecar.StalledOut {
		f.Flags |= sidecar.FromClient
	}
	return f
}

// leave lets the next one in; broken tells that nothing can be written any more.
func (g *gate) leave(broken bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.broken = g.broken || broken
	if len(g.queue) == 0 {
		g.taken = false
		return
	}
	p := g.queue[0]
	g.queue = append(g.queue[:0], g.queue[1:]...)
	p.let = true
	p.Wake()
}
