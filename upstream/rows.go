package upstream

import (
	"fmt"
	"strings"
	"time"

	"sidecar"
	"sidecar/upstream/breaker"
	"sidecar/upstream/pool"
)

// failing is the state, for people, of a breaker that is healthy by name only.
const failing = "failing"

// Row is one endpoint at one moment, for people.
type Row struct {
	Address string `json:"address"`
	State   string `json:"state"` // open, busy, closed, leaving
	Why     string `json:"why,omitempty"`
	Source  string `json:"source"`
	// Held says why it is there although its source does not announce it: hold
	// (most went at once), limbo (just removed).
	Held string `json:"held,omitempty"`
	// StaleFor is since when its source has not been known to work, 0 if it does.
	StaleFor time.Duration `json:"-"`
	Weight   float64       `json:"weight"`
	// Age is since when the source has announced it. Times are told to people
	// in milliseconds by the page of the rows.
	Age        time.Duration `json:"-"`
	InAperture bool          `json:"in_aperture"`
	// ArcPart is how much of the endpoint a deterministic aperture has, 0 to 1.
	ArcPart float64 `json:"arc_part,omitempty"`
	// Level is its place in the order of priorities and zones, 0 is first;
	// Panic: it is used whatever its state, as too few of its level are well.
	Level    int    `json:"level"`
	Panic    bool   `json:"panic,omitempty"`
	Priority int    `json:"priority"`
	Zone     string `json:"zone,omitempty"`
	// Labels are those of the announcement, by which a subset is taken.
	Labels map[string]string `json:"labels,omitempty"`
	// Share is how much of its weight it takes: less than 1 in a slow start.
	Share float64 `json:"share"`
	// Cost is the reply time expected of it, 0 where that does not count.
	Cost     time.Duration `json:"-"`
	Pending  int64         `json:"pending"`
	Pool     pool.Stats    `json:"pool"`
	Breaker  Gate          `json:"breaker"`
	Requests uint64        `json:"requests"`
	Failures uint64        `json:"failures"`
	// P50 and P99 are recent latencies of tries.
	P50 time.Duration `json:"-"`
	P99 time.Duration `json:"-"`
}

// Gate is what the breaker says.
type Gate struct {
	State     string        `json:"state"` // healthy, failing, disconnected, ejected, probing, forced
	Reason    string        `json:"reason,omitempty"`
	Since     time.Duration `json:"-"` // for so long
	Until     time.Duration `json:"-"` // so long from now
	Ejections int           `json:"ejections"`
	// Kept: it fails and is not ejected, since too many others are; State is
	// failing then, and the endpoint takes exchanges as a healthy one does.
	Kept bool `json:"kept,omitempty"`
}

// Rows are the endpoints: those of the set in its order, then those that are
// leaving.
func (c *Cluster) Rows() []Row {
	now := c.params.Now()
	balancer, part := c.stack.Load().balancer, c.stack.Load().parts()
	told := balancer.Told()
	c.mu.Lock()
	list, leaving := c.set.Load().list, append([]*endpoint(nil), c.leaving...)
	c.mu.Unlock()
	rows := make([]Row, 0, len(list)+len(leaving))
	snap := c.keeper.Snapshot()
	for _, e := range list {
		r := e.row(now)
		if at := snap.Stale(r.Source); !at.IsZero() {
			r.StaleFor = time.Since(at)
		}
		if r.Breaker.Kept {
			r.Why = said("failing", c.quota.refusal(r.Breaker.Reason), r.Why, e.cause(r.Breaker.Reason))
		}
		r.InAperture, r.ArcPart = part.has(e.id), part.arcPart(e.id)
		r.Level = balancer.At(e.id)
		if r.Level < len(told) && told[r.Level].Panic {
			r.Panic = true
			r.Why = strings.TrimSuffix("used all the same, as too few are well; "+r.Why, "; ")
		}
		rows = append(rows, r)
	}
	for _, e := range leaving {
		if !e.over() {
			rows = append(rows, e.row(now))
		}
	}
	return rows
}

func (e *endpoint) row(now int64) Row {
	status := e.Status(now) // first, as it may end the turn of a probe
	k, s := e.known.Load(), e.breaker.Snapshot()
	load := e.Load(now)
	q := e.stats.latency.Quantiles(0.5, 0.99)
	r := Row{
		Address: e.address, Source: k.Source, Priority: k.Priority, Zone: k.Zone, Labels: k.Labels, Weight: load.Weight, Age: time.Since(k.Since), Pending: load.Pending,
		Share: load.Share, Cost: e.cost(now),
		Pool: e.pool.Stats(), Requests: e.stats.requests.Value(), Failures: e.stats.failed.Value(),
		P50: time.Duration(q[0]), P99: time.Duration(q[1]),
		Breaker: Gate{State: s.State.String(), Reason: s.Reason, Since: time.Duration(now - s.Since), Ejections: s.Ejections, Kept: s.Kept},
	}
	if s.Kept {
		r.Breaker.State = failing
	}
	if s.Until != 0 {
		r.Breaker.Until = time.Duration(max(0, s.Until-now))
	}
	r.State, r.Why = status.String(), e.why(s, r, now)
	r.Held = string(k.Held)
	if e.removed.Load() {
		r.State, r.Held = "leaving", ""
		if e.inLimbo() {
			r.Held = "limbo"
		}
	}
	return r
}

// why says in words why the endpoint is not open, "" if it is. Of one that is
// kept though it fails the cluster knows why.
func (e *endpoint) why(s breaker.Snapshot, r Row, now int64) string {
	switch {
	case e.inLimbo():
		return fmt.Sprintf("no longer announced, kept for %v should it return, %d requests under way",
			time.Duration(max(0, e.until.Load()-now)).Round(time.Second), r.Pending)
	case e.removed.Load():
		return fmt.Sprintf("no longer announced, %d requests under way", r.Pending)
	case s.State == breaker.Disconnected:
		again := fmt.Sprintf("cannot connect, dialled again in %v", r.Breaker.Until.Round(time.Millisecond))
		return said(again, e.dialError())
	case s.State == breaker.Ejected && r.Breaker.Until > 0:
		return fmt.Sprintf("ejected for %s, one request tries it in %v", s.Reason, r.Breaker.Until.Round(time.Millisecond))
	case s.State == breaker.Ejected:
		return fmt.Sprintf("ejected for %s, the next request tries it", s.Reason)
	case s.State == breaker.Probing:
		return fmt.Sprintf("ejected for %s, a request is trying it", s.Reason)
	case s.State == breaker.Forced:
		return "ejected by hand, until it is readmitted by hand"
	case e.pool.Status() == sidecar.Busy:
		if e.pool.Shared() {
			return fmt.Sprintf("its connections ask for less or take no more for now, %d wait for one", r.Pool.Waiters)
		}
		return fmt.Sprintf("all connections in use, %d wait", r.Pool.Waiters)
	}
	return ""
}
