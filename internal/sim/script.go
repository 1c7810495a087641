package sim

import "time"

// Slow makes the backend numbered i take factor times its time from at on.
func Slow(at time.Duration, i int, factor float64) Step {
	return Step{at, func(w *World) { w.hosts[i].state.slow = factor }}
}

// Fail makes it answer that share of its requests with a fast 503.
func Fail(at time.Duration, i int, share float64) Step {
	return Step{at, func(w *World) { w.hosts[i].state.fails = share }}
}

// Freeze makes it begin nothing for the time d.
func Freeze(at time.Duration, i int, d time.Duration) Step {
	return Step{at, func(w *World) { w.hosts[i].state.frozen = w.now + int64(d) }}
}

// Down ends its process: connections break, new ones are refused.
func Down(at time.Duration, i int) Step {
	return Step{at, func(w *World) { w.down(i, true) }}
}

// Up starts it again.
func Up(at time.Duration, i int) Step {
	return Step{at, func(w *World) { w.down(i, false) }}
}

func (w *World) down(i int, down bool) {
	w.hosts[i].state.down = down
	if down {
		w.breakLinks(i)
	}
}

func (w *World) breakLinks(i int) {
	for _, c := range w.clients {
		c.links.drop(c.nodes[i], true)
	}
}

// Busy makes factor times as many requests come to each sidecar.
func Busy(at time.Duration, factor float64) Step {
	return Step{at, func(w *World) { w.rush = factor }}
}

// Leave takes the backends out of discovery, with their connections.
func Leave(at time.Duration, from, to int) Step {
	return Step{at, func(w *World) { w.announce(from, to, true) }}
}

// Join puts them back.
func Join(at time.Duration, from, to int) Step {
	return Step{at, func(w *World) { w.announce(from, to, false) }}
}

func (w *World) announce(from, to int, absent bool) {
	for i := from; i < to; i++ {
		w.absent[i] = absent
		if absent {
			w.breakLinks(i)
		}
	}
	for _, c := range w.clients {
		c.announce()
	}
}

// Restart takes the sidecar numbered i away for a time: its connections end,
// and it comes back with a new picker. Without ranked the others do not notice;
// with it places among the peers are ranks of those that are there, and those
// behind i move up and back again.
func Restart(at, away time.Duration, i int, ranked bool) []Step {
	return []Step{
		{at, func(w *World) { w.restart(i, ranked, true) }},
		{at + away, func(w *World) { w.restart(i, ranked, false) }},
	}
}

func (w *World) restart(i int, ranked, away bool) {
	total := w.scenario.Clients
	for _, c := range w.clients {
		switch {
		case c.number == i && away:
			c.leave()
		case c.number == i:
			c.away = false
			c.start(c.number, total)
		case !ranked:
		case !away:
			c.sit(c.number, total)
		case c.number > i:
			c.sit(c.number-1, total-1)
		default:
			c.sit(c.number, total-1)
		}
	}
}

// leave ends the sidecar's process.
func (c *client) leave() {
	c.away = true
	for _, n := range c.nodes {
		c.links.drop(n, true)
	}
}

// sit gives the sidecar another place among its peers, if its picker goes by it.
func (c *client) sit(index, total int) {
	if p, ok := c.picker.(*deterministic); ok {
		p.sit(index, total, c.world.now)
		c.tend(c.world.now)
	}
}
