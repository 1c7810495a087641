package thrift

import (
	"context"
	"sync"

	"sidecar"
)

// maxTurns is how many exchanges of one connection are under way at once, where
// replies may leave in any order. What is beyond stays in the socket.
const maxTurns = 64

// crowd is the exchanges of a connection whose replies leave as they come. The
// connection's own goroutine reads calls and begins them; each has a goroutine,
// and one at a time writes.
type crowd struct {
	gate  gate
	slots chan struct{}
	work  sync.WaitGroup
	mu    sync.Mutex
	under map[*member]bool // guarded by mu
}

func newCrowd() *crowd {
	return &crowd{slots: make(chan struct{}, maxTurns), under: map[*member]bool{}}
}

// member is one exchange of a crowd with its own copy of the call: the
// connection's buffer is where the next one is read. Members are pooled.
type member struct {
	turn
	crowd *crowd
	ctx   context.Context
	in    []byte
	run   func() // as a value: a method would be allocated at each start
}

// Expire passes an alarm on to the exchange.
func (m *member) Expire(which uint8, mark uint64) { m.x.Expire(which, mark) }

// launch begins the exchange of the call that b is, on a goroutine of its own. A
// problem says why b is no call.
func (a *active) launch(ctx context.Context, b []byte, set *Settings) *Problem {
	cr := a.crowd
	cr.slots <- struct{}{} // the crowd's members end by themselves, or by Drain
	m := a.srv.members.Get().(*member)
	m.cl, m.crowd, m.ctx, m.gate = a.cl, cr, ctx, &cr.gate
	m.in = a.srv.means.room.Take(a.srv.means.bufs, len(b))
	p := errNoRoom
	if m.in != nil {
		n := copy(m.in, b)
		p = m.take(m.in[:n:n], set)
	}
	if p != nil {
		m.release()
		<-cr.slots
		return p
	}
	cr.mu.Lock()
	cr.under[m] = true
	cr.mu.Unlock()
	m.begin(a.first, a.x.Now())
	cr.work.Add(1)
	go m.run()
	return nil
}

// serve is a member's goroutine.
func (m *member) serve() {
	cr := m.crowd
	var keep bool
	if m.upgrades() {
		keep = m.decline()
	} else {
		keep = m.end(m.srv.handler.Do(m.ctx, &m.x))
	}
	c := m.cl.c
	cr.mu.Lock()
	delete(cr.under, m)
	cr.mu.Unlock()
	m.release()
	<-cr.slots
	if !keep {
		c.WakeRead() // nobody reads on behind half a reply
	}
	cr.work.Done()
}

// release gives the member back.
func (m *member) release() {
	m.free()
	if m.in != nil {
		m.srv.means.room.Give(m.srv.means.bufs, m.in)
	}
	m.in, m.cl, m.crowd, m.ctx, m.gate = nil, nil, nil, nil, nil
	m.srv.members.Put(m)
}

// interrupt ends what is under way.
func (cr *crowd) interrupt(why sidecar.Cause) {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	for m := range cr.under {
		m.x.Interrupt(m.x.Gen(), why)
	}
}

// count is how many exchanges are under way.
func (cr *crowd) count() int {
	cr.mu.Lock()
	defer cr.mu.Unlock()
	return len(cr.under)
}
