package shared

import (
	"sidecar"
	"sidecar/sock"
)

// flush writes what waits, as far as the socket takes it at once, unless
// somebody writes already; what is left is the writer's. With the lock held,
// which it gives back. Hot.
func (c *Conn) flush() {
	if c.out.busy || c.why != nil {
		c.mu.Unlock()
		return
	}
	c.out.busy = true
	var err error
	for range rounds {
		b := c.out.next()
		if len(b) == 0 {
			break
		}
		c.mu.Unlock()
		var n int
		n, err = c.params.Sock.TryWrite(b, nil)
		c.mu.Lock()
		c.out.off += n
		c.makeRoom()
		if err != nil || c.why != nil {
			break
		}
	}
	c.out.busy = c.out.size() > 0 && (err == nil || err == sock.ErrAgain) && c.why == nil
	c.out.left = c.out.busy
	rouse := c.out.left || c.why != nil
	c.mu.Unlock()
	if err != nil && err != sock.ErrAgain {
		c.broken(err)
	}
	if rouse {
		c.rouseWriter()
	}
}

func (c *Conn) rouseWriter() {
	select {
	case c.rouse <- struct{}{}:
	default:
	}
}

// write is the writer: it goes on where callers would have to wait. It ends
// with the connection, and not before the last caller's write is over: what had
// left by then is what is told.
func (c *Conn) write() {
	defer close(c.stopped)
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.why == nil || c.out.busy {
		if !c.out.left {
			c.mu.Unlock()
			<-c.rouse
			c.mu.Lock()
			continue
		}
		b := c.out.next()
		if c.why != nil || len(b) == 0 {
			c.out.busy, c.out.left = false, false
			continue
		}
		c.mu.Unlock()
		n, err := c.params.Sock.Write(b[:min(len(b), MaxPut)], nil)
		if err != nil {
			c.broken(err)
		}
		c.mu.Lock()
		c.out.off += n
		c.makeRoom()
	}
}

// broken ends the connection because it takes no more. Replies may have come
// before that, which the reader still finds: after a failed write a raw read
// does not wait. Elsewhere that is not known.
func (c *Conn) broken(err error) {
	f := ended(err)
	if !c.params.Sock.Raw() {
		c.End(f)
		return
	}
	c.mu.Lock()
	if c.why == nil {
		c.why = &f
		c.over.Store(true)
		c.timer.Arm(0, 0)
		c.makeRoom()
	}
	c.mu.Unlock()
	c.rouseWriter()
}

// ended is the fault of a connection that err ended.
func ended(err error) sidecar.Fault {
	f := sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerClosed, Err: err}
	if sock.IsReset(err) {
		f.Reason = sidecar.PeerReset
	}
	return f
}
