package balance

import (
	"cmp"
	"slices"
	"sync/atomic"

	"sidecar"
)

// overprovision is how many times the weight that is needed a level is taken to
// have, as Envoy does: it gives nothing away until less than 1/1.4 is well.
const overprovision = 1.4

// whole is a share of everything.
const whole = 1 << 32

// level is the nodes of one priority, and of one side of a zone. Its picker and
// whether it panics are read by picks; the mutex of its Levels guards the rest.
type level struct {
	picker Picker
	panics atomic.Bool
	key    levelKey
	nodes  []Node
	// given is which form the picker has the nodes in, 0 if it has not got them.
	given form
}

type levelKey struct {
	priority int
	far      bool // of another zone than this process
}

type form uint8

const (
	asNodes form = iota + 1
	asSeats
	asPanickedSeats
)

func (k levelKey) compare(o levelKey) int {
	switch {
	case k.priority != o.priority:
		return cmp.Compare(k.priority, o.priority)
	case k.far == o.far:
		return 0
	case o.far:
		return -1
	}
	return 1
}

// seat is a node in a level. It tells from which level it was picked, and that
// it is Open while the health of the level is ignored.
type seat struct {
	Node
	level *level
}

func (s *seat) Status(now int64) sidecar.Status {
	st := s.Node.Status(now)
	if st >= sidecar.Closed && s.level.panics.Load() && !barred(s.Node) {
		return sidecar.Open
	}
	return st
}

// Barred is a Node that somebody has taken out by hand: it stays out though the
// health of its level is ignored, and is no part of that.
type Barred interface {
	Barred() bool
}

func barred(n Node) bool {
	b, ok := n.(Barred)
	return ok && b.Barred()
}

// Failing is a Node that is not Closed only because too many others are: it
// fails what it is given.
type Failing interface {
	Failing() bool
}

// failingPart is how much of its weight such a node counts for where levels
// share: little, as other levels do better, and yet something, or nobody would
// notice that it is well again.
const failingPart = 0.05

// soundPart is how much of its weight a node that is not Closed counts for.
func soundPart(n Node) float64 {
	if f, ok := n.(Failing); ok && f.Failing() {
		return failingPart
	}
	return 1
}

// Place is the node's.
func (s *seat) Place() Place { return placeOf(s.Node) }

// Under is the node itself of what Levels picked.
func Under(n Node) Node {
	if s, seated := n.(*seat); seated {
		return s.Node
	}
	return n
}

// Panics tells whether n was picked with the health of its level ignored: it is
// to be used though it is Closed.
func Panics(n Node) bool {
	s, seated := n.(*seat)
	return seated && s.level.panics.Load() && !barred(s.Node)
}

// arrange gives each node its level. With the mutex held.
func (l *Levels) arrange(now int64) {
	groups := map[levelKey][]Node{}
	for _, n := range l.nodes {
		p := placeOf(n)
		k := levelKey{p.Priority, l.params.Zone != "" && p.Zone != l.params.Zone}
		groups[k] = append(groups[k], n)
	}
	old := l.levels
	if len(groups) == 0 {
		groups[old[0].key] = nil // a picker stays for who comes next
	}
	next := make([]*level, 0, len(groups))
	for k, nodes := range groups {
		var at *level
		if i := slices.IndexFunc(old, func(at *level) bool { return at.key == k }); i >= 0 {
			at = old[i]
		} else if len(old) == 1 && len(groups) == 1 {
			at = old[0] // the only level stays it, whatever its nodes say
		} else {
			at = &level{picker: l.params.Fresh(now)}
		}
		at.key, at.nodes, at.given = k, nodes, 0
		next = append(next, at)
	}
	slices.SortFunc(next, func(a, b *level) int { return a.key.compare(b.key) })
	// The pickers of levels that are no more keep their nodes: a pick that has
	// begun with the former view must find some.
	l.levels = next
}

// publish counts health and makes the present levels what picks see. With the
// mutex held.
func (l *Levels) publish(now int64) {
	told := tell(l.levels, l.params, now)
	v := &levelsView{params: l.params, levels: l.levels, told: told, bare: l.view.Load().bare}
	sum := 0.0
	for _, t := range told {
		sum += t.Share
		v.upTo = append(v.upTo, uint64(sum*whole))
	}
	for i := len(told) - 1; i >= 0 && (i == len(told)-1 || told[i+1].Share == 0); i-- {
		v.upTo[i] = whole // and not a hair less, by rounding
	}
	form := asSeats
	if len(told) == 1 && !told[0].Panic {
		form = asNodes
		v.solo = l.levels[0].picker
		v.bare = v.solo
	}
	if len(told) > 1 {
		v.homes = make(map[uint64]int, len(l.nodes))
	}
	for i, at := range l.levels {
		at.give(form, told[i].Panic, now)
		for _, n := range at.nodes {
			if v.homes != nil {
				v.homes[n.ID()] = i
			}
		}
	}
	l.view.Store(v)
}

// give has the picker take the nodes, if it has not got them in that form.
func (at *level) give(f form, panics bool, now int64) {
	at.panics.Store(panics)
	if panics {
		f = asPanickedSeats
	}
	if at.given == f {
		return
	}
	at.given = f
	if f == asNodes {
		at.picker.Update(at.nodes, now)
		return
	}
	seats := make([]Node, len(at.nodes))
	for i, n := range at.nodes {
		seats[i] = &seat{Node: n, level: at}
	}
	at.picker.Update(seats, now)
}

// tell counts health and shares everything out. Each level takes what the ones
// before have left, up to its sound share times overprovision. If all of them
// together have not room for everything, what they have is scaled up to it, and
// those of which less than the least share is not Closed panic. With nothing
// healthy at all each gets what its weight is of the whole.
func tell(levels []*level, p LevelsParams, now int64) []Level {
	told := make([]Level, len(levels))
	weights, rooms := make([]float64, len(levels)), make([]float64, len(levels))
	all, room, open := 0.0, 0.0, 0.0 // open: the room if those that fail were well
	for i, at := range levels {
		healthy, sound := 0.0, 0.0
		for _, n := range at.nodes {
			if barred(n) {
				continue
			}
			w := weigh(n.Load(now).Weight)
			weights[i] += w
			if n.Status(now) < sidecar.Closed {
				healthy += w
				sound += w * soundPart(n)
			}
		}
		all += weights[i]
		told[i] = Level{Priority: at.key.priority, Endpoints: len(at.nodes)}
		if weights[i] > 0 {
			told[i].Healthy = healthy / weights[i]
			rooms[i] = min(1, overprovision*sound/weights[i])
		}
		if p.Zone != "" {
			told[i].Zone = "own"
			if at.key.far {
				told[i].Zone = "other"
			}
		}
		room += rooms[i]
		open += min(1, overprovision*told[i].Healthy)
	}
	left := 1.0
	for i := range told {
		t := &told[i]
		t.Panic = open < 1 && t.Healthy < p.Panic && weights[i] > 0
		switch {
		case all == 0:
			t.Share = left // no nodes, or all are barred
		case room == 0:
			t.Share = weights[i] / all
		default:
			t.Share = min(left, rooms[i]/min(1, room))
		}
		left -= t.Share
	}
	return told
}
