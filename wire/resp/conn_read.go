package resp

import "sidecar/wire/shared"

// inbound is the reader's: the call whose replies come.
type inbound struct {
	slot *shared.Slot // nil between two
	gen  shared.Gen
	t    tally
	size int  // bytes of its replies so far
	lost bool // they are too large, and read past
}

// Received gives replies to the calls that they are for, in the order of those.
// Of a long one it takes what there is. Hot.
func (c *Conn) Received(b []byte) (used int, err error) {
	in := &c.in
	for used < len(b) {
		if in.slot == nil {
			if in.slot, in.gen = c.core.Next(); in.slot == nil {
				return used, errNobody
			}
			in.size, in.lost = 0, false
			in.t.begin(in.slot.Awaited, max(maxPassed, c.set.MaxReply))
		}
		n, done, p := in.t.take(b[used:])
		if p != nil {
			return used, p
		}
		c.deliver(b[used:used+n], done)
		used += n
		if !done {
			break
		}
	}
	return used, nil
}

// deliver puts a piece of the present call's replies, with last the end of them,
// where their owner finds them. If nobody waits for them any more they are
// dropped; the call keeps its place until all have come.
func (c *Conn) deliver(piece []byte, last bool) {
	in := &c.in
	s := in.slot
	in.size += len(piece)
	won := s.Win(in.gen)
	if won && !in.lost {
		if in.size > c.set.MaxReply {
			c.core.Discard(s)
			in.lost = true
		} else {
			in.lost = !c.core.Append(s, piece)
		}
	}
	if !last {
		if won {
			s.Release()
		}
		return
	}
	in.slot = nil
	switch {
	case won && in.lost:
		c.dialer.params.Stats.large.Inc()
		c.core.Fail(s, *tooLarge())
	case won:
		s.Mark = in.t.errors
		c.core.Finish(s)
	default:
		c.core.Forget(s, in.gen)
	}
}
