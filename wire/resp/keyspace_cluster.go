package resp

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// maxShards bounds a map's: a Redis Cluster has at most 16384 masters, each with
// a slot, and shards that redirects have added count until the next map.
const maxShards = Slots

// SlotRange gives the slots from First to Last to a shard, by its index.
type SlotRange struct{ First, Last, Shard int }

// NewClusterMap is the map of a Redis Cluster. Slots that nobody has go to some
// shard, whose answer then says what is wrong. The error is a range that is none.
func NewClusterMap(shards []Shard, ranges []SlotRange) (*Map, error) {
	m, err := newSlotMap(shards, ranges)
	if err == nil {
		m.cluster = true
	}
	return m, err
}

// newSlotMap is a map by Redis Cluster's slots, whatever the servers are.
func newSlotMap(shards []Shard, ranges []SlotRange) (*Map, error) {
	if len(shards) == 0 || len(shards) > maxShards {
		return nil, fmt.Errorf("%d shards: expected 1 to %d", len(shards), maxShards)
	}
	m := &Map{Shards: shards, slots: new([Slots]uint16)}
	for i := range m.slots {
		m.slots[i] = uint16(i % len(shards))
	}
	for _, r := range ranges {
		if r.First < 0 || r.Last < r.First || r.Last >= Slots || r.Shard < 0 || r.Shard >= len(shards) {
			return nil, fmt.Errorf("slots %d to %d of shard %d: expected slots from 0 to %d and one of %d shards", r.First, r.Last, r.Shard, Slots-1, len(shards))
		}
		for i := r.First; i <= r.Last; i++ {
			m.slots[i] = uint16(r.Shard)
		}
	}
	return m, nil
}

// AwaitedMap is the map of a Redis Cluster of which nothing is known yet: any
// endpoint, which redirects.
func AwaitedMap() *Map {
	m := One(Shard{})
	m.cluster, m.awaited = true, true
	return m
}

// AwaitedMaster is the map of a master that nobody has named yet. nowhere is an
// address that no endpoint has: a wrong server would be written to.
func AwaitedMaster(nowhere string) *Map {
	m := One(Shard{Master: nowhere})
	m.awaited = true
	return m
}

// has tells whether a server of that address is known.
func (m *Map) has(address string) bool {
	return slices.ContainsFunc(m.Shards, func(s Shard) bool { return s.Master == address || slices.Contains(s.Replicas, address) })
}

// Redirects tells whether the servers of m say where a key is.
func (m *Map) Redirects() bool { return m.cluster }

// Moved takes up that a server has said where a slot is, for good or, with ask,
// for one command: at to, an address as Redirect.Endpoint gives it. When it
// returns the endpoint is known, and the next command for the slot goes there.
// The other servers are asked soon: a slot seldom moves alone.
func (k *Keyspace) Moved(slot int, to string, ask bool) {
	if k.p.Meet != nil {
		k.p.Meet(to)
	}
	if ask {
		return // it moves, and who asks now would still be told where it was
	}
	k.mu.Lock()
	if m := k.now.Load().moved(slot, to); m != nil {
		k.now.Store(m)
	}
	k.mu.Unlock()
	k.Look()
}

// moved is m with the slot at another master, nil if that changes nothing. A
// replica that has a slot of its master's has taken its place, for all slots.
func (m *Map) moved(slot int, to string) *Map {
	if !m.cluster || m.slots == nil || slot < 0 || slot >= Slots {
		return nil
	}
	was := int(m.slots[slot])
	if m.Shards[was].Master == to {
		return nil
	}
	next := *m
	if s := &m.Shards[was]; slices.Contains(s.Replicas, to) {
		next.Shards = slices.Clone(m.Shards)
		next.Shards[was] = Shard{Master: to, Replicas: slices.DeleteFunc(slices.Clone(s.Replicas), func(r string) bool { return r == to })}
		return &next
	}
	i := slices.IndexFunc(m.Shards, func(s Shard) bool { return s.Master == to })
	if i < 0 {
		if i = len(m.Shards); i == maxShards {
			return nil
		}
		next.Shards = append(slices.Clone(m.Shards), Shard{Master: to})
	}
	slots := *m.slots
	slots[slot] = uint16(i)
	next.slots = &slots
	return &next
}

// Endpoint is the endpoint that r names, as discovery writes addresses; from is
// the one that has told r, whose host counts where r names none. "" if there is
// no such address.
func (r Redirect) Endpoint(from string) string {
	address := string(r.Address)
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return ""
	}
	host, port := strings.Trim(address[:i], "[]"), address[i+1:]
	if host == "" || host == "?" { // "?": it has not been told its own name
		host, _, _ = net.SplitHostPort(from)
	}
	if host == "" {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	}
	return net.JoinHostPort(strings.ToLower(host), port)
}
