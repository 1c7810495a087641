package sim

import "time"

// idleTimeout is how long a backend that is not picked from keeps its
// connections, the default of the pool.
const idleTimeout = int64(60 * time.Second)

// link says whether a sidecar holds connections to a backend. It is one
// whatever their number, which for HTTP/1 is that of requests at once.
type link struct {
	open bool
	used int64
	at   int // in the list of those that are open
}

// links are the backends that a sidecar is connected to.
type links struct {
	open []*node
	// Counted since the warm-up. Broken ones were ended by the other side.
	opened, closed, broken int64
	counts                 *bool
}

func (l *links) use(n *node, now int64) {
	n.link.used = now
	l.connect(n)
}

func (l *links) release(n *node, now int64) { n.link.used = now }

func (l *links) connect(n *node) {
	if n.link.open {
		return
	}
	n.link.open, n.link.at = true, len(l.open)
	l.open = append(l.open, n)
	l.note(&l.opened)
}

func (l *links) note(what *int64) {
	if *l.counts {
		*what++
	}
}

// drop ends n's connections. broken: the backend did.
func (l *links) drop(n *node, broken bool) {
	if !n.link.open {
		return
	}
	last := l.open[len(l.open)-1]
	l.open[n.link.at], last.link.at = last, n.link.at
	l.open = l.open[:len(l.open)-1]
	n.link.open = false
	l.note(&l.closed)
	if broken {
		l.note(&l.broken)
	}
}

// tend is what upkeep does each second: members have a connection before they
// need one, what is outside loses its own when it was idle for long enough.
func (c *client) tend(now int64) {
	l := &c.links
	p, ok := c.picker.(narrow)
	if !ok {
		if len(l.open) == c.known {
			return
		}
		for _, n := range c.nodes {
			if !n.gone && !n.link.open && !n.host.state.down {
				l.connect(n)
			}
		}
		return
	}
	for _, id := range p.Members() {
		if n := c.nodes[id-1]; !n.gone && !n.host.state.down {
			l.connect(n)
		}
	}
	for i := len(l.open) - 1; i >= 0; i-- {
		n := l.open[i]
		if n.pending == 0 && now-n.link.used > idleTimeout && !p.Has(n.ID()) {
			l.drop(n, false)
		}
	}
}
