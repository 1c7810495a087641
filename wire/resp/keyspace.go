package resp

import "sync/atomic"

// Map says which shard has a key and which servers a shard has. Nobody changes
// one: another takes its place.
type Map struct {
	// Shards are at least one.
	Shards []Shard
	// place finds a key's shard among them; nil with one.
	place func(key []byte) int
	// strict: servers refuse commands whose keys are of several slots.
	cluster bool
}

// Shard is a master and its replicas, by address as discovery has them. An empty
// master is any endpoint: the balancer's choice.
type Shard struct {
	Master   string
	Replicas []string
}

// ShardOf is the shard of a key.
func (m *Map) ShardOf(key []byte) int {
	if m.place == nil {
		return 0
	}
	return m.place(key)
}

// Keyspace is the servers of one upstream by what they have. Its methods may be
// called from any goroutine.
type Keyspace struct {
	now atomic.Pointer[Map]
}

// Single is that of an upstream whose endpoints all have the same keys.
func Single() *Keyspace {
	k := new(Keyspace)
	k.now.Store(&Map{Shards: make([]Shard, 1)})
	return k
}

// Map is the present one; whoever looks at several keys takes one for all.
func (k *Keyspace) Map() *Map { return k.now.Load() }

// Set puts m in the place of the present one.
func (k *Keyspace) Set(m *Map) { k.now.Store(m) }
