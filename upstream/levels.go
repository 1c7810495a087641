package upstream

import (
	"sidecar/balance"
)

// levels are the settings by which endpoints are put in levels, each with a
// balancer of its own.
func (c *Cluster) levels(b Balance, at balance.Coordinate) balance.LevelsParams {
	return balance.LevelsParams{
		Fresh: func(now int64) balance.Picker { return c.newBalancer(b, at, now) },
		Zone:  b.Zone, Panic: b.Panic, Spilled: c.counters.spilled, Panicked: c.counters.panicked,
	}
}

// adapt gives one balancer other settings and another place among the peers;
// false if it must be replaced.
func (c *Cluster) adapt(p balance.Picker, b Balance, at balance.Coordinate, now int64) bool {
	switch was := p.(type) {
	case *balance.Aperture:
		if at.Known() {
			return false
		}
		was.Set(b.Aperture, now)
	case *balance.Deterministic:
		if !at.Known() {
			return false
		}
		was.Set(b.deterministic(at), now)
	case *balance.Hashed:
		was.Set(c.hashed(b))
	}
	return true // the others have no settings of their own
}

// parts are the balancers of the levels, where they use a part of their
// endpoints each.
type parts []narrow

// parts are none where all endpoints are used.
func (s *stack) parts() parts {
	var all parts
	for _, p := range s.balancer.Pickers() {
		if n, ok := p.(narrow); ok {
			all = append(all, n)
		}
	}
	return all
}

// has tells whether an endpoint is in one of them; true if there are none.
func (p parts) has(id uint64) bool {
	for _, n := range p {
		if n.Has(id) {
			return true
		}
	}
	return len(p) == 0
}

func (p parts) sizes() (size, idle int) {
	for _, n := range p {
		size, idle = size+n.Size(), idle+n.Idle()
	}
	return size, idle
}

// arc is the first of those that are laid by the place among the peers, nil if
// there is none.
func (p parts) arc() placed {
	for _, n := range p {
		if d, ok := n.(placed); ok {
			return d
		}
	}
	return nil
}

// arcPart is how much of an endpoint an arc has.
func (p parts) arcPart(id uint64) float64 {
	for _, n := range p {
		if d, ok := n.(placed); ok && n.Has(id) {
			return d.Part(id)
		}
	}
	return 0
}
