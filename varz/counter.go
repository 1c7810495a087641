package varz

import "sync/atomic"

// Counter only goes up. Safe for concurrent use; Add and Inc inline. It is not
// padded to a cache line: on the one or two processors that the process runs
// on, two neighbours counted at once cost a few nanoseconds more, and padding
// would cost each series 56 bytes.
type Counter struct{ n atomic.Uint64 }

// Add counts n more.
func (c *Counter) Add(n uint64) { c.n.Add(n) }

// Inc counts one more.
func (c *Counter) Inc() { c.n.Add(1) }

// Value is the count since the start.
func (c *Counter) Value() uint64 { return c.n.Load() }

// Gauge goes up and down. Safe for concurrent use; all methods inline.
type Gauge struct{ n atomic.Int64 }

// Set makes the value n.
func (g *Gauge) Set(n int64) { g.n.Store(n) }

// Add changes the value by n, which may be negative.
func (g *Gauge) Add(n int64) { g.n.Add(n) }

// Value is the present value.
func (g *Gauge) Value() int64 { return g.n.Load() }
