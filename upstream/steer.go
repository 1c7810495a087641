package upstream

import "fmt"

// What a person changes while the process runs, and what is gone with it.

// Eject takes the endpoints of an address out of use until Readmit. They take
// places of max_ejected and may be more than that; the last one in use stays,
// and the error says so.
func (c *Cluster) Eject(address string) error {
	return c.at(address, func(e *endpoint, now int64) error {
		if !e.breaker.Eject(func() bool { return c.quota.force(e.id) }, now) {
			return fmt.Errorf("%s is the last endpoint of %s in use", address, c.params.Name)
		}
		return nil
	})
}

// Readmit takes the endpoints of an address into use again, whatever they are
// out for.
func (c *Cluster) Readmit(address string) error {
	return c.at(address, func(e *endpoint, now int64) error {
		e.breaker.Readmit(now)
		return nil
	})
}

// at does something with each announced endpoint of an address.
func (c *Cluster) at(address string, do func(e *endpoint, now int64) error) error {
	now, found := c.params.Now(), false
	for _, e := range c.set.Load().list {
		if e.address != address {
			continue
		}
		found = true
		if err := do(e, now); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%s has no endpoint %s at present", c.params.Name, address)
	}
	return nil
}

// Reset forgets what was counted against the upstream and its endpoints, and
// what was forced by hand: all are in use, the circuit is closed. It tells how
// many endpoints were out.
func (c *Cluster) Reset() (readmitted int) {
	now := c.params.Now()
	c.guards.circuit.Reset(now)
	for _, e := range c.set.Load().list {
		if e.breaker.Readmit(now) {
			readmitted++
		}
	}
	return readmitted
}
