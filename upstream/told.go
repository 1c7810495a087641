package upstream

import (
	"maps"

	"sidecar"
	"sidecar/discovery"
)

// told is what Params.Changed was told last.
type told struct {
	used []discovery.Known
	out  map[string]bool
}

// tellChanged tells of another set; with the lock held.
func (c *Cluster) tellChanged(now int64) {
	if c.params.Changed != nil {
		c.out = c.ejected(now)
		c.params.Changed(c.used, c.out)
	}
}

// tellEjected tells of other endpoints that are ejected, if they are.
func (c *Cluster) tellEjected(now int64) {
	if c.params.Changed == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if out := c.ejected(now); !maps.Equal(out, c.out) {
		c.out = out
		c.params.Changed(c.used, out)
	}
}

// ejected are the addresses of endpoints that are out of use until a time that
// has not come. One whose time has come is asked with the next exchange for it.
func (c *Cluster) ejected(now int64) map[string]bool {
	var out map[string]bool
	for _, e := range c.set.Load().list {
		if e.breaker.Status(now) == sidecar.Closed {
			if out == nil {
				out = map[string]bool{}
			}
			out[e.address] = true
		}
	}
	return out
}
