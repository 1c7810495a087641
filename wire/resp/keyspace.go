package resp

import (
	"sync"
	"sync/atomic"

	root "sidecar"
)

// Map says which shard has a key and which servers a shard has. Nobody changes
// one: another takes its place.
type Map struct {
	// Shards are at least one.
	Shards []Shard
	// circle or slots find a key's shard among them; with neither there is one.
	circle *circle
	slots  *[Slots]uint16
	// cluster: servers refuse commands whose keys are of several slots.
	cluster bool
	// awaited: nobody has said yet where the keys are.
	awaited bool
}

// Shard is a master and its replicas, by address as discovery has them. An empty
// master is any endpoint: the balancer's choice.
type Shard struct {
	Master   string
	Replicas []string
}

// One is the map of an upstream whose servers all have the same keys: s, whose
// master may be empty.
func One(s Shard) *Map { return &Map{Shards: []Shard{s}} }

// ShardOf is the shard of a key.
func (m *Map) ShardOf(key []byte) int {
	switch {
	case m.slots != nil:
		return int(m.slots[Slot(key)])
	case m.circle != nil:
		return m.circle.server(key)
	}
	return 0
}

// KeyspaceParams are what a Keyspace is made of.
type KeyspaceParams struct {
	Map  *Map // the first one, nil is that of Single
	Read ReadPolicy
	// Load is what an endpoint has to do, and how it stands. nil: all alike.
	// Called for each command that may be read from several; hot.
	Load func(address string) (pending int64, status root.Status)
	// Meet has an endpoint known, when it returns, that a redirect names and that
	// may be new. nil if none can be added. It does not wait for the network.
	Meet func(address string)
	// Look has the servers asked again soon where what is, since one of them has
	// answered that it is otherwise. It does not wait. nil: that never changes, and
	// what a server cannot take now is not done again for as long as there is time.
	Look func()
}

// Keyspace is the servers of one upstream by what they have. Its methods may be
// called from any goroutine.
type Keyspace struct {
	now  atomic.Pointer[Map]
	read atomic.Uint32
	p    KeyspaceParams
	mu   sync.Mutex // orders changes of the map
}

// Single is that of an upstream whose endpoints all have the same keys.
func Single() *Keyspace { return NewKeyspace(KeyspaceParams{}) }

// NewKeyspace makes one.
func NewKeyspace(p KeyspaceParams) *Keyspace {
	if p.Map == nil {
		p.Map = One(Shard{})
	}
	if p.Load == nil {
		p.Load = func(string) (int64, root.Status) { return 0, root.Open }
	}
	k := &Keyspace{p: p}
	k.now.Store(p.Map)
	k.SetRead(p.Read)
	return k
}

// Map is the present one; whoever looks at several keys takes one for all.
func (k *Keyspace) Map() *Map { return k.now.Load() }

// Set puts m in the place of the present one.
func (k *Keyspace) Set(m *Map) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now.Store(m)
}

// SetRead changes KeyspaceParams.Read.
func (k *Keyspace) SetRead(r ReadPolicy) { k.read.Store(uint32(r)) }

// Look has the servers asked again where what is: one has said that it is no
// master any more, or that its cluster is down.
func (k *Keyspace) Look() {
	if k.p.Look != nil {
		k.p.Look()
	}
}
