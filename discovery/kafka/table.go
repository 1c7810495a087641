package kafka

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"sidecar/discovery"
)

const (
	// Lingering is how long a node is known after the first answer of the cluster
	// that does not have it, and one that clients were told of before the first that
	// does. Clients know it longer than the cluster: of a broker that restarts, and
	// hears clients before the cluster counts it in again.
	Lingering = 30 * time.Second
	// handover is how long an endpoint is given out that no node has any more:
	// sessions about to begin have it by name.
	handover = 5 * time.Second
	// settled is how long an address of a node must have been known before one that
	// clients are told of takes its place. Brokers that do not agree would else have
	// every endpoint made anew with each of their answers.
	settled = time.Second
)

// LabelNode is the label of endpoints that says which node is there, by its id; of
// several at one address the ids are joined by commas.
const LabelNode = "node"

// entry is a node and what is known of it besides.
type entry struct {
	Node
	moved time.Time // when it got this address
}

// table is what is known of a cluster. It is pure: answers and the time in,
// endpoints and nodes out.
type table struct {
	answered bool   // the cluster itself has told of its nodes
	cluster  string // its id, "" if nobody has told
	nodes    map[int32]entry
	seeds    []discovery.Endpoint
	old      map[string]leaving // endpoints that nobody has any more, by address
}

// leaving is an endpoint that is given out for a while.
type leaving struct {
	discovery.Endpoint
	until time.Time
}

func newTable() *table {
	return &table{nodes: map[int32]entry{}, old: map[string]leaving{}}
}

// seed takes up where the cluster is looked for, which until it was found is all
// that can be used.
func (t *table) seed(seeds []discovery.Endpoint) { t.seeds = seeds }

// isSeed tells whether a seed is at address.
func (t *table) isSeed(address string) bool {
	return slices.ContainsFunc(t.seeds, func(e discovery.Endpoint) bool { return e.Address == address })
}

// take takes up an answer of the cluster: the nodes that it has, and no others.
// moved are those that are new or elsewhere than before. seeds: these were given out.
func (t *table) take(a answer, seeds bool, now time.Time) (moved []Node) {
	if a.cluster != "" {
		t.cluster = a.cluster
	}
	if !t.answered && seeds {
		for _, e := range t.seeds {
			t.old[e.Address] = leaving{e, now.Add(handover)}
		}
	}
	t.answered = true
	told := make(map[int32]struct{}, len(a.nodes))
	for _, n := range a.nodes {
		if _, twice := told[n.ID]; twice {
			continue
		}
		told[n.ID] = struct{}{}
		n.Seen = now
		if t.place(n, now) {
			moved = append(moved, n)
		}
	}
	for id, e := range t.nodes {
		if _, there := told[id]; !there && e.Until.IsZero() {
			e.Until = now.Add(Lingering)
			t.nodes[id] = e
		}
	}
	return moved
}

// meet takes up what an answer to a client says of a node, unless that is known
// already or cannot be. moved tells that it was; the cluster is to be asked
// whatever it is.
func (t *table) meet(n Node, now time.Time) (moved bool) {
	e, known := t.nodes[n.ID]
	switch {
	case !known && len(t.nodes) >= MaxNodes:
		return false
	case known && e.Address == n.Address:
		return false
	case known && now.Sub(e.moved) < settled:
		return false
	}
	n.Seen, n.Until, n.Rack = now, now.Add(Lingering), e.Rack
	if known && e.Until.IsZero() {
		n.Until = time.Time{} // the cluster knows the node, if elsewhere
	}
	return t.place(n, now)
}

// place puts n where it says that it is. moved tells whether it was not there.
func (t *table) place(n Node, now time.Time) (moved bool) {
	before, known := t.nodes[n.ID]
	e := entry{n, before.moved}
	if moved = !known || before.Address != n.Address; moved {
		e.moved = now
	}
	t.nodes[n.ID] = e
	if known && moved {
		t.leave(before.Node, now.Add(handover))
	}
	return moved
}

// leave has the endpoint where n was given out a while longer.
func (t *table) leave(n Node, until time.Time) {
	t.old[n.Address] = leaving{discovery.Endpoint{Address: n.Address, Weight: 1, Zone: n.Rack}, until}
}

// expire forgets what has had its time. It tells whether there was any, and how
// long it is until there is again.
func (t *table) expire(now time.Time) (gone bool, next time.Duration) {
	next = time.Hour
	due := func(until time.Time) bool {
		left := until.Sub(now)
		if left <= 0 {
			gone = true
			return true
		}
		next = min(next, left)
		return false
	}
	maps.DeleteFunc(t.nodes, func(_ int32, e entry) bool { return !e.Until.IsZero() && due(e.Until) })
	maps.DeleteFunc(t.old, func(_ string, l leaving) bool { return due(l.until) })
	return gone, next
}

// snapshot is who is where.
func (t *table) snapshot() *Nodes {
	n := &Nodes{list: make([]Node, 0, len(t.nodes))}
	for _, e := range t.nodes {
		n.list = append(n.list, e.Node)
	}
	slices.SortFunc(n.list, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	return n
}

// endpoints are all that can be used: the nodes', one for each address, then what
// leaves; before the cluster has answered the seeds, too, if they are wanted.
func (t *table) endpoints(nodes *Nodes, seeds bool) []discovery.Endpoint {
	at := make(map[string]int, len(t.nodes)+len(t.old)+len(t.seeds))
	set := make([]discovery.Endpoint, 0, cap(nodes.list))
	add := func(e discovery.Endpoint) {
		if _, there := at[e.Address]; !there {
			at[e.Address] = len(set)
			set = append(set, e)
		}
	}
	for i := range nodes.list {
		n := &nodes.list[i]
		id := strconv.Itoa(int(n.ID))
		if i, there := at[n.Address]; there {
			set[i].Labels[LabelNode] += "," + id
			set[i].Priority = min(set[i].Priority, priority(n.Until))
			continue
		}
		add(discovery.Endpoint{Address: n.Address, Weight: 1, Zone: n.Rack, Priority: priority(n.Until), Labels: map[string]string{LabelNode: id}})
	}
	if seeds && !t.answered {
		for _, e := range t.seeds {
			add(e)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(t.old)) {
		e := t.old[address].Endpoint
		e.Priority = leavingPriority
		add(e)
	}
	return set
}

// leavingPriority is that of endpoints which are given out for those who know them
// by name: others have them only where nothing else is left.
const leavingPriority = 1

// priority is that of a node that is forgotten at that time, zero for none.
func priority(until time.Time) int {
	if until.IsZero() {
		return 0
	}
	return leavingPriority
}
