package pool

import (
	"math"
	"slices"

	"sidecar"
)

// maxLooks is how many idle connections one Sweep looks at: a large pool is
// seen in several, rather than in one burst of system calls.
const maxLooks = 64

// Sweep keeps the idle connections in order; the owner calls it about once a
// second. It closes those that the peer has closed, those that it would soon
// close, and those above the low watermark that were idle for too long.
func (p *Exclusive) Sweep(now int64) {
	var seen sightings
	var shut []*held
	alive := 0
	for range maxLooks {
		h := p.takeForLook(alive)
		if h == nil {
			break
		}
		// Without the lock, and out of the list: nobody else may use it while
		// its socket is read.
		open := h.conn.Status(true) == sidecar.Open
		if open {
			alive++
		}
		seen.add(h, open, now)
		h.good = now - h.since
		if !p.returnFromLook(h, open) {
			shut = append(shut, h)
		}
	}
	shut = p.retire(shut, now, &seen)
	for _, h := range shut {
		h.conn.Close()
	}
}

// takeForLook takes the next idle connection out, nil after the last. Those
// that the sweep has returned (alive many) are not taken again.
func (p *Exclusive) takeForLook(alive int) *held {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cursor >= len(p.idle) {
		if alive > 0 || len(p.idle) == 0 {
			p.cursor = 0
			return nil
		}
		p.cursor = 0
	}
	h := p.idle[p.cursor]
	p.idle = slices.Delete(p.idle, p.cursor, p.cursor+1)
	p.looking++
	p.note()
	return h
}

// returnFromLook puts h back where it was, or gives it to who came to
// wait meanwhile. False if it is not to be used any more.
func (p *Exclusive) returnFromLook(h *held, open bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking--
	if !open || p.closed {
		p.size--
		p.fill()
		return false
	}
	if w := p.queue.pop(); w != nil {
		w.got = h
		w.Wake()
		p.note()
		return true
	}
	// Others come and go at the young end only, so its place is the same.
	at := min(p.cursor, len(p.idle))
	p.idle = slices.Insert(p.idle, at, h)
	p.cursor = at + 1
	return true
}

// retire learns from what was seen and adds to shut what is to be closed. The
// oldest stand first, so that only the front is looked at.
func (p *Exclusive) retire(shut []*held, now int64, seen *sightings) []*held {
	idle, low := int64(p.settings.Load().IdleTimeout), p.kept(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server.learn(seen.used, now)
	p.unused.learn(seen.unused, now)
	if seen.unused.dead > 0 {
		p.setback(now, seen.lived)
	}
	old, least := 0, p.leastAge(idle)
	for old < len(p.idle) && now-p.idle[old].since > least {
		old++
	}
	left, before, i := len(p.idle), 0, -1
	stay := slices.DeleteFunc(p.idle[:old], func(h *held) bool {
		i++
		near := p.limitOf(h).near(now - h.since)
		if !near && (idle <= 0 || now-h.since <= idle || left <= low) {
			return false
		}
		if near && !h.used {
			p.setback(now, now-h.made)
		}
		if i < p.cursor {
			before++
		}
		left--
		shut = append(shut, h)
		return true
	})
	p.idle = slices.Delete(p.idle, len(stay), old)
	p.size -= old - len(stay)
	p.cursor -= before
	p.fill()
	return shut
}

// limitOf is the server's limit that h is under.
func (p *Exclusive) limitOf(h *held) *serverLimit {
	if h.used {
		return &p.server
	}
	return &p.unused
}

// leastAge is up to which idle time no connection is closed; with the lock
// held.
func (p *Exclusive) leastAge(idle int64) int64 {
	least := int64(math.MaxInt64)
	for _, age := range [...]int64{idle, p.server.edge(), p.unused.edge()} {
		if age > 0 {
			least = min(least, age)
		}
	}
	return least
}
