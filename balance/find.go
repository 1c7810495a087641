package balance

import "sidecar"

// aside are the entries that a pick has taken out of their heaps because its
// exchange has tried them.
type aside struct {
	list [maxAside]*entry
	n    int
}

// best is the least loaded of the best status, nil if none is at least limit.
func (a *aside) best(limit sidecar.Status) *entry {
	var b *entry
	for _, e := range a.list[:a.n] {
		if e.status > limit {
			continue
		}
		if b == nil || e.status < b.status || e.status == b.status && e.before(b) {
			b = e
		}
	}
	return b
}

// find is the entry to pick; there is one. Everything is in its heap after it.
func (l *LeastLoaded) find(x *sidecar.Exchange, now int64) *entry {
	var tried aside
	e := l.first(x, now, sidecar.Open, sidecar.Busy, &tried)
	if e == nil && l.review(l.down.n, now) {
		// Only nodes that were tried or Closed are left as far as is known.
		// Before one of them is used, all are looked at, and one has changed.
		e = l.first(x, now, sidecar.Open, sidecar.Busy, &tried)
	}
	if e == nil {
		e = tried.best(sidecar.Busy)
	}
	if e == nil {
		e = l.first(x, now, sidecar.Closed, sidecar.Closed, &tried)
	}
	if e == nil {
		e = tried.best(sidecar.Closed)
	}
	for _, t := range tried.list[:tried.n] {
		l.heaps[t.status].push(t)
	}
	return e
}

// first is the least loaded untried entry of the best status from best to
// worst. It puts aside what the exchange has tried and moves what it finds in
// the wrong heap. Each turn but the last takes an entry out of a heap, and
// what is moved to a better one is picked or put aside, so it ends.
func (l *LeastLoaded) first(x *sidecar.Exchange, now int64, best, worst sidecar.Status, tried *aside) *entry {
	for s := best; s <= worst; s++ {
		for len(l.heaps[s]) > 0 {
			e := l.heaps[s][0]
			st := min(e.node.Status(now), sidecar.Closed)
			if st != s {
				l.move(e, st)
			}
			if st > s {
				continue
			}
			if tried.n == maxAside || !x.Tries.Tried(e.id) {
				return e
			}
			l.heaps[st].remove(e.at)
			tried.list[tried.n] = e
			tried.n++
		}
	}
	return nil
}

// review looks again at the n entries that are next in turn of those that were
// not Open and reports whether one has changed.
func (l *LeastLoaded) review(n int, now int64) bool {
	changed := false
	for range n {
		e := l.down.root.next
		l.down.remove(e)
		l.down.append(e)
		if st := min(e.node.Status(now), sidecar.Closed); st != e.status {
			l.move(e, st)
			changed = true
		}
	}
	return changed
}

// move puts e, whose status was found to be st, where it belongs. One that was
// put aside stays out of the heaps.
func (l *LeastLoaded) move(e *entry, st sidecar.Status) {
	if st == e.status {
		return
	}
	if e.status == sidecar.Open {
		l.down.append(e)
	} else if st == sidecar.Open {
		l.down.remove(e)
	}
	if e.at >= 0 {
		l.heaps[e.status].remove(e.at)
		l.heaps[st].push(e)
	}
	e.status = st
}
