package upstream

import (
	"time"

	"sidecar"
	"sidecar/upstream/hedge"
	"sidecar/upstream/limit"
	"sidecar/upstream/retry"
	"sidecar/varz"
)

// hedgeTurns is how many turns of the upkeep apart the delays of hedges are
// found anew.
const hedgeTurns = 3

// Hedge says what is sent a second time, and when.
type Hedge struct {
	Mode       limit.Mode
	Percentile float64
	MinDelay   time.Duration
	// MaxExtra is the share of the requests of the last 10 s that may be sent a
	// second time.
	MaxExtra float64
}

// hedges is what outlives settings of it.
type hedges struct {
	budget  *retry.Budget
	metrics hedge.Metrics
	turn    int // upkeep's
}

func newHedges(p *Params) *hedges {
	r, s := p.Registry, varz.Source{Service: p.Name}
	return &hedges{
		// Without a floor: a few a second would be most of the load of a quiet
		// upstream, just when it has become slow.
		budget: retry.NewBudget(p.Settings.Hedge.MaxExtra, 0),
		metrics: hedge.Metrics{
			Sent: r.Counter(varz.HedgesSent, s), Won: r.Counter(varz.HedgesWon, s), Lost: r.Counter(varz.HedgesLost, s),
			Refused: r.Counter(varz.HedgesRefused, s), Dark: r.Counter(varz.HedgesDark, s),
		},
	}
}

// hedge is the layer that sends late requests a second time; it is left out
// where that is off.
func (s *stack) hedge(next sidecar.Service) sidecar.Service {
	c, h := s.cluster, s.settings.Hedge
	if h.Mode == limit.Off || c.params.Timer == nil {
		return next
	}
	return hedge.Layer(hedge.Params{
		Dark: h.Mode == limit.Dark, After: c.late,
		Budget: c.hedges.budget, Stall: int64(s.settings.StallTimeout), Others: c.better,
		Fork:  sidecar.ServiceFunc(s.pick), // one try, see there
		Timer: c.params.Timer, Now: c.params.Now, Metrics: c.hedges.metrics,
	})(next)
}

// late is after how long x is sent again. The one request that tries whether a
// circuit can close is not: its upstream shall have one, and it is slow.
func (c *Cluster) late(x *sidecar.Exchange) int64 {
	after := c.ops.get(x.Op).hedgeAfter.Load()
	if after > 0 && c.guards.circuit.Trying(x) {
		return 0
	}
	return after
}

// better tells whether x has an endpoint that it has not tried and that takes
// requests: a second sender is no probe of those that are out.
func (c *Cluster) better(x *sidecar.Exchange) bool {
	now := x.Now()
	for _, e := range c.set.Load().list {
		if !x.Tries.Tried(e.id) && e.Status(now) != sidecar.Closed {
			return true
		}
	}
	return false
}

// setDelays finds when a reply of each operation is late. Upkeep's, and of a
// change of settings.
func (c *Cluster) setDelays(s *stack) {
	h := s.settings.Hedge
	trigger := hedge.Trigger{Percentile: h.Percentile, MinDelay: h.MinDelay}
	for i, o := range c.ops.names.Load().list {
		after := int64(0)
		if r := s.rules.byOp[sidecar.Op(i)]; h.Mode != limit.Off && (r == nil || !r.NoHedge) {
			after = trigger.Delay(o.reply.Recent())
		}
		o.hedgeAfter.Store(after)
	}
}

// tendHedges finds the delays anew every few turns.
func (c *Cluster) tendHedges() {
	if s := c.stack.Load(); s.settings.Hedge.Mode != limit.Off {
		if c.hedges.turn++; c.hedges.turn%hedgeTurns == 0 {
			c.setDelays(s)
		}
	}
}

// HedgeRow is what hedging does, for people.
type HedgeRow struct {
	Sent    uint64 `json:"sent"`
	Won     uint64 `json:"won"`
	Lost    uint64 `json:"lost"`
	Refused uint64 `json:"refused_by_budget"`
	Dark    uint64 `json:"would_have_sent"`
	// After is how long after its last byte a request is sent again, by
	// operation; those that are not are left out.
	After map[string]time.Duration `json:"-"`
}

// Hedging is the present state, nil where it is off.
func (c *Cluster) Hedging() *HedgeRow {
	h, m := c.Settings().Hedge, c.hedges.metrics
	if h.Mode == limit.Off {
		return nil
	}
	row := &HedgeRow{
		Sent: m.Sent.Value(), Won: m.Won.Value(), Lost: m.Lost.Value(),
		Refused: m.Refused.Value(), Dark: m.Dark.Value(), After: map[string]time.Duration{},
	}
	for _, o := range c.ops.names.Load().list {
		if after := o.hedgeAfter.Load(); after > 0 {
			row.After[o.name] = time.Duration(after)
		}
	}
	return row
}
