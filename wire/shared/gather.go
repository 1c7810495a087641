package shared

import "runtime"

// gather lets others who are ready to go put their requests behind ours, so that
// one write takes them all, and flushes then. On one thread nobody else runs
// between a put and its write: without it each request is a write of its own.
// Who finds enough waiting does not wait for more, and who is nearly alone has
// nobody to wait for. With the lock held, which it gives back. Hot.
func (c *Conn) gather() {
	if c.out.size() < enough {
		if c.out.gathering {
			c.mu.Unlock() // who gathers writes ours too
			return
		}
		if !c.out.busy && c.slots.used >= company {
			c.out.gathering = true
			c.mu.Unlock()
			runtime.Gosched()
			c.mu.Lock()
			c.out.gathering = false
		}
	}
	c.flush()
}
