package sim

import (
	"sidecar"
	"sidecar/balance"
)

// Policies are the ways to pick that are compared.

// RoundRobin takes one backend after the other, from a random one on. It is
// here to compare with and is no policy of the sidecar. It passes over what is
// Closed or was tried, while there is another.
func RoundRobin() Policy {
	return Policy{Name: "round robin", New: func(s Seat) Picker { return &roundRobin{seat: s} }}
}

// P2C takes the better of two of all backends.
func P2C() Policy {
	return Policy{Name: "p2c", New: func(s Seat) Picker { return balance.NewP2C(s.Random) }}
}

// LeastLoaded takes the least loaded of all backends.
func LeastLoaded() Policy {
	return Policy{Name: "least loaded", New: func(s Seat) Picker { return balance.NewLeastLoaded(s.Random) }}
}

// RandomAperture is the aperture of a sidecar without a coordinate.
func RandomAperture(name string, p balance.ApertureParams) Policy {
	return Policy{Name: name, New: func(s Seat) Picker {
		p := p
		p.Draws = s.Random
		return balance.NewAperture(p, s.Random, s.Now)
	}}
}

// Deterministic is the aperture of a sidecar that knows its place among its
// peers; least is the number of backends that it has at least, 0 the default.
func Deterministic(name string, least int) Policy {
	return Policy{Name: name, New: func(s Seat) Picker {
		p := balance.DeterministicParams{At: balance.Coordinate{Index: s.Index, Total: s.Total}, MinSize: least, Draws: s.Random}
		return &deterministic{balance.NewDeterministic(p), p}
	}}
}

// deterministic remembers what it was made of, to be given another place.
type deterministic struct {
	*balance.Deterministic
	params balance.DeterministicParams
}

func (d *deterministic) sit(index, total int, now int64) {
	d.params.At = balance.Coordinate{Index: index, Total: total}
	d.Set(d.params, now)
}

type roundRobin struct {
	seat  Seat
	nodes []balance.Node
	next  int
}

// Pick takes the next one that is of use, else the next one.
func (r *roundRobin) Pick(x *sidecar.Exchange, now int64) balance.Node {
	if len(r.nodes) == 0 {
		return nil
	}
	for i := range r.nodes {
		n := r.nodes[(r.next+i)%len(r.nodes)]
		if n.Status(now) < sidecar.Closed && !x.Tries.Tried(n.ID()) {
			r.next = (r.next + i + 1) % len(r.nodes)
			return n
		}
	}
	n := r.nodes[r.next]
	r.next = (r.next + 1) % len(r.nodes)
	return n
}

// Done has nothing to count.
func (r *roundRobin) Done(balance.Node, int, int64) {}

// Update begins anywhere, or all sidecars would go in step.
func (r *roundRobin) Update(nodes []balance.Node, _ int64) {
	r.nodes = nodes
	if len(nodes) > 0 {
		r.next = r.seat.Random.IntN(len(nodes))
	}
}
