package resp

import (
	"context"
	"sync"
	"sync/atomic"

	"sidecar"
)

// maxCrew is how many exchanges of one connection are under way at once. Further
// lanes wait for one of them.
const maxCrew = 64

// crew is who runs the lanes of a plan: the connection's own goroutine and, while
// there are several lanes, members beside it.
type crew struct {
	next atomic.Int32  // lane
	left atomic.Int32  // members at work
	told chan struct{} // holds one: the last member is done
	why  atomic.Uint32 // a sidecar.Cause that ends all that is under way

	mu    sync.Mutex
	under []*member // guarded by mu
}

// member is a turn with a goroutine of its own. Members are pooled.
type member struct {
	turn
	ctx    context.Context
	begins func() // as a value: a method would be allocated at each start
}

// Expire passes an alarm on to the exchange.
func (m *member) Expire(which uint8, mark uint64) { m.x.Expire(which, mark) }

// Wake ends the wait for the members.
func (c *crew) Wake() {
	select {
	case c.told <- struct{}{}:
	default:
	}
}

// runLanes brings all lanes of the plan through. It reports whether the client is
// still there.
func (a *active) runLanes(ctx context.Context) bool {
	c, lanes := &a.crew, len(a.plan.lanes)
	c.next.Store(0)
	c.why.Store(0)
	for range min(lanes, maxCrew) - 1 {
		a.enlist(ctx)
	}
	a.work(ctx, &a.turn)
	if lanes > 1 {
		a.muster()
	}
	return sidecar.Cause(c.why.Load()) != sidecar.ClientGone
}

// work runs lanes until none is left.
func (a *active) work(ctx context.Context, t *turn) {
	for {
		i := int(a.crew.next.Add(1)) - 1
		if i >= len(a.plan.lanes) {
			return
		}
		t.run(ctx, &a.plan.lanes[i])
	}
}

// enlist starts one more member.
func (a *active) enlist(ctx context.Context) {
	m := a.srv.members.Get().(*member)
	m.cl, m.a, m.ctx = a.cl, a, ctx
	m.x.Begin(nil, &m.alarms, a.x.Now())
	c := &a.crew
	c.left.Add(1)
	c.mu.Lock()
	c.under = append(c.under, m)
	c.mu.Unlock()
	go m.begins()
}

// serve is a member's goroutine.
func (m *member) serve() {
	a := m.a
	a.work(m.ctx, &m.turn)
	c := &a.crew
	c.mu.Lock()
	for i, other := range c.under {
		if other == m {
			c.under[i] = c.under[len(c.under)-1]
			c.under = c.under[:len(c.under)-1]
			break
		}
	}
	c.mu.Unlock()
	m.x.End()
	m.free()
	m.a, m.cl, m.ctx = nil, nil, nil
	a.srv.members.Put(m)
	if c.left.Add(-1) == 0 {
		c.Wake()
	}
}

// muster waits until the members are done. Meanwhile the client is watched, as it
// is during an exchange.
func (a *active) muster() {
	c := &a.crew
	a.x.Begin(nil, &a.alarms, a.x.Now())
	a.cutOff()
	a.turn.watch.Begin(a.cl.c, &a.alarms, a.x.Now())
	for watched := true; c.left.Load() > 0; {
		if !watched {
			<-c.told // they end by themselves: all they wait for is interrupted
			continue
		}
		if a.x.Block(c) {
			<-c.told
		}
		if why := a.x.Unblock(); why != sidecar.NoCause {
			c.stop(why)
			watched = false
		}
	}
	a.turn.watch.End(&a.alarms)
	select {
	case <-c.told: // of the last one, where nobody waited for it
	default:
	}
}

// stop ends all exchanges of the members, and those to come.
func (c *crew) stop(why sidecar.Cause) {
	c.why.CompareAndSwap(0, uint32(why)) // before the look at what is under way, see cutOff
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.under {
		m.x.Interrupt(m.x.Gen(), why)
	}
}
