package redis

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// view is what one node of a cluster says of all.
type view struct {
	from  string // who said it
	epoch int    // the latest change of the cluster that it knows
	well  bool   // it finds that the cluster serves
	Topology
}

// parseInfo takes the epoch and the state of CLUSTER INFO.
func (v *view) parseInfo(answer any) {
	for line := range strings.Lines(text(answer)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "cluster_current_epoch":
			v.epoch, _ = whole(value)
		case "cluster_state":
			v.well = value == "ok"
		}
	}
}

// errNoSlots is told of nodes that belong to no cluster yet.
var errNoSlots = errors.New("no slot has an owner: the node belongs to no cluster yet, or only to the beginning of one")

// parseShards takes the answer of CLUSTER SHARDS. With tls the ports are those of
// TLS.
func (v *view) parseShards(answer any, tls bool) error {
	for _, one := range list(answer) {
		shard := fields(one)
		s, loading := shardNodes(list(shard["nodes"]), v.from, tls)
		v.unsettled = v.unsettled || loading
		if err := v.add(s, list(shard["slots"])); err != nil {
			return err
		}
	}
	return v.check()
}

// shardNodes are the nodes of one shard. A master that has failed stays: nobody
// else has its slots yet. loading: there is a replica that does not serve yet; so
// are called those that have got nothing from their master so far.
func shardNodes(nodes []any, asked string, tls bool) (s Shard, loading bool) {
	for _, one := range nodes {
		n := fields(one)
		address := nodeAddress(n, asked, tls)
		switch health := text(n["health"]); {
		case address == "":
		case text(n["role"]) == roleMaster:
			if s.Master == "" || health == "online" {
				s.Master = address
			}
		case health == "online":
			s.Replicas = append(s.Replicas, address)
		default:
			loading = loading || health == "loading"
		}
	}
	slices.Sort(s.Replicas)
	s.Replicas = slices.Compact(s.Replicas)
	return s, loading
}

// nodeAddress is where a node is reached by the kind of name that the cluster
// prefers ("endpoint"); where it has none of that kind, by its IP.
func nodeAddress(n map[string]any, asked string, tls bool) string {
	port := n["port"]
	if t, ok := whole(n["tls-port"]); tls && ok && t > 0 || port == nil {
		port = n["tls-port"]
	}
	host := text(n["endpoint"])
	if host == "?" {
		host = text(n["ip"])
	}
	return addressOf(host, port, asked)
}

// add adds a shard with its slots, given as firsts and lasts.
func (v *view) add(s Shard, slots []any) error {
	if len(slots) == 0 || s.Master == "" {
		return nil // a master without slots has no keys; slots without one have no owner
	}
	at := slices.IndexFunc(v.Shards, func(o Shard) bool { return o.Master == s.Master })
	if at < 0 {
		at = len(v.Shards)
		v.Shards = append(v.Shards, s)
	}
	for i := 0; i+1 < len(slots); i += 2 {
		first, ok1 := whole(slots[i])
		last, ok2 := whole(slots[i+1])
		if !ok1 || !ok2 || first < 0 || last < first || last >= Slots {
			return fmt.Errorf("%s: slots %v to %v: expected numbers below %d", v.from, slots[i], slots[i+1], Slots)
		}
		v.Ranges = append(v.Ranges, Range{first, last, at})
	}
	return nil
}

// parseSlots takes the answer of CLUSTER SLOTS, of servers before Redis 7.
func (v *view) parseSlots(answer any) error {
	for _, one := range list(answer) {
		r := list(one)
		if len(r) < 3 {
			return fmt.Errorf("%s: a range of slots without an owner", v.from)
		}
		var s Shard
		for i, n := range r[2:] {
			address := slotNode(list(n), v.from)
			switch {
			case i == 0:
				s.Master = address
			case address != "":
				s.Replicas = append(s.Replicas, address)
			}
		}
		slices.Sort(s.Replicas)
		if err := v.add(s, r[:2]); err != nil {
			return err
		}
	}
	return v.check()
}

// slotNode is the address of a node of CLUSTER SLOTS: host, port, id and, from
// Redis 7 on, its other names.
func slotNode(n []any, asked string) string {
	if len(n) < 2 {
		return ""
	}
	host := text(n[0])
	if host == "?" && len(n) > 3 {
		host = text(fields(n[3])["ip"])
	}
	return addressOf(host, n[1], asked)
}

// check puts ranges and shards in the order of slots and refuses what cannot be.
func (v *view) check() error {
	slices.SortFunc(v.Ranges, func(a, b Range) int { return a.First - b.First })
	v.Topology = *v.bySlots()
	nodes := 0
	for _, s := range v.Shards {
		nodes += 1 + len(s.Replicas)
	}
	switch {
	case len(v.Ranges) == 0:
		return fmt.Errorf("%s: %w", v.from, errNoSlots)
	case nodes > maxNodes:
		return fmt.Errorf("%s: %d nodes: expected at most %d", v.from, nodes, maxNodes)
	}
	for i := 1; i < len(v.Ranges); i++ {
		if v.Ranges[i].First <= v.Ranges[i-1].Last {
			return fmt.Errorf("%s: slot %d has two owners", v.from, v.Ranges[i].First)
		}
	}
	return nil
}

// better tells whether v is to be believed rather than o: nodes hear of changes
// one after the other, and who is cut off from the others of none. Who finds the
// cluster well is not cut off; of those the one with the latest change counts,
// then the one that knows more slots' owners.
func (v *view) better(o *view) bool {
	switch {
	case v.well != o.well:
		return v.well
	case v.epoch != o.epoch:
		return v.epoch > o.epoch
	}
	return v.slots() > o.slots()
}

// keep gives slots that nobody has in t to the owners that they had in before,
// and says how many. They are seldom nobody's: the one who was asked has lost
// sight of them.
func (t *Topology) keep(before *Topology) (*Topology, int) {
	if before == nil || t.slots() == Slots {
		return t, 0
	}
	owner := make([]int, Slots) // 1 + its index
	next := &Topology{Shards: slices.Clone(t.Shards), unsettled: true}
	for _, r := range t.Ranges {
		for i := r.First; i <= r.Last; i++ {
			owner[i] = r.Shard + 1
		}
	}
	kept := 0
	at := make(map[int]int) // index here of a shard of before, plus 1
	for _, r := range before.Ranges {
		for i := r.First; i <= r.Last; i++ {
			if owner[i] != 0 {
				continue
			}
			if at[r.Shard] == 0 {
				at[r.Shard] = next.join(before.Shards[r.Shard]) + 1
			}
			owner[i] = at[r.Shard]
			kept++
		}
	}
	next.Ranges = rangesOf(owner)
	return next, kept
}

// join is the index of s among the shards, which it is added to if it is not
// there.
func (t *Topology) join(s Shard) int {
	for i, o := range t.Shards {
		if o.has(s.Master) || s.has(o.Master) {
			return i
		}
	}
	t.Shards = append(t.Shards, s)
	return len(t.Shards) - 1
}

// rangesOf makes ranges of 1 + the shard of each slot, 0 for none.
func rangesOf(owner []int) (ranges []Range) {
	for i := 0; i < len(owner); {
		end := i + 1
		for end < len(owner) && owner[end] == owner[i] {
			end++
		}
		if owner[i] != 0 {
			ranges = append(ranges, Range{i, end - 1, owner[i] - 1})
		}
		i = end
	}
	return ranges
}
