package balance

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/varz"
)

// Picker is what picks within a level; the pickers of this package are some.
// Levels call Pick for a try and Done exactly once after it, from many
// goroutines at once, and Update from one at a time with all nodes of the
// level. Neither blocks for longer than a short mutex is held.
type Picker interface {
	Pick(x *sidecar.Exchange, now int64) Node
	Done(n Node, requests int, now int64)
	Update(nodes []Node, now int64)
}

// LevelsParams are the settings of Levels.
type LevelsParams struct {
	// Fresh makes the picker of a level, without nodes.
	Fresh func(now int64) Picker
	// Zone is where this process stands: within a priority the nodes of the
	// same zone are a level before the others; "" is no difference.
	Zone string
	// Panic is the share of a level's weight that must not be Closed: with less
	// the level is used as if all of it were well, unless other levels have
	// room for all; 0 is never.
	Panic float64
	// Spilled and Panicked count requests that went to another level than the
	// first, and those to a level whose health was ignored; nil is fine.
	Spilled, Panicked *varz.Counter
	// Draws is as in NewP2C. Set does not change it.
	Draws rand.Source
}

func (p *LevelsParams) complete() {
	for _, c := range []**varz.Counter{&p.Spilled, &p.Panicked} {
		if *c == nil {
			*c = new(varz.Counter)
		}
	}
}

// Levels picks among nodes of several priorities and zones: a level after the
// other, each with a picker of its own. The first gets everything while at
// least 1/1.4 of its weight is not Closed, then a part of it, and the next ones
// the rest. What one level cannot serve at the moment of a pick (nothing that
// is Open and untried) goes to the others in their order.
//
// With one level, which is the usual case, it is its picker and nothing more.
type Levels struct {
	view    atomic.Pointer[levelsView]
	counted atomic.Int64 // when health was last counted

	mu     sync.Mutex // guards what follows and orders changes
	params LevelsParams
	levels []*level // at least one, in order
	nodes  []Node
}

// levelsView is what picks see, immutable.
type levelsView struct {
	params LevelsParams
	levels []*level
	told   []Level
	// upTo are the shares of the levels added up, of 2^32.
	upTo []uint64
	// solo is the picker where there is one level and no panic, else nil. It
	// has the nodes themselves and no seats.
	solo Picker
	// bare is the picker that was last solo: what was picked there and is not
	// done yet comes back as it is, without a seat.
	bare  Picker
	homes map[uint64]int // index of the level by the ID of the node; nil with one
}

// recountAfter is how often health is counted at most, in nanoseconds, however
// many nodes fail: it takes a look at each.
const recountAfter = int64(10e6)

// NewLevels makes Levels without nodes.
func NewLevels(p LevelsParams, now int64) *Levels {
	p.complete()
	first := &level{picker: p.Fresh(now)}
	l := &Levels{params: p, levels: []*level{first}}
	l.view.Store(&levelsView{bare: first.picker})
	l.publish(now)
	return l
}

// Pick returns the node for x, nil only if there is none at all. It may be in a
// seat: Under has the node itself. It is hot and safe for concurrent calls.
func (l *Levels) Pick(x *sidecar.Exchange, now int64) Node {
	v := l.view.Load()
	if v.solo != nil {
		return v.solo.Pick(x, now)
	}
	first := v.draw()
	best := v.levels[first].picker.Pick(x, now)
	r := rankFor(best, x, now)
	for i := 0; r > untriedOpen && i < len(v.levels); i++ {
		if i == first {
			continue
		}
		n := v.levels[i].picker.Pick(x, now)
		if other := rankFor(n, x, now); other < r {
			best, n, r = n, best, other
		}
		if n != nil {
			l.settle(v, n, x.N, now)
		}
	}
	v.count(best, x.N)
	return best
}

// rankFor is how good n is for x.
func rankFor(n Node, x *sidecar.Exchange, now int64) rank {
	if n == nil {
		return noRank
	}
	return rankOf(n.Status(now), x.Tries.Tried(n.ID()))
}

// draw is the index of the level that is to have the next exchange.
func (v *levelsView) draw() int {
	if v.upTo[0] == whole {
		return 0
	}
	var r uint64
	if v.params.Draws != nil {
		r = v.params.Draws.Uint64() >> 32
	} else {
		r = uint64(rand.Uint32())
	}
	return slices.IndexFunc(v.upTo, func(end uint64) bool { return r < end }) // the last is whole
}

// count counts a pick.
func (v *levelsView) count(n Node, requests int) {
	s, seated := n.(*seat)
	if !seated {
		return
	}
	if s.level != v.levels[0] {
		v.params.Spilled.Add(uint64(requests))
	}
	if s.level.panics.Load() {
		v.params.Panicked.Add(uint64(requests))
	}
}

// Done ends what Pick began for that many requests; n is what it returned. A
// node that was closed by what it failed has the health counted again. Hot.
func (l *Levels) Done(n Node, requests int, now int64) {
	v := l.view.Load()
	l.settle(v, n, requests, now)
	if (v.solo == nil || v.params.Panic > 0) && Under(n).Status(now) >= sidecar.Closed {
		l.recount(now)
	}
}

// settle tells the picker that n came from.
func (l *Levels) settle(v *levelsView, n Node, requests int, now int64) {
	if s, seated := n.(*seat); seated {
		s.level.picker.Done(n, requests, now)
		return
	}
	v.bare.Done(n, requests, now)
}

// recount counts health, unless that was just done or somebody changes things.
func (l *Levels) recount(now int64) {
	last := l.counted.Load()
	if now-last < recountAfter || !l.counted.CompareAndSwap(last, now) || !l.mu.TryLock() {
		return
	}
	defer l.mu.Unlock()
	l.publish(now)
}

// Tick counts health. To be called about once a second.
func (l *Levels) Tick(now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counted.Store(now)
	if len(l.levels) > 1 || l.params.Panic > 0 {
		l.publish(now)
	}
}

// Update makes nodes the whole set. A level that has nodes before and after
// keeps its picker.
func (l *Levels) Update(nodes []Node, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nodes = slices.Clone(nodes)
	l.arrange(now)
	l.publish(now)
}

// Set changes the settings live.
func (l *Levels) Set(p LevelsParams, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.complete()
	p.Draws = l.params.Draws
	moved := p.Zone != l.params.Zone
	l.params = p
	if moved {
		l.arrange(now)
	}
	l.publish(now)
}

// Pickers are those of the levels, in order; there is at least one.
func (l *Levels) Pickers() []Picker {
	v := l.view.Load()
	all := make([]Picker, len(v.levels))
	for i, at := range v.levels {
		all[i] = at.picker
	}
	return all
}

// Level is one at one moment, for people.
type Level struct {
	Priority  int     `json:"priority"`
	Zone      string  `json:"zone,omitempty"` // "own" or "other", where zones count
	Endpoints int     `json:"endpoints"`
	Healthy   float64 `json:"healthy"` // share of its weight that is not closed
	Share     float64 `json:"share"`   // of the requests
	Panic     bool    `json:"panic"`   // health is ignored
}

// Told are the levels in order; not to be changed.
func (l *Levels) Told() []Level { return l.view.Load().told }

// At is the index of the level that the node of that ID is in.
func (l *Levels) At(id uint64) int { return l.view.Load().homes[id] }
