package upstream

import "sidecar/upstream/breaker"

// keptTale is what the log has been told of an endpoint that fails and is not
// ejected: a service that is wholly down would else leave no line. Upkeep has
// it, so that who fails half of its requests writes no line for each turn.
type keptTale struct {
	told bool
	well int // looks in a row that found it well since
}

// settled is how many looks must find an endpoint well before that is told.
const settled = 5

// tellKept tells the log when e has begun to fail and is kept, and when it has
// come out of that by itself; for an ejection there are lines of its own.
func (c *Cluster) tellKept(e *endpoint) {
	t, s := &e.kept, e.breaker.Snapshot()
	switch {
	case s.Kept && !t.told:
		t.told, t.well = true, 0
		c.params.Log.Warn("endpoint fails and is not ejected", "upstream", c.params.Name, "endpoint", e.address,
			"reason", s.Reason, "cause", e.cause(s.Reason), "why", c.quota.refusal(s.Reason))
	case s.Kept:
		t.well = 0
	case !t.told:
	case s.State != breaker.Healthy:
		t.told = false
	default:
		if t.well++; t.well == settled {
			t.told = false
			c.params.Log.Info("endpoint that was not ejected works again", "upstream", c.params.Name, "endpoint", e.address)
		}
	}
}
