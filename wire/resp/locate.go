package resp

// A place is where a key is: in a Redis Cluster its slot, since servers there
// take commands for keys of one slot only; else its shard.

// locate is a key's place.
func (m *Map) locate(key []byte) int {
	if m.cluster {
		return Slot(key)
	}
	return m.ShardOf(key)
}

// places is how many there are.
func (m *Map) places() int {
	if m.cluster {
		return Slots
	}
	return len(m.Shards)
}

// shardAt is the shard of a place.
func (m *Map) shardAt(place int) int {
	switch {
	case !m.cluster:
		return min(place, len(m.Shards)-1) // of a map that was larger
	case m.slots == nil:
		return 0
	}
	return int(m.slots[place])
}

// whole tells whether every server has every key and takes commands with any.
func (m *Map) whole() bool { return len(m.Shards) == 1 && !m.cluster }

// follows tells whether what is where may change under way: what a server
// refuses because it is elsewhere is then done again there.
func (k *Keyspace) follows() bool { return k.p.Look != nil || k.Map().cluster }

// locator finds places for a Splitter: as a value that is made once, since a
// method's would be allocated at each use.
type locator struct {
	m  *Map
	at func(key []byte) int
}

func (l *locator) find(key []byte) int { return l.m.locate(key) }
