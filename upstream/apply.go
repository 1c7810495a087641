package upstream

import (
	"slices"

	"sidecar/balance"
)

// Apply changes the settings. Exchanges under way end with those they began
// with; endpoints with their connections, the budget and what breakers know
// stay as they are.
func (c *Cluster) Apply(s Settings) error {
	if err := s.check(); err != nil {
		return err
	}
	// Before the lock, which the keeper takes when this changes its endpoints.
	c.keeper.SetHold(s.Hold)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.params.Now()
	old := c.stack.Load()
	at := coordinate(&s.Balance, old.at, c.set.Load().apart)
	b := c.balancer(old, s.Balance, at, now)
	c.costs.Set(s.Balance.decay())
	c.budget.Set(s.Retry.Budget, s.Retry.MinPerSecond)
	c.hedges.budget.Set(s.Hedge.MaxExtra, 0)
	c.quota.set(s.MaxEjected)
	c.guards.circuit.Set(s.Circuit)
	// Those that are leaving too: one that is announced again goes on.
	for _, e := range slices.Concat(c.set.Load().list, c.leaving) {
		e.pool.Set(s.pool())
		e.breaker.Set(s.Breaker)
	}
	next := c.compose(s, b, at)
	c.setDelays(next)
	c.stack.Store(next)
	if !s.Subset.equal(&old.settings.Subset) {
		c.take(c.set.Load().all)
	}
	return nil
}

func samePolicy(a, b string) bool {
	return a == b || (a == "" || a == policyAperture) && (b == "" || b == policyAperture)
}

// balancer is the one of the stack old, adapted to other settings and another
// place among the peers, or a new one where that cannot be; with the lock held.
func (c *Cluster) balancer(old *stack, b Balance, at balance.Coordinate, now int64) *balance.Levels {
	keep := samePolicy(b.Policy, old.settings.Balance.Policy)
	for _, p := range old.balancer.Pickers() {
		keep = keep && c.adapt(p, b, at, now) // all are of one kind, so the first decides
	}
	if keep {
		old.balancer.Set(c.levels(b, at), now)
		return old.balancer
	}
	fresh := balance.NewLevels(c.levels(b, at), now)
	fresh.Update(c.set.Load().nodes(), now)
	return fresh
}

// newBalancer is the balancer of a level, without nodes; at is not Known where there is no
// place among peers.
func (c *Cluster) newBalancer(b Balance, at balance.Coordinate, now int64) balance.Picker {
	switch {
	case b.Policy == policyRingHash:
		return balance.NewRingHash(c.hashed(b))
	case b.Policy == policyMaglev:
		return balance.NewMaglev(c.hashed(b))
	case b.Policy == policyLeastLoaded:
		return balance.NewLeastLoaded(nil)
	case b.Policy == policyP2C:
		return balance.NewP2C(nil)
	case at.Known():
		return balance.NewDeterministic(b.deterministic(at))
	default:
		return balance.NewAperture(b.Aperture, nil, now)
	}
}

// hashed are the settings of a policy that goes by a key.
func (c *Cluster) hashed(b Balance) balance.HashedParams {
	return balance.HashedParams{
		Key: b.Hash, Bounded: b.BoundedLoad, Keyless: c.counters.keyless, Overflowed: c.counters.overflowed,
	}
}

// deterministic are the settings of a deterministic aperture: of those of the
// random one the least size alone has a meaning for it.
func (b *Balance) deterministic(at balance.Coordinate) balance.DeterministicParams {
	return balance.DeterministicParams{At: at, MinSize: b.Aperture.MinSize}
}
