package balance

import "sidecar"

// limit is the largest size allowed at present.
func (a *Aperture) limit() int {
	all := len(a.members.spots)
	if a.params.MaxSize > 0 {
		return min(a.params.MaxSize, all)
	}
	return all
}

// resize widens or narrows by one if the load asks for it and the last step is
// long enough ago, and reports whether it did. Called with the mutex.
func (a *Aperture) resize(now int64) bool {
	size := len(a.members.in)
	if size == 0 {
		return false
	}
	load := a.load.average / float64(size)
	switch {
	case load >= a.params.HighLoad:
		if size >= a.limit() || now-a.stepped < a.params.step(widenSteps, size) {
			return false
		}
		return a.widen(now)
	case load <= a.params.LowLoad:
		if size <= a.params.MinSize || now-a.stepped < a.params.step(narrowSteps, size) {
			return false
		}
		return a.narrow(now)
	}
	return false
}

func (a *Aperture) widen(now int64) bool {
	s := a.fit(now)
	if s == nil {
		return false
	}
	a.members.move(s)
	a.stepped = now
	return true
}

// narrow lets a member go. While the jitter has one too many inside, this is
// the drop that it waits for: two for one reason would be one too many.
func (a *Aperture) narrow(now int64) bool {
	s := a.members.victim(a.jitter.fresh, now)
	if s == nil {
		return false
	}
	a.members.move(s)
	if a.jitter.under {
		a.jitter.settled()
		a.schedule(now)
	}
	a.stepped = now
	return true
}

// fit is a node outside that may come in, nil if there is none.
func (a *Aperture) fit(now int64) *spot {
	if a.barren {
		return nil
	}
	s := a.members.choose(now)
	a.barren = s == nil
	return s
}

// swap exchanges the member s for a node from outside if it is Closed and
// reports whether it did; s may be nil or not be a member any more.
func (a *Aperture) swap(s *spot, now int64) bool {
	if s == nil || !s.inside || a.barren || s.node.Status(now) < sidecar.Closed {
		return false
	}
	t := a.fit(now)
	if t == nil {
		return false
	}
	a.members.move(s)
	a.members.move(t)
	if a.jitter.fresh == s {
		a.jitter.fresh = t
	}
	return true
}

// fill brings nodes in until size are inside, Closed ones too if there are no
// others: a member that is down is better than none, and Tick exchanges it.
func (a *Aperture) fill(size int, now int64) {
	size = min(size, a.limit())
	for len(a.members.in) < size {
		s := a.fit(now)
		if s == nil {
			s = a.members.out[a.members.random.IntN(len(a.members.out))]
		}
		a.members.move(s)
	}
}
