package balance

// Load is what a node carries and how much it can carry. A Cost, Weight or
// Share that is not a positive finite number counts as 1.
type Load struct {
	// Pending is the number of requests outstanding, not below 0.
	Pending int64
	// Cost is what one request costs there, in a unit that is the same for all
	// nodes of a set: the time of a reply, or 1 where requests alone count.
	Cost float64
	// Dear: the cost is several times what is usual of the set (Costs.Dear), so
	// that others are looked at before the node is picked.
	Dear bool
	// Weight is what was announced: 1 is normal, 2 takes twice as much. Which
	// node a key or a place on a ring belongs to goes by this one.
	Weight float64
	// Share is how much of its weight the node takes at present, up to 1: less
	// while it starts slowly. How often a node is drawn goes by both.
	Share float64
	// part is how much of the node is this process's, up to 1; 0 is all of it.
	// The rest is that of its peers.
	part float64
}

// draws is how often a node is drawn beside others.
func (l Load) draws() float64 { return weigh(l.Weight) * weigh(l.Share) }

// score is the load with one more request: the least is the best. Every picker
// that compares nodes does so by this, or by less.
func (l Load) score() float64 {
	pending := float64(l.Pending)
	if l.part > 0 {
		// What the whole carries if peers do alike. Were the one request more
		// divided too, idle parts would look busy, and of a request outstanding
		// a node their nodes would get 7 % less than others (measured).
		pending /= l.part
	}
	return weigh(l.Cost) * (pending + 1) / l.draws()
}

// less tells whether a node of load l is better than one of load m that was
// drawn before it. Between two that carry nothing the weights do not count:
// they were drawn by weight already, and to compare weights once more would
// send all the traffic of a client that makes one call after the other to the
// heaviest node. Of two that are alike the first drawn stays.
func (l Load) less(m Load) bool {
	if l.Pending == 0 && m.Pending == 0 {
		return weigh(l.Cost) < weigh(m.Cost)
	}
	return l.score() < m.score()*alike
}

// alike is the ratio from which on a lower score counts: weights that differ
// by rounding only would else send all ties to the same few.
const alike = 1 - 1e-4
