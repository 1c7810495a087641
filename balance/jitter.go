package balance

import "time"

// jitter swaps a member for another now and then, so that an aperture chosen
// badly by chance does not stay for ever. The new one comes in first and has
// settle to show that it is of use before another goes.
type jitter struct {
	at    int64 // when the next thing is due, 0 for never
	under bool  // one too many is inside
	fresh *spot // it, nil if it has left the set
}

// settle is how long both are inside, in nanoseconds.
const settle = int64(time.Second)

func (j *jitter) settled() { j.under, j.fresh = false, nil }

// forget lets go of a node that has left the set.
func (j *jitter) forget(m *members) {
	if j.fresh != nil && m.spots[j.fresh.node.ID()] != j.fresh {
		j.fresh = nil
	}
}

// schedule draws the time of the next swap.
func (a *Aperture) schedule(now int64) {
	if a.params.JitterMin <= 0 {
		a.jitter.at = 0
		return
	}
	span := int64(a.params.JitterMax-a.params.JitterMin) + 1
	a.jitter.at = now + int64(a.params.JitterMin) + a.members.random.Int64N(span)
}

// sway does what is due of a swap and reports whether the members changed.
func (a *Aperture) sway(now int64) bool {
	j := &a.jitter
	if j.at == 0 && !j.under || now < j.at {
		return false
	}
	if !j.under {
		s := a.fit(now)
		if s == nil {
			a.schedule(now)
			return false
		}
		a.members.move(s)
		j.under, j.fresh, j.at = true, s, now+settle
		return true
	}
	changed := false
	if len(a.members.in) > a.params.MinSize {
		if s := a.members.victim(j.fresh, now); s != nil {
			a.members.move(s)
			changed = true
		}
	}
	j.settled()
	a.schedule(now)
	return changed
}
