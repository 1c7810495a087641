package sim

import "math"

// Spread is how evenly something is spread.
type Spread struct {
	Min, Max, Mean float64
	// CV is the coefficient of variation: the standard deviation by the mean.
	CV float64
}

// SpreadOf is the spread of xs.
func SpreadOf(xs []float64) Spread {
	s := Spread{Min: math.Inf(1)}
	if len(xs) == 0 {
		return Spread{}
	}
	for _, x := range xs {
		s.Min, s.Max, s.Mean = min(s.Min, x), max(s.Max, x), s.Mean+x
	}
	s.Mean /= float64(len(xs))
	sum := 0.0
	for _, x := range xs {
		sum += (x - s.Mean) * (x - s.Mean)
	}
	if s.Mean > 0 {
		s.CV = math.Sqrt(sum/float64(len(xs))) / s.Mean
	}
	return s
}

// Ratio is the largest by the smallest.
func (s Spread) Ratio() float64 { return s.Max / s.Min }

// Chance is the CV that requests sent at random to backends of equal shares
// would have, since they are so few.
func (s Spread) Chance() float64 { return 1 / math.Sqrt(s.Mean) }

// Network is who is connected to whom at the end: a pair counts once whatever
// the number of its connections.
type Network struct {
	Pairs      int64
	PerClient  Spread
	PerHost    Spread
	Opened     int64 // pairs connected since the warm-up
	Closed     int64
	Broken     int64 // of those, by the other side's end
	InAperture Spread
}

// sum adds up worlds.
type sum struct {
	scenario                    *Scenario
	tally                       Tally
	requests, perHost           []float64
	perClient, inside           []float64
	pairs, opened, closed, ends int64
}

func newSum(s *Scenario) *sum {
	return &sum{scenario: s, requests: make([]float64, s.Hosts), perHost: make([]float64, s.Hosts)}
}

func (s *sum) add(w *World) {
	s.tally.add(&w.tally)
	for _, c := range w.clients {
		l := &c.links
		s.pairs += int64(len(l.open))
		s.opened, s.closed, s.ends = s.opened+l.opened, s.closed+l.closed, s.ends+l.broken
		for _, n := range l.open {
			s.perHost[n.host.id-1]++
		}
		s.perClient = append(s.perClient, float64(len(l.open)))
		if p, ok := c.picker.(narrow); ok {
			s.inside = append(s.inside, float64(len(p.Members())))
		} else {
			s.inside = append(s.inside, float64(c.known))
		}
	}
}

func (s *sum) result(hosts []*host) Result {
	for i, h := range hosts {
		s.requests[i] = float64(h.requests)
	}
	r := Result{
		Hosts: SpreadOf(s.requests), Tally: s.tally, Shares: make([]float64, len(s.requests)),
		Network: Network{
			Pairs: s.pairs, Opened: s.opened, Closed: s.closed, Broken: s.ends,
			PerClient: SpreadOf(s.perClient), PerHost: SpreadOf(s.perHost), InAperture: SpreadOf(s.inside),
		},
	}
	for i, n := range s.requests {
		r.Shares[i] = n / max(1, r.Hosts.Mean*float64(len(s.requests)))
	}
	return r
}
