package daemon

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"sidecar/balance"
	"sidecar/discovery"
	"sidecar/wire/resp"
)

// The ways in which keys are spread over servers that know nothing of each other.
const (
	distributionKetama = "ketama" // twemproxy's circle
	distributionModula = "modula" // twemproxy's remainder
	distributionSlot   = "slot"   // Redis Cluster's slots, shared out by weights
)

// sharding says how.
type sharding struct {
	distribution string
	hashing      resp.Hashing
}

// member is a server that has a part of the keys.
type member struct {
	address, name string
	weight        float64
}

// shardsOf is the map of the servers that discovery tells. Their order is
// twemproxy's, who sorts them, so that announcing them in another moves no key.
func (s sharding) shardsOf(endpoints []discovery.Known) (*resp.Map, error) {
	if len(endpoints) == 0 {
		return resp.One(resp.Shard{}), nil // any endpoint: there is none
	}
	members := membersOf(endpoints)
	shards, weights := make([]resp.Shard, len(members)), make([]int, len(members))
	for i, m := range members {
		shards[i] = resp.Shard{Master: m.address}
		weights[i] = max(1, int(math.Round(m.weight)))
	}
	switch s.distribution {
	case distributionModula:
		return resp.NewModulaMap(shards, s.hashing, weights)
	case distributionSlot:
		return resp.NewSlotMap(shards, slotShares(members))
	}
	return resp.NewCircleMap(shards, s.hashing, circleOf(members))
}

// membersOf are the servers in order. What places a server is its name, so that
// it can move to another address with its keys: the one that discovery tells of
// it alone (a registry may give all of them that of a port), or its address as
// twemproxy writes it.
func membersOf(endpoints []discovery.Known) []member {
	named := map[string]int{}
	for i := range endpoints {
		named[endpoints[i].Name]++
	}
	members := make([]member, len(endpoints))
	for i := range endpoints {
		e := &endpoints[i]
		members[i] = member{e.Address, e.Name, e.Weight}
		if e.Name == "" || named[e.Name] > 1 {
			members[i].name = balance.KetamaName(e.Address)
		}
	}
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name), cmp.Compare(a.address, b.address))
	})
	return members
}

func circleOf(members []member) []resp.Point {
	servers := make([]balance.KetamaServer, len(members))
	for i, m := range members {
		servers[i] = balance.KetamaServer{Name: m.name, Weight: m.weight}
	}
	points := make([]resp.Point, 0, len(servers))
	for _, p := range balance.KetamaPoints(servers) {
		points = append(points, resp.Point{Value: p.Value, Shard: p.Server})
	}
	return points
}

// slotShares gives each server as many slots as its weight says, in order.
func slotShares(members []member) []resp.SlotRange {
	total := 0.0
	for _, m := range members {
		total += m.weight
	}
	var ranges []resp.SlotRange
	first, sum := 0, 0.0
	for i, m := range members {
		sum += m.weight
		end := int(math.Round(sum / total * resp.Slots))
		if i == len(members)-1 {
			end = resp.Slots
		}
		if end > first {
			ranges = append(ranges, resp.SlotRange{First: first, Last: end - 1, Shard: i})
		}
		first = max(first, end)
	}
	return ranges
}

// parseHashTag reads the two characters that enclose what is hashed of a key.
func parseHashTag(text string) (open, end byte, err error) {
	switch {
	case text == "":
		return 0, 0, nil
	case len(text) != 2 || strings.ContainsRune(text, 0):
		return 0, 0, fmt.Errorf("expected two characters as in \"{}\"")
	}
	return text[0], text[1], nil
}
