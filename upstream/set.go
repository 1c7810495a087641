package upstream

import (
	"math/rand/v2"
	"slices"

	"sidecar"
	"sidecar/balance"
	"sidecar/discovery"
	"sidecar/varz"
)

// set is the endpoints that are announced. Immutable.
type set struct {
	list      []*endpoint
	byAddress map[string]*endpoint
}

// named enters the endpoint of that address; nil if there is none.
func (s *set) named(address string) *endpoint {
	if e := s.byAddress[address]; e != nil && e.enter() {
		return e
	}
	return nil
}

// untried enters an endpoint that x has not tried, those that are not Closed
// first; nil if there is none. It begins anywhere, so that not all go to one.
func (s *set) untried(x *sidecar.Exchange, now int64) *endpoint {
	if len(s.list) == 0 {
		return nil
	}
	start := rand.IntN(len(s.list))
	for _, closedToo := range [...]bool{false, true} {
		for i := range s.list {
			e := s.list[(start+i)%len(s.list)]
			if !x.Tries.Tried(e.id) && (closedToo || e.Status(now) != sidecar.Closed) && e.enter() {
				return e
			}
		}
	}
	return nil
}

func (s *set) nodes() []balance.Node {
	nodes := make([]balance.Node, len(s.list))
	for i, e := range s.list {
		nodes[i] = e
	}
	return nodes
}

// update makes what discovery announces the set: known endpoints stay as they
// are, the others are closed to pickers at once and end when they are empty.
func (c *Cluster) update(snap *discovery.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	old := c.set.Load()
	stays := make(map[*endpoint]bool, len(snap.Endpoints))
	next := &set{byAddress: make(map[string]*endpoint, len(snap.Endpoints))}
	for _, k := range snap.Endpoints {
		e := c.endpointFor(k)
		stays[e] = true
		next.list = append(next.list, e)
		next.byAddress[e.address] = e
	}
	c.set.Store(next)
	c.counters.updates.Inc()
	c.stack.Load().balancer.Update(next.nodes(), c.params.Now())
	for _, e := range old.list {
		if !stays[e] {
			c.drop(e)
		}
	}
	c.params.Log.Info("endpoints changed", "upstream", c.params.Name, "endpoints", len(next.list), "leaving", len(c.leaving))
}

// endpointFor is the endpoint that was announced: the known one, one that was
// removed and has not ended yet, or a new one. With the lock held.
func (c *Cluster) endpointFor(k discovery.Known) *endpoint {
	id := identityOf(k.Endpoint)
	e := c.known[id]
	if e != nil {
		e.describe(k)
		return e
	}
	i := slices.IndexFunc(c.leaving, func(e *endpoint) bool { return identityOf(e.known.Load().Endpoint) == id })
	if i >= 0 && c.leaving[i].revive() {
		e = c.leaving[i]
		c.leaving = slices.Delete(c.leaving, i, i+1)
		e.describe(k)
	} else {
		e = c.newEndpoint(k)
	}
	c.known[id] = e
	c.quota.join(e.id)
	return e
}

// drop takes e out of use; with the lock held.
func (c *Cluster) drop(e *endpoint) {
	delete(c.known, identityOf(e.known.Load().Endpoint))
	c.quota.leave(e.id)
	c.leaving = append(c.leaving, e)
	e.remove()
}

// reap ends what is left of endpoints that have ended: their series are folded
// into those of departed endpoints. Series of an address that is announced
// again are in use.
func (c *Cluster) reap() {
	c.mu.Lock()
	var gone []string
	used := c.set.Load().byAddress
	c.leaving = slices.DeleteFunc(c.leaving, func(e *endpoint) bool {
		if !e.over() {
			return false
		}
		c.quota.forget(e.id)
		if used[e.address] == nil {
			gone = append(gone, e.address)
		}
		return true
	})
	c.mu.Unlock()
	if len(gone) == 0 {
		return
	}
	c.params.Registry.Remove(func(_ *varz.Desc, s varz.Source) bool {
		return s.Service == c.params.Name && s.Endpoint != "" && slices.Contains(gone, s.Endpoint)
	})
}
