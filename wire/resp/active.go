package resp

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
	"sidecar/wire/watch"
)

// active is what a connection needs while it is served: the buffer that bursts
// are read into, the first of its turns, and what has been said and not been
// written. It is pooled.
type active struct {
	turn
	guard   watch.Client
	burst   Burst
	at      int           // of the burst's commands, the first that is not dealt with
	problem *Problem      // what stands behind the burst, nil or More if nothing does
	in      []byte        // bytes from the client; in[r:w] are not used yet
	r, w    int           //
	last    int           // bytes of the burst before
	first   int64         // when the burst's first byte was there
	idle    atomic.Uint64 // generation of the wait for a command, 0 outside it
	said    hold          // replies that are to be written together
	out     out
	rows    []*Row // of the burst's commands, as far as they were looked at
	plan    plan
	crew    crew
	held    bool        // replies were kept back, as some may be followed
	kept    hold        // which they are
	env     *localEnv   // that of the settings which the burst began with
	talker  *talker     // of its first session on
	blocked atomic.Bool // a command waits on the server for what others do
}

// Expire passes an alarm on to the exchange, but for the one that is the
// client's watch.
func (a *active) Expire(which uint8, mark uint64) {
	if which == watch.Alarm {
		a.guard.Expire(mark)
		return
	}
	a.x.Expire(which, mark)
}

// next is what came of the wait for commands.
type next uint8

const (
	nextBurst  next = iota
	nextIdle        // nothing came: the connection can be parked
	nextClosed      // the client has closed, or it is time to, or what came is refused
)

// Serve runs the connection until it is closed (false) or has been idle for
// ParkAfter (true: nothing is held or under way; call Serve again when bytes
// come). It closes the connection itself.
func (cl *Client) Serve(ctx context.Context) (idle bool) {
	a := cl.take()
	defer cl.put(a)
	a.x.Begin(nil, &a.alarms, sidecar.Now()) // it may have served another an hour ago
	for {
		switch a.next() {
		case nextIdle:
			return true
		case nextBurst:
			if a.serve(ctx) {
				continue
			}
		}
		a.out.settle()
		cl.c.Close()
		return false
	}
}

// next waits for commands and reads as many as have come, at least one whole.
// Bytes of a pipelined one may be there already.
func (a *active) next() next {
	for {
		a.forget()
		if a.r == a.w {
			a.r, a.w = 0, 0
			a.shrink()
			if n := a.awaitFirst(); n != nextBurst {
				return n
			}
		}
		n := a.gather()
		if n != nextBurst || len(a.burst.commands) > 0 {
			return n
		}
	}
}

// gather reads until a command is whole, or all that came were empty lines.
func (a *active) gather() next {
	set := a.srv.set.Load()
	a.burst.MaxRequest, a.burst.Guest = set.MaxRequest, a.cl.state.user == ""
	a.first = a.x.Now()
	for waited := false; ; waited = true {
		p := a.cutBurst()
		switch {
		case p == nil || len(a.burst.commands) > 0:
			a.problem = p
			return nextBurst
		case p != More:
			a.refuse(p)
			return nextClosed
		case !a.fitMore():
			a.refuse(errNoRoom)
			return nextClosed
		}
		if n := a.more(set, waited); n != nextBurst {
			return n
		}
	}
}

// forget goes on behind the commands of the burst.
func (a *active) forget() {
	a.last = a.burst.Consumed()
	a.burst.Next()
	a.r += a.last
	a.at = 0
	if cap(a.rows) > keptArgs {
		a.rows = nil
	}
	a.rows = a.rows[:0]
}

// cutBurst cuts what has come into commands. A full buffer tells that more may
// be there: then a larger one is taken, so that a busy client's commands make
// one burst and not many.
func (a *active) cutBurst() *Problem {
	p := a.burst.Read(a.in[a.r:a.w])
	for (p == nil || p == More) && a.w == len(a.in) && a.w-a.r < sock.LargeBuffer && len(a.burst.commands) > 0 {
		a.fit(sock.LargeBuffer)
		n, err := a.cl.c.TryRead(a.in[a.w:])
		if err != nil || n == 0 {
			break // the end is met again, by who waits for more
		}
		a.w += n
		p = a.burst.Read(a.in[a.r:a.w])
	}
	return p
}

// more waits for more of a command that is not whole.
func (a *active) more(set *Settings, waited bool) next {
	now := a.x.Now()
	end := a.first + patience.Held(int64(set.HeaderTimeout), a.w-a.r)
	if !waited { // almost every burst is whole at once and takes no time
		a.wait(set.HeaderTimeout)
		a.cutOff()
	}
	if now >= end {
		a.refused(stalled(errSlow))
		return nextClosed
	}
	a.x.SetStall(min(int64(set.HeaderTimeout), end-now))
	a.x.Moved(now)
	switch n, err := a.read(); {
	case err == sock.ErrWoken && a.x.Pending() == sidecar.Draining:
		a.refused(sidecar.Draining.Fault(sidecar.StageRead))
		return nextClosed
	case err == sock.ErrWoken:
		a.refused(stalled(errStalled))
		return nextClosed
	case err != nil:
		return nextClosed // half a command: nobody is there to be told
	default:
		a.w += n
		return nextBurst
	}
}

// awaitFirst waits for the first byte of a command on an idle connection.
func (a *active) awaitFirst() next {
	set := a.srv.set.Load()
	limit, result := set.IdleTimeout, nextClosed
	if set.ParkAfter > 0 && set.ParkAfter < limit && a.cl.c.Raw() {
		limit, result = set.ParkAfter, nextIdle
	}
	for {
		draining := a.srv.draining.Load()
		if draining {
			limit, result = min(limit, patience.DrainIdle), nextClosed
		}
		a.wait(limit)
		a.idle.Store(uint64(a.x.Gen()))
		// Others have replies to write meanwhile, and then the client's next command
		// is there more often: a read that finds nothing costs a call of its own, and
		// the poller's. Half of those are spared so, and more go in one write to the
		// server.
		runtime.Gosched()
		// Drain sets draining first and looks at idle then; here it is the
		// other way round, so that one of the two sees the other.
		if a.srv.draining.Load() != draining {
			a.idle.Store(0)
			continue
		}
		n, err := a.read()
		a.idle.Store(0)
		switch {
		case err == nil:
			a.w = n
			return nextBurst
		case err != sock.ErrWoken:
			return nextClosed
		case a.x.Pending() == sidecar.Stalled && !a.out.busy():
			return result
		case a.x.Pending() == sidecar.Draining && a.cl.hard.Load():
			return nextClosed
		}
	}
}

// wait starts a generation for waits of the connection's own, ended by limit.
func (a *active) wait(limit time.Duration) {
	now := a.x.Now()
	a.x.Begin(nil, &a.alarms, now)
	a.x.SetStall(int64(limit))
	a.x.Moved(now)
}

var errBroken = errors.New("resp: the client takes no more replies")

// read waits for bytes from the client. ErrWoken: the wait was ended, by the
// limit or a drain.
func (a *active) read() (int, error) {
	if !a.x.Block(readSide{a.cl.c}) {
		a.x.Unblock()
		return 0, sock.ErrWoken
	}
	n, err := a.cl.c.Read(a.in[a.w:])
	cause := a.x.Unblock()
	if cause == sidecar.NoCause {
		if err == sock.ErrWoken {
			err = errBroken // by whom nothing more could be written
		}
		return n, err
	}
	a.cl.c.RearmRead()
	if n > 0 {
		return n, nil // they came just in time; the next wait meets the cause
	}
	if err == io.EOF {
		return 0, err
	}
	return 0, sock.ErrWoken
}

// readSide and writeSide wake who reads a client, and who writes to it: a client
// that takes its replies slowly has a goroutine for these, and the two must not
// end each other's waits.
type (
	readSide  struct{ c *sock.Conn }
	writeSide struct{ c *sock.Conn }
)

// Wake ends the wait of who reads.
func (s readSide) Wake() { s.c.WakeRead() }

// Wake ends the wait of who writes.
func (s writeSide) Wake() { s.c.WakeWrite() }
