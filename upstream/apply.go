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
	c.keeper.SetAllowEmpty(s.AllowEmpty)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.params.Now()
	old := c.stack.Load()
	b := old.balancer
	if a, ok := b.(*balance.Aperture); ok && samePolicy(s.Balance.Policy, old.settings.Balance.Policy) {
		a.Set(s.Balance.Aperture, now)
	} else if !ok && s.Balance.Policy == old.settings.Balance.Policy {
		// A balancer without settings of its own.
	} else {
		b = newBalancer(s.Balance, now)
		b.Update(c.set.Load().nodes(), now)
	}
	c.costs.Set(s.Balance.decay())
	c.budget.Set(s.Retry.Budget, s.Retry.MinPerSecond)
	c.quota.set(s.MaxEjected)
	// Those that are leaving too: one that is announced again goes on.
	for _, e := range slices.Concat(c.set.Load().list, c.leaving) {
		e.pool.Set(s.pool())
		e.breaker.Set(s.Breaker)
	}
	c.stack.Store(c.compose(s, b))
	return nil
}

func samePolicy(a, b string) bool {
	return a == b || (a == "" || a == policyAperture) && (b == "" || b == policyAperture)
}

func newBalancer(b Balance, now int64) Balancer {
	switch b.Policy {
	case policyLeastLoaded:
		return balance.NewLeastLoaded(nil)
	case policyP2C:
		return balance.NewP2C(nil)
	default:
		return balance.NewAperture(b.Aperture, nil, now)
	}
}
