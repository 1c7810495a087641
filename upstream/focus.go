package upstream

import (
	"fmt"

	"sidecar/balance"
)

// narrow is a balancer that uses a part of the endpoints.
type narrow interface {
	Has(id uint64) bool
	Size() int
	Idle() int
}

// placed is one that is laid by the place among the peers.
type placed interface {
	Part(id uint64) float64 // how much of the endpoint it has, 0 to 1
	Width() float64
	VectorHash() uint32
}

// coordinate is the place to balance by under settings b; was is that of before,
// which stays while nothing is known yet. apart tells that endpoints stand in
// several zones.
func coordinate(b *Balance, was balance.Coordinate, apart bool) balance.Coordinate {
	if b.Peers == nil || !samePolicy(b.Policy, policyAperture) {
		return balance.Coordinate{}
	}
	s := b.Peers.Standing()
	switch {
	case !s.Settled:
		return was
	case !s.At.Known():
		return balance.Coordinate{}
	case b.Zone != "" && apart && s.InZone.Known():
		// The peers of the zone alone lay arcs over its endpoints. By their places
		// among all they might all stand in one half of the ring, and the
		// endpoints of the other half would get nothing.
		return s.InZone
	}
	return s.At
}

// follow takes up another place among the peers, if there is one. Exchanges
// under way end with the balancer that they began with.
func (c *Cluster) follow(now int64) {
	old := c.stack.Load()
	if coordinate(&old.settings.Balance, old.at, c.set.Load().apart) == old.at {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old = c.stack.Load()
	at := coordinate(&old.settings.Balance, old.at, c.set.Load().apart)
	if c.closed || at == old.at {
		return
	}
	c.stack.Store(c.compose(old.settings, c.balancer(old, old.settings.Balance, at, now), at))
	c.params.Log.Info("aperture placed", "upstream", c.params.Name, "place", placeText(at))
}

// Focus is which part of the endpoints is in use and why, for people.
type Focus struct {
	// Aperture is "random" or "deterministic", "" for policies that use all.
	Aperture string `json:"aperture,omitempty"`
	// Place is "index/total" among the peers, "" if that is not known or not
	// used; Peers is where it comes from.
	Place string `json:"place,omitempty"`
	Peers string `json:"peers,omitempty"`
	Note  string `json:"note,omitempty"` // what is wrong with the place
	Size  int    `json:"size"`
	Idle  int    `json:"idle"`
	// Width is the share of the ring that is in use.
	Width float64 `json:"width,omitempty"`
	// Levels are those of priority and zone, if there are several or one whose
	// health is ignored.
	Levels []balance.Level `json:"levels,omitempty"`
	// VectorHash is the same for peers that see the same endpoints.
	VectorHash uint32 `json:"vector_hash,omitempty"`
}

// Focus is the part of the endpoints that is in use.
func (c *Cluster) Focus() Focus {
	s := c.stack.Load()
	f := Focus{Size: len(c.set.Load().list)}
	part := s.parts()
	if len(part) > 0 {
		f.Aperture = "random"
		f.Size, f.Idle = part.sizes()
	}
	if d := part.arc(); d != nil {
		f.Aperture, f.Place, f.Width, f.VectorHash = "deterministic", placeText(s.at), d.Width(), d.VectorHash()
	}
	if told := s.balancer.Told(); len(told) > 1 || told[0].Panic {
		f.Levels = told
	}
	if p := s.settings.Balance.Peers; p != nil && samePolicy(s.settings.Balance.Policy, policyAperture) {
		st := p.Standing()
		f.Peers, f.Note = st.Source, st.Note
		zones := s.settings.Balance.Zone != "" && c.set.Load().apart
		if f.Note == "" && zones && st.At.Known() && !st.InZone.Known() {
			f.Note = "the list of the peers does not tell this process's zone, so the zone's endpoints are loaded unevenly: let it, or set zone = \"off\""
		}
	}
	return f
}

func placeText(at balance.Coordinate) string {
	if !at.Known() {
		return ""
	}
	return fmt.Sprintf("%d/%d", at.Index, at.Total)
}
