package sim

import (
	"math/rand/v2"
	"time"

	"sidecar/balance"
	"sidecar/upstream/retry"
)

// World is a scenario under way.
type World struct {
	events
	scenario  *Scenario
	now       int64
	began     int64 // when measuring begins
	measuring bool
	rush      float64 // factor on what comes
	hosts     []*host
	absent    []bool
	clients   []*client
	tally     Tally
}

// Run runs the scenario.
func Run(s Scenario) Result {
	if s.Timeout == 0 {
		s.Timeout = 10 * time.Second
	}
	sum, hosts := newSum(&s), newHosts(s.Hosts)
	if !s.Apart {
		w := newWorld(&s, hosts, 0, s.Clients)
		w.run()
		sum.add(w)
		return sum.result(hosts)
	}
	for i := range s.Clients {
		w := newWorld(&s, hosts, i, i+1)
		w.run()
		sum.add(w)
	}
	return sum.result(hosts)
}

// newWorld makes the sidecars numbered from up to, and all backends.
func newWorld(s *Scenario, hosts []*host, from, to int) *World {
	w := &World{scenario: s, hosts: hosts, absent: make([]bool, s.Hosts), now: 1, rush: 1}
	w.began = w.now + int64(s.Warm)
	for _, h := range hosts {
		h.reset(s.Workers)
	}
	for i := from; i < to; i++ {
		w.clients = append(w.clients, newClient(w, i))
	}
	for i := range s.Script {
		w.file(w.now+int64(s.Script[i].At), &step{w, s.Script[i].Do})
	}
	return w
}

func newClient(w *World, number int) *client {
	s := w.scenario
	random := rand.New(rand.NewPCG(s.Seed, uint64(number)))
	c := &client{world: w, number: number, random: random}
	c.quota.share = s.MaxEjected
	c.links.counts = &w.measuring
	if s.Retries > 0 || s.Budget > 0 || s.PerSecond > 0 {
		c.budget = retry.NewBudget(s.Budget, s.PerSecond)
	}
	if s.Policy.Timed {
		c.costs = new(balance.Costs)
		c.costs.Set(decay)
	}
	slab := make([]node, s.Hosts)
	c.nodes = make([]*node, s.Hosts)
	for i, h := range w.hosts {
		slab[i].host, slab[i].costs = h, c.costs
		c.nodes[i] = &slab[i]
		if s.Breaker != nil {
			c.nodes[i].guard(c)
		}
	}
	c.start(number, s.Clients)
	w.file(w.now+int64(random.ExpFloat64()/s.Rate*1e9), c)
	w.file(w.now+int64(random.Float64()*float64(time.Second)), (*upkeep)(c))
	return c
}

// start gives the sidecar its picker.
func (c *client) start(index, total int) {
	w := c.world
	c.picker = w.scenario.Policy.New(Seat{
		Index: index, Total: total, Now: w.now,
		Random: rand.New(rand.NewPCG(w.scenario.Seed+1, uint64(c.number))),
	})
	c.announce()
	c.tend(w.now)
}

// announce tells the picker which backends there are.
func (c *client) announce() {
	nodes := make([]balance.Node, 0, len(c.nodes))
	for i, n := range c.nodes {
		if n.gone = c.world.absent[i]; !n.gone {
			nodes = append(nodes, n)
		}
	}
	c.known = len(nodes)
	c.picker.Update(nodes, c.world.now)
}

// step is one of the script.
type step struct {
	world *World
	do    func(*World)
}

func (s *step) act(int64) { s.do(s.world) }

// upkeep is what a sidecar does each second.
type upkeep client

func (u *upkeep) act(now int64) {
	c := (*client)(u)
	c.world.file(now+int64(time.Second), u)
	if c.away {
		return
	}
	if p, ok := c.picker.(interface{ Tick(now int64) }); ok {
		p.Tick(now)
	}
	c.tend(now)
	if c.costs != nil {
		c.usual(now)
	}
	if c.world.scenario.Breaker != nil {
		c.revive(now)
	}
}

// decay is in which time what is known of reply times fades, by default.
const decay = 10 * time.Second

// usual finds what replies usually take.
func (c *client) usual(now int64) {
	var all []*balance.Ewma
	for _, n := range c.nodes {
		if !n.gone {
			all = append(all, &n.ewma)
		}
	}
	c.costs.Learn(all, now)
}

// revive redials what could not be connected to, and finds who awaits a probe.
func (c *client) revive(now int64) {
	p, some := c.picker.(narrow)
	c.awaits = nil
	for _, n := range c.nodes {
		if due := n.breaker.Due(); due != 0 && now >= due {
			n.breaker.Dialled(!n.host.state.down, now)
		}
		if some && !n.gone && n.breaker.Ready(now) && !p.Has(n.ID()) {
			c.awaits = n
		}
	}
}

// run has all events happen that come before the end.
func (w *World) run() {
	w.until(w.began)
	w.measuring = true
	w.until(w.began + int64(w.scenario.Length))
}

func (w *World) until(end int64) {
	for {
		e, ok := w.next(end)
		if !ok {
			w.now = end
			return
		}
		w.now = e.at
		e.who.act(e.at)
	}
}

func (w *World) count(what *int64) {
	if w.measuring {
		*what++
	}
}
