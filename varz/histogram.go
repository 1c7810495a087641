package varz

import (
	"sync"
	"sync/atomic"
)

// Histogram counts durations in nanoseconds. Safe for concurrent use. Observe
// takes no lock and allocates nothing after the first call.
//
// Buckets are allocated with the first value and the marks of Rotate with the
// first rotation after that: of a thousand endpoints of which a few have
// traffic, only those few take memory (about 3.4 KiB, then 10 KiB).
type Histogram struct {
	cells atomic.Pointer[[buckets]atomic.Uint64]
	sum   atomic.Int64
	max   atomic.Int64 // of the time since the last Rotate

	mu    sync.Mutex // guards what follows, against Rotate and readers
	marks *marks
}

// marks are the state at the last two rotations, and the maxima between them.
type marks struct {
	last, older Dist  // Dist.Max unused
	before      int64 // maximum of the time between older and last
	ever        int64 // maximum of all time up to last
}

// Observe counts one duration. Hot. A negative one counts as 0.
func (h *Histogram) Observe(ns int64) { h.ObserveN(ns, 1) }

// ObserveN counts n requests that took the same time, such as a burst. Hot.
func (h *Histogram) ObserveN(ns int64, n int) {
	c := h.cells.Load()
	if c == nil {
		c = h.grow()
	}
	if ns < 0 {
		ns = 0
	}
	c[index(ns)].Add(uint64(n))
	h.sum.Add(ns * int64(n))
	if ns > h.max.Load() {
		h.raise(ns)
	}
}

// Empty tells whether nothing was counted yet.
func (h *Histogram) Empty() bool { return h.cells.Load() == nil }

// grow makes the buckets. Two first values may meet here; one set wins and
// both count in it.
func (h *Histogram) grow() *[buckets]atomic.Uint64 {
	h.cells.CompareAndSwap(nil, new([buckets]atomic.Uint64))
	return h.cells.Load()
}

func (h *Histogram) raise(ns int64) {
	for m := h.max.Load(); ns > m; m = h.max.Load() {
		if h.max.CompareAndSwap(m, ns) {
			return
		}
	}
}

// Rotate moves the window of Recent on. Call it each 30 s: Recent then covers
// the last 30 to 60 s.
func (h *Histogram) Rotate() {
	if h.cells.Load() == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.mark()
	m.before = h.max.Swap(0)
	m.ever = max(m.ever, m.before)
	m.older = m.last
	h.read(&m.last)
}

// mark is the marks, made if need be; with mu held.
func (h *Histogram) mark() *marks {
	if h.marks == nil {
		h.marks = new(marks)
	}
	return h.marks
}

// read fills d with what was counted since the start, but for its Max.
func (h *Histogram) read(d *Dist) {
	d.Count, d.Sum = 0, h.sum.Load()
	c := h.cells.Load()
	if c == nil {
		return
	}
	for i := range c {
		d.cells[i] = c[i].Load()
		d.Count += d.cells[i]
	}
}

// All is everything since the start.
func (h *Histogram) All() *Dist {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all()
}

// all is All with mu held.
func (h *Histogram) all() *Dist {
	d := new(Dist)
	h.read(d)
	d.Max = h.max.Load()
	if h.marks != nil {
		d.Max = max(d.Max, h.marks.ever)
	}
	d.settle()
	return d
}

// Recent is the last 30 to 60 s, or everything since the start if nothing
// came in that time: an idle service's percentiles should not read zero.
func (h *Histogram) Recent() *Dist {
	all, window := h.both()
	if window.Count == 0 {
		return all
	}
	return window
}

// both is everything since the start, and the last 30 to 60 s.
func (h *Histogram) both() (all, window *Dist) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all, window = h.all(), new(Dist)
	*window = *all
	if h.marks == nil {
		return all, window
	}
	window.subtract(&h.marks.older)
	window.Max = max(h.max.Load(), h.marks.before)
	window.settle()
	return all, window
}

// absorb adds what g counted, past and recent, as if h had counted it.
func (h *Histogram) absorb(g *Histogram) {
	g.mu.Lock()
	all, m, latest := g.all(), (*marks)(nil), g.max.Load()
	if g.marks != nil {
		m = new(marks)
		*m = *g.marks // a rotation that began before the removal may still come
	}
	g.mu.Unlock()
	if all.Count == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.cells.Load()
	if c == nil {
		c = h.grow()
	}
	for i, n := range all.cells {
		if n != 0 {
			c[i].Add(n)
		}
	}
	h.sum.Add(all.Sum)
	h.raise(latest)
	if m == nil {
		return
	}
	// g's marks are added mark by mark; else g's whole past would show as
	// h's last minute.
	own := h.mark()
	own.last.Merge(&m.last)
	own.older.Merge(&m.older)
	own.before, own.ever = max(own.before, m.before), max(own.ever, all.Max)
}

// Quantiles gives the recent quantile for each p of 0 to 1, in nanoseconds.
func (h *Histogram) Quantiles(ps ...float64) []int64 {
	d, out := h.Recent(), make([]int64, len(ps))
	for i, p := range ps {
		out[i] = d.Quantile(p)
	}
	return out
}

// Count is the number of values since the start.
func (h *Histogram) Count() uint64 { return h.All().Count }

// Sum is the sum of all values since the start, in nanoseconds.
func (h *Histogram) Sum() int64 { return h.sum.Load() }

// Max is the largest value since the start, in nanoseconds.
func (h *Histogram) Max() int64 { return h.All().Max }
