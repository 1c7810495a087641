package upstream

import (
	"time"

	"sidecar"
	"sidecar/balance"
)

// learn takes what a try told of the time that a request takes at the endpoint.
// Its beginning is the later of the pick and the request's last byte, so that a
// client that sends slowly makes no endpoint slow; its end is the committed
// reply and never the end of a body, whose length says nothing of the endpoint.
// A session tells nothing. Hot.
func (e *endpoint) learn(x *sidecar.Exchange, t *sidecar.Try, err error) {
	if !e.costs.On() || x.Kind == sidecar.Session {
		return
	}
	if err == nil && !costly(t.Class) {
		if replied := x.Replied(); replied != 0 {
			from := t.Start
			if whole := x.Complete(); whole > from && whole < replied {
				from = whole
			}
			e.ewma.Observe(replied-from, t.End, e.costs)
		}
		return
	}
	if err == nil || blames(sidecar.FaultOf(err)) {
		e.ewma.Penalize(t.End-t.Start, t.After, t.End, e.costs)
		return
	}
	// A try that lost against a hedge took at least so long: without that, an
	// endpoint all of whose slow requests are rescued would never be dear.
	if took := t.End - t.Start; t.Reason == sidecar.HedgeLost && t.Connected != 0 && float64(took) > e.ewma.Cost(t.End, e.costs) {
		e.ewma.Observe(took, t.End, e.costs)
	}
}

// costly are the replies that count as slow however fast they come: the next
// request would fare no better there.
func costly(c sidecar.Class) bool {
	return c.Failed() || c == sidecar.Overload || c == sidecar.Shed
}

// blames tells whether the endpoint is at fault for f. A wait for a connection
// in use is none: the pool makes the endpoint Busy.
func blames(f *sidecar.Fault) bool {
	switch {
	case f.Has(sidecar.FromClient), f.Has(sidecar.Stale):
		return false
	case f.Has(sidecar.FromPeer):
		return costly(f.Class)
	}
	switch f.Reason {
	case sidecar.ConnectRefused, sidecar.ConnectTimeout, sidecar.ConnectFailed,
		sidecar.PeerClosed, sidecar.PeerReset, sidecar.BadReply:
		return true
	case sidecar.AttemptTimedOut, sidecar.DeadlineExceeded, sidecar.StalledOut:
		return !f.Has(sidecar.Unsent) && f.Stage >= sidecar.StageWrite
	}
	return false
}

// cost is the reply time that is expected of the endpoint, 0 where that does
// not count.
func (e *endpoint) cost(now int64) time.Duration {
	if !e.costs.On() {
		return 0
	}
	return time.Duration(e.ewma.Cost(now, e.costs))
}

// learnUsual finds what replies usually take, for endpoints of which nothing is
// known. Upkeep's.
func (c *Cluster) learnUsual(now int64) {
	if !c.costs.On() {
		return
	}
	list := c.set.Load().list
	all := make([]*balance.Ewma, len(list))
	for i, e := range list {
		all[i] = &e.ewma
	}
	c.costs.Learn(all, now)
}

// reweigh tells the balancer of shares that have changed, as it draws by those
// of its last update. Upkeep's.
func (c *Cluster) reweigh(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.stack.Load().balancer.Update(c.set.Load().nodes(), now)
	}
}
