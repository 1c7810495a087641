package listener

import (
	"context"
	"time"

	"sidecar/sock"
)

// conn is one connection's place in its listener. It is either served by a
// goroutine or parked.
type conn struct {
	l      *Listener
	c      *sock.Conn
	client Client
	ctx    context.Context
	spot   sock.Spot
}

// serve runs the client until it ends or is parked. Its goroutine is counted
// in l.work.
func (c *conn) serve() {
	defer c.l.work.Done()
	_ = roomy(0)
	if !c.greet() {
		c.l.remove(c)
		return
	}
	for c.client.Serve(c.ctx) {
		c.l.p.Stats.Parked.Add(1)
		if c.l.p.Lot.Park(c.c, c, &c.spot, time.Duration(c.l.idle.Load())) {
			// From here on the lot may call Ready at any time, on another
			// goroutine; only the lot's own lock guards the spot. A drain that
			// began before the Park has passed this connection by.
			if c.l.draining.Load() {
				c.l.p.Lot.Unpark(&c.spot)
			}
			return
		}
		c.l.p.Stats.Parked.Add(-1)
	}
	c.l.remove(c)
}

// roomy grows the goroutine's stack once, while there is next to nothing on it.
// An exchange needs more than the 2 KiB that a goroutine begins with; grown
// twice in its depths, where every frame must be moved, the stack was an eighth
// of what a connection for one request costs.
//
//go:noinline
func roomy(i int) byte {
	var room [stackRoom]byte
	return room[i]
}

// stackRoom and what stands on a new stack already make 8 KiB of it.
const stackRoom = 5 << 10

// Ready takes the connection out of the lot: there are bytes, or its end.
func (c *conn) Ready() {
	c.l.p.Stats.Parked.Add(-1)
	c.l.work.Add(1)
	go c.serve()
}

// Expired closes a connection that has been parked for too long, or that the
// drain found idle.
func (c *conn) Expired() {
	c.l.p.Stats.Parked.Add(-1)
	c.c.Close()
	c.l.remove(c)
}

// Stop closes the listening socket: no connection comes any more.
func (l *Listener) Stop() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.ln.Close()
}

// The times of a drain after the grace: how long a connection that was told
// hard may take to tell its client, and how often the end is looked for.
const (
	hardWait  = time.Second
	drainPoll = 5 * time.Millisecond
)

// Drain ends every connection: asked at first, told when ctx ends (the grace
// is over), closed a second later. It returns when none is left, and how many
// had to be told. Stop comes before it.
func (l *Listener) Drain(ctx context.Context) (forced int) {
	l.p.Server.Drain()
	l.draining.Store(true)
	l.tell(false)
	if !l.await(ctx.Done()) {
		forced = l.tell(true)
		hard := make(chan struct{})
		timer := time.AfterFunc(hardWait, func() { close(hard) })
		if !l.await(hard) {
			l.closeAll()
		}
		timer.Stop()
	}
	l.work.Wait()
	return forced
}

// tell passes the drain on to every connection. Parked ones are taken back
// and serve their last second as any idle one does.
func (l *Listener) tell(hard bool) int {
	l.mu.Lock()
	conns := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	l.mu.Unlock()
	for _, c := range conns {
		l.p.Lot.Unpark(&c.spot)
		c.client.Drain(hard)
	}
	return len(conns)
}

// await waits until no connection is left, or for the signal.
func (l *Listener) await(done <-chan struct{}) bool {
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for {
		l.mu.Lock()
		n := len(l.conns)
		l.mu.Unlock()
		if n == 0 {
			return true
		}
		select {
		case <-done:
			return false
		case <-tick.C:
		}
	}
}

func (l *Listener) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.c.Close()
	}
}
