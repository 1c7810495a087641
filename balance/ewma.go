package balance

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// unknownCost stands for the reply time of a set of which nothing is known
	// yet. Which time it is does not matter while it is the same for all:
	// requests outstanding then decide alone.
	unknownCost = float64(time.Second)
	// failedCost is the least reply time that a failure counts as: a host that
	// fails at once would else look the fastest of all and draw everything.
	failedCost = 5 * time.Second
	// maxPenalty is the most that it counts as, whatever the peer asks for: a
	// peer must not be able to send itself away for a day.
	maxPenalty = 300 * time.Second
)

// Penalty is the reply time that a failure counts as which came after took and of
// which the peer said that it wants to be left alone for after, in nanoseconds.
func Penalty(took, after int64) int64 {
	return max(took, int64(failedCost), min(after, int64(maxPenalty)))
}

// Costs are what the endpoints of a set have in common. The zero value counts
// no costs. Safe for concurrent use.
type Costs struct {
	decay atomic.Int64  // nanoseconds, 0 for off
	usual atomic.Uint64 // float64 bits, 0 for not known
}

// Set changes the time in which what is known of a cost fades by a factor of e;
// 0 is off.
func (c *Costs) Set(decay time.Duration) { c.decay.Store(max(0, int64(decay))) }

// On tells whether costs count at all.
func (c *Costs) On() bool { return c.decay.Load() > 0 }

// Usual is the reply time of an endpoint of which nothing else is known, in
// nanoseconds.
func (c *Costs) Usual() float64 {
	if u := c.usual.Load(); u != 0 {
		return math.Float64frombits(u)
	}
	return unknownCost
}

// dear is how many times the usual cost a node may cost before others are
// looked at, once one more is drawn beside it. As the usual one is the median,
// half of all can be dear at most.
const dear = 4

// Dear tells whether the cost is far above what is usual. Hot.
func (c *Costs) Dear(cost float64) bool { return cost > dear*c.Usual() }

// Learn makes the median of what all know the usual cost. It is the median and
// not the mean, since one endpoint that fails would set the mean. To be called
// about once a second.
func (c *Costs) Learn(all []*Ewma, now int64) {
	known := make([]float64, 0, len(all))
	for _, e := range all {
		// What is older has faded and says little but what the usual was.
		if cost, age := e.read(now); cost > 0 && age <= c.decay.Load() {
			known = append(known, cost)
		}
	}
	if len(known) == 0 {
		return
	}
	slices.Sort(known)
	c.usual.Store(math.Float64bits(known[len(known)/2]))
}

// Ewma is the reply time that is to be expected of one endpoint: the average
// of what was observed, each weighed less by e in each time of decay, but a
// longer one counts at once and whole (peak EWMA). While nothing is observed it
// goes to what is usual of the set and not to zero: an endpoint that has not
// been asked for a while, or never, must not draw all there is at once because
// it looks free. The zero value knows nothing. Safe for concurrent use.
type Ewma struct {
	// word is the cost in nanoseconds as float32 bits and the time of the last
	// observation in grains, in one so that picks need no lock; 0 is not known.
	word atomic.Uint64

	mu sync.Mutex // of observers; guards at
	at int64
}

// grainShift is the grain of the time in an Ewma, 16.8 ms, such that 32 bits of
// it last for two years.
const grainShift = 24

func pack(cost float64, now int64) uint64 {
	bits := math.Float32bits(float32(cost))
	return uint64(bits)<<32 | uint64(uint32(now>>grainShift))
}

// read is the cost as of the last observation, 0 for not known, and its age to
// the grain, in nanoseconds.
func (e *Ewma) read(now int64) (cost float64, age int64) {
	w := e.word.Load()
	if w == 0 {
		return 0, 0
	}
	grains := int32(uint32(now>>grainShift) - uint32(w))
	return float64(math.Float32frombits(uint32(w >> 32))), int64(max(0, grains)) << grainShift
}

// Cost is the present cost in nanoseconds. Hot.
func (e *Ewma) Cost(now int64, c *Costs) float64 {
	cost, age := e.read(now)
	if cost == 0 {
		return c.Usual()
	}
	if age == 0 {
		return cost
	}
	usual := c.Usual()
	return usual + (cost-usual)*remains(float64(age)/float64(max(1, c.decay.Load())))
}

// Observe takes a reply time in nanoseconds, or what counts as one. Hot; it
// takes one short mutex.
func (e *Ewma) Observe(took, now int64, c *Costs) {
	e.observe(took, now, c)
	if c.usual.Load() == 0 { // the first of all: it tells more than a guess
		c.usual.CompareAndSwap(0, math.Float64bits(float64(max(1, took))))
	}
}

// Penalize takes a failure that came after took nanoseconds and whose peer wants
// to be left alone for after. It says nothing of what is usual.
func (e *Ewma) Penalize(took, after, now int64, c *Costs) {
	e.observe(Penalty(took, after), now, c)
}

func (e *Ewma) observe(took, now int64, c *Costs) {
	e.mu.Lock()
	defer e.mu.Unlock()
	cost := float64(max(1, took))
	if w := e.word.Load(); w != 0 {
		now = max(now, e.at) // one that comes late
		// Compared with what it would be now, so that an old peak does not keep
		// a shorter one of today from counting.
		if cost <= e.Cost(now, c) {
			seen := float64(math.Float32frombits(uint32(w >> 32)))
			cost += (seen - cost) * remains(float64(now-e.at)/float64(max(1, c.decay.Load())))
		}
	}
	e.at = now
	e.word.Store(pack(cost, now))
}
