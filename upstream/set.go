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
	apart     bool // they stand in several zones

	all       []discovery.Known // what discovery gives out, of which list is the subset
	matching  int               // of all that have the labels of the subset
	unmatched string            // that none has, "" if one does
	met       bool              // there was an endpoint to use, now or before
}

// leftOut is how many endpoints are not used, as they are not in the subset.
func (s *set) leftOut() int { return len(s.all) - len(s.list) }

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

// update makes what discovery announces the set.
func (c *Cluster) update(snap *discovery.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take(snap.Endpoints)
}

// take makes those of all that are in the subset the set: known endpoints stay
// as they are, the others are closed to pickers at once and in limbo from then
// on. With the lock held.
//
// The subset is taken behind what holds endpoints that are gone at once: an
// endpoint that is there with other labels is no loss of the registry's.
func (c *Cluster) take(all []discovery.Known) {
	if c.closed {
		return
	}
	old := c.set.Load()
	used, matching := c.stack.Load().settings.Subset.of(all)
	stays := make(map[*endpoint]bool, len(used))
	next := &set{byAddress: make(map[string]*endpoint, len(used)), all: all, matching: matching, met: old.met || len(used) > 0}
	if next.unmatched = c.stack.Load().settings.Subset.unmatched(len(all), matching); next.unmatched != "" && next.unmatched != old.unmatched {
		c.params.Log.Warn("subset: "+next.unmatched, "upstream", c.params.Name)
	}
	leaving := make(map[identity]*endpoint, len(c.leaving))
	for _, e := range c.leaving {
		leaving[identityOf(e.known.Load().Endpoint)] = e
	}
	for _, k := range used {
		e := c.endpointFor(k, leaving)
		stays[e] = true
		next.list = append(next.list, e)
		next.byAddress[e.address] = e
		next.apart = next.apart || k.Zone != used[0].Zone
	}
	c.leaving = slices.DeleteFunc(c.leaving, func(e *endpoint) bool { return stays[e] })
	c.set.Store(next)
	c.used = used
	c.tellChanged(c.params.Now())
	c.counters.updates.Inc()
	c.stack.Load().balancer.Update(next.nodes(), c.params.Now())
	for _, e := range old.list {
		if !stays[e] {
			c.drop(e)
		}
	}
	for _, e := range c.leaving[:max(0, len(c.leaving)-max(maxLimbo, len(next.list)))] {
		e.until.Store(c.params.Now()) // the longest gone
	}
	c.params.Log.Info("endpoints changed", "upstream", c.params.Name, "endpoints", len(next.list), "left_out", next.leftOut(), "leaving", len(c.leaving))
}

// endpointFor is the endpoint that was announced: the known one, one that was
// removed and has not ended yet, or a new one. With the lock held.
func (c *Cluster) endpointFor(k discovery.Known, leaving map[identity]*endpoint) *endpoint {
	id := identityOf(k.Endpoint)
	e := c.known[id]
	if e != nil {
		e.describe(k)
		return e
	}
	if e = leaving[id]; e != nil && e.revive() {
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
	e.remove(c.params.Now())
}

// reap ends the limbo of endpoints whose time has come, and what is left of
// those that have ended: their series are folded into those of departed
// endpoints. Series of an address that is announced again are in use.
func (c *Cluster) reap(now int64) {
	c.mu.Lock()
	gone := map[string]bool{} // thousands may end together, each with dozens of series
	used := c.set.Load().byAddress
	c.leaving = slices.DeleteFunc(c.leaving, func(e *endpoint) bool {
		if e.expire(now); !e.over() {
			return false
		}
		c.quota.forget(e.id)
		if used[e.address] == nil {
			gone[e.address] = true
		}
		return true
	})
	c.mu.Unlock()
	if len(gone) == 0 {
		return
	}
	c.params.Registry.Remove(func(_ *varz.Desc, s varz.Source) bool {
		return s.Service == c.params.Name && gone[s.Endpoint]
	})
}

// unreachable tells discovery of a dial that failed: what it knows may be old,
// and an endpoint that it holds back from being let go is let go if nobody is
// there.
func (c *Cluster) unreachable(e *endpoint, why sidecar.Reason) {
	c.keeper.Refresh()
	if why == sidecar.ConnectRefused && e.known.Load().Held == discovery.HeldLoss {
		c.keeper.Refuse(e.address)
	}
}
