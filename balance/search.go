package balance

import "sidecar"

// maxRedraws is how often a pair is drawn again for having no node that is
// Open and untried. With half of all nodes down, a pair is useless one time in
// four, so that five of them fail one time in a thousand.
const maxRedraws = 4

// candidate is a node as an exchange sees it at one moment.
type candidate struct {
	node  Node
	rank  rank
	load  Load
	score float64 // of load, where all are compared
}

// better tells whether c is to be preferred to d, which was drawn before it.
func (c *candidate) better(d *candidate) bool {
	if c.rank != d.rank {
		return c.rank < d.rank
	}
	return c.load.less(d.load)
}

// search is one pick under way.
type search struct {
	x    *sidecar.Exchange
	now  int64
	best candidate
	// closed is a node that was seen Closed, nil if none was.
	closed Node
}

// look is node i of t as it is now.
func (s *search) look(t *table, i int) candidate {
	n := t.nodes[i]
	st := n.Status(s.now)
	if st >= sidecar.Closed {
		s.closed = n
	}
	c := candidate{node: n, rank: rankOf(st, s.x.Tries.Tried(n.ID()))}
	c.load = n.Load(s.now)
	if t.parts != nil {
		c.load.part = t.parts[i]
	}
	return c
}

// draws looks at a few pairs and ends when it has compared two nodes that are
// Open and untried and the better one is not dear. One is not enough: whoever is
// drawn beside a node that is out would be picked whatever its load is; nor are
// two if both are bad. With one of ten that fails and one slow, they were drawn
// together for one request in forty-five, and that made the p99 of all.
func (s *search) draws(t *table) {
	if len(t.nodes) == 1 {
		// The usual aperture: what it carries decides nothing, so that is not
		// asked.
		if n := t.nodes[0]; n.Status(s.now) == sidecar.Open && !s.x.Tries.Tried(n.ID()) {
			s.best = candidate{node: n, rank: untriedOpen}
			return
		}
	}
	if len(t.nodes) < 2 {
		for i := range t.nodes {
			if c := s.look(t, i); c.better(&s.best) {
				s.best = c
			}
		}
		return
	}
	var met Node // Open and untried
	for range 1 + maxRedraws {
		i, j := t.drawTwo()
		enough := len(t.nodes) == 2
		for _, at := range [...]int{i, j} {
			c := s.look(t, at)
			if c.rank == untriedOpen {
				enough = enough || met != nil && met != c.node
				met = c.node
			}
			if c.better(&s.best) {
				s.best = c
			}
		}
		if enough && (!s.best.load.Dear || len(t.nodes) == 2) {
			return
		}
	}
}

// few is how many nodes are looked at one by one without a second thought.
const few = 32

// wants tells whether to scan t after draws. Of many nodes a Busy one that was
// not tried does: if all of them are Busy, which is when time is dear, each
// exchange would look at each of them.
func (s *search) wants(t *table) bool {
	return s.best.rank > untriedBusy || s.best.rank > untriedOpen && len(t.nodes) <= few
}

// scan looks at every node and takes the best, by chance among equals: always
// the first would send all that fails to the same one.
func (s *search) scan(t *table) {
	equals := 0
	s.best.score = s.best.load.score()
	for i := range t.nodes {
		c := s.look(t, i)
		c.score = c.load.score()
		switch {
		case c.rank > s.best.rank || c.rank == s.best.rank && c.score > s.best.score:
			continue
		case c.rank < s.best.rank || c.score < s.best.score:
			equals = 1
		default:
			equals++
			if t.below(equals) != 0 {
				continue
			}
		}
		s.best = c
	}
}
