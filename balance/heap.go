package balance

import "sidecar"

// entry is a node in a LeastLoaded. It is in exactly one heap, that of its
// status, except while it is gone or put aside during a pick (at is -1 then).
type entry struct {
	node   Node
	id     uint64
	status sidecar.Status // as last seen
	load   int64          // requests picked for it and not done
	score  float64        // key of the heap
	tie    uint64         // second key
	at     int            // index in its heap
	gone   bool           // not in the set any more, kept for its Done
	// The ring of entries that were last seen not Open.
	prev, next *entry
}

func (e *entry) before(o *entry) bool {
	return e.score < o.score || e.score == o.score && e.tie < o.tie
}

// heap is a binary heap of entries that know their index, the least first. The
// standard one is not used because its calls go through an interface.
type heap []*entry

func (h *heap) push(e *entry) {
	e.at = len(*h)
	*h = append(*h, e)
	h.up(e.at)
}

// remove takes out the entry at i. The last entry takes its place and may
// belong above or below it, since it comes from another branch.
func (h *heap) remove(i int) {
	s := *h
	last := len(s) - 1
	s[i].at = -1
	if i != last {
		s[i] = s[last]
		s[i].at = i
	}
	s[last] = nil
	*h = s[:last]
	if i != last {
		h.fix(i)
	}
}

// fix restores the order after the keys of the entry at i have changed.
func (h heap) fix(i int) {
	if !h.down(i) {
		h.up(i)
	}
}

func (h heap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

// down reports whether the entry moved.
func (h heap) down(i int) bool {
	start := i
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].before(h[child]) {
			child = right
		}
		if !h[child].before(h[i]) {
			break
		}
		h.swap(i, child)
		i = child
	}
	return i > start
}

func (h heap) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// ring is a list of entries in the order in which they are looked at again.
type ring struct {
	root entry // prev and next only
	n    int
}

func (r *ring) init() { r.root.prev, r.root.next = &r.root, &r.root }

func (r *ring) append(e *entry) {
	last := r.root.prev
	last.next, e.prev = e, last
	e.next, r.root.prev = &r.root, e
	r.n++
}

func (r *ring) remove(e *entry) {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
	r.n--
}
