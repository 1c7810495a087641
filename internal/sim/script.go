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

// Restart restarts the sidecar numbered i: its connections end, and it begins
// with a new picker.
func Restart(at time.Duration, i int) Step {
	return Step{at, func(w *World) {
		for _, c := range w.clients {
			if c.number == i {
				c.restart()
			}
		}
	}}
}

func (c *client) restart() {
	for _, n := range c.nodes {
		c.links.drop(n, true)
	}
	c.start(c.number, c.world.scenario.Clients)
}
