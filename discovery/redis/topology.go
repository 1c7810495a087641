package redis

import (
	"slices"
	"strconv"

	"sidecar/discovery"
)

// Slots is how many slots a Redis Cluster has.
const Slots = 16384

// maxNodes bounds the servers of one topology; Redis' own recommendation for a
// cluster is 1,000.
const maxNodes = 4096

// Topology is who has what. Nobody changes one.
type Topology struct {
	Shards []Shard
	// Ranges are the slots that have an owner, in order; none with Sentinels.
	Ranges []Range

	// unsettled: there are servers that will soon be something else.
	unsettled bool
}

// Shard is a master and those of its replicas that are in order, by address as
// endpoints have it.
type Shard struct {
	Master   string
	Replicas []string
}

// Range gives the slots from First to Last to a shard, by its index.
type Range struct{ First, Last, Shard int }

func (s Shard) has(address string) bool {
	return s.Master == address || slices.Contains(s.Replicas, address)
}

func (t *Topology) equal(o *Topology) bool {
	if o == nil {
		return false
	}
	return slices.Equal(t.Ranges, o.Ranges) && slices.EqualFunc(t.Shards, o.Shards, func(a, b Shard) bool {
		return a.Master == b.Master && slices.Equal(a.Replicas, b.Replicas)
	})
}

// slots is how many slots have an owner.
func (t *Topology) slots() (n int) {
	for _, r := range t.Ranges {
		n += r.Last - r.First + 1
	}
	return n
}

// addresses are those of all servers, masters first: these are asked first.
func (t *Topology) addresses() []string {
	if t == nil {
		return nil
	}
	var all []string
	for _, s := range t.Shards {
		all = append(all, s.Master)
	}
	for _, s := range t.Shards {
		all = append(all, s.Replicas...)
	}
	return all
}

// Labels of endpoints: what a server is, and of which shard, by its number.
const (
	LabelRole  = "role"
	LabelShard = "shard"

	roleMaster  = "master"
	roleReplica = "replica"
)

// endpoints are the servers as discovery has them.
func (t *Topology) endpoints() []discovery.Endpoint {
	if t == nil {
		return nil
	}
	var all []discovery.Endpoint
	add := func(address, role string, shard int) {
		all = append(all, discovery.Endpoint{
			Address: address, Weight: 1, Labels: map[string]string{LabelRole: role, LabelShard: strconv.Itoa(shard)},
		})
	}
	for i, s := range t.Shards {
		add(s.Master, roleMaster, i)
		for _, r := range s.Replicas {
			add(r, roleReplica, i)
		}
	}
	return all
}

// inOrder gives the shards of t the order that they have in before: cursors of
// scans count shards. What is new stands behind.
func (t *Topology) inOrder(before *Topology) *Topology {
	if before == nil {
		return t
	}
	return t.ordered(func(s Shard) int {
		i := slices.IndexFunc(before.Shards, func(b Shard) bool { return b.has(s.Master) || s.has(b.Master) })
		if i < 0 {
			return len(before.Shards)
		}
		return i
	})
}

// bySlots gives the shards the order of their first slots. Ranges are in order.
func (t *Topology) bySlots() *Topology {
	first := map[string]int{}
	for i := len(t.Ranges) - 1; i >= 0; i-- {
		first[t.Shards[t.Ranges[i].Shard].Master] = t.Ranges[i].First
	}
	return t.ordered(func(s Shard) int { return first[s.Master] })
}

// ordered is t with its shards in the order of what place says of each.
func (t *Topology) ordered(place func(Shard) int) *Topology {
	order := make([]int, len(t.Shards))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place(t.Shards[a]) - place(t.Shards[b]) })
	now := make([]int, len(order)) // the new index by the old one
	next := &Topology{Shards: make([]Shard, len(order)), Ranges: slices.Clone(t.Ranges), unsettled: t.unsettled}
	for to, from := range order {
		next.Shards[to], now[from] = t.Shards[from], to
	}
	for i := range next.Ranges {
		next.Ranges[i].Shard = now[next.Ranges[i].Shard]
	}
	return next
}
