package kafka

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// forgetAfter is how long a node must have been gone before its port may be
// another's, and then only if no other is left. Clients know addresses for longer
// than the cluster has the node, and would take the one for the other.
const forgetAfter = time.Hour

// portTable says which node has which port. It is pure: nodes and the time in,
// ports out. A node keeps its port; which one it gets hangs on its id, so that it is
// the same, mostly, where the table was lost.
type portTable struct {
	first, last int
	avoid       map[int]bool // ports that somebody else has
	byNode      map[int32]portEntry
	byPort      map[int]int32
}

// portEntry is a node's port.
type portEntry struct {
	port int
	// gone is since when the cluster has no such node, or has not been heard of;
	// zero for one that it has.
	gone time.Time
}

func newPortTable(first, last int, avoid []int) *portTable {
	t := &portTable{first: first, last: last, avoid: map[int]bool{}, byNode: map[int32]portEntry{}, byPort: map[int]int32{}}
	for _, port := range avoid {
		t.avoid[port] = true
	}
	return t
}

// assign is the port of node, a new one if it has none; false if none is left.
func (t *portTable) assign(node int32, now time.Time) (port int, ok bool) {
	if e, has := t.byNode[node]; has {
		return e.port, true
	}
	size := t.last - t.first + 1
	for i := range size {
		port := t.first + (int(node)+i)%size
		if _, taken := t.byPort[port]; !taken && !t.avoid[port] {
			t.set(node, portEntry{port: port})
			return port, true
		}
	}
	return t.inherit(node, now)
}

// inherit gives node the port of the one that has been gone for longest.
func (t *portTable) inherit(node int32, now time.Time) (port int, ok bool) {
	oldest, since := int32(-1), now.Add(-forgetAfter)
	for id, e := range t.byNode {
		if !e.gone.IsZero() && !e.gone.After(since) && !t.avoid[e.port] {
			oldest, since = id, e.gone
		}
	}
	if oldest < 0 {
		return 0, false
	}
	e := t.byNode[oldest]
	delete(t.byNode, oldest)
	t.set(node, portEntry{port: e.port})
	return e.port, true
}

func (t *portTable) set(node int32, e portEntry) {
	t.byNode[node] = e
	t.byPort[e.port] = node
}

// release takes a port from its node.
func (t *portTable) release(port int) {
	if node, taken := t.byPort[port]; taken {
		delete(t.byPort, port)
		delete(t.byNode, node)
	}
}

// present takes up which nodes the cluster has. Others keep their ports for a while.
func (t *portTable) present(nodes []int32, now time.Time) {
	there := make(map[int32]bool, len(nodes))
	for _, id := range nodes {
		there[id] = true
	}
	for id, e := range t.byNode {
		switch has := there[id]; {
		case has && !e.gone.IsZero():
			e.gone = time.Time{}
			t.byNode[id] = e
		case !has && e.gone.IsZero():
			e.gone = now
			t.byNode[id] = e
		}
	}
}

// What a file of ports begins with.
const (
	portsFormat  = "sidecar kafka ports"
	portsVersion = 1
	// maxPortsFile is the size of the largest in bytes: a range of all ports.
	maxPortsFile = 4 << 20
)

// portsFile is what the file holds.
type portsFile struct {
	Format  string        `json:"format"`
	Version int           `json:"version"`
	Nodes   map[int32]int `json:"nodes"` // port by id
}

// encode is the table as a file.
func (t *portTable) encode() ([]byte, error) {
	f := portsFile{portsFormat, portsVersion, make(map[int32]int, len(t.byNode))}
	for id, e := range t.byNode {
		f.Nodes[id] = e.port
	}
	return json.Marshal(f)
}

// restore takes up what a former process has left. Ports outside of the range, which
// may be another one now, are left out; one wrong part makes all of it suspect.
func (t *portTable) restore(data []byte, now time.Time) error {
	if len(data) > maxPortsFile {
		return fmt.Errorf("larger than %d bytes", maxPortsFile)
	}
	var f portsFile
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("not a table of ports: %w", err)
	}
	if f.Format != portsFormat || f.Version != portsVersion {
		return fmt.Errorf("format %.40q, version %d: expected %q, version %d", f.Format, f.Version, portsFormat, portsVersion)
	}
	seen := make(map[int]bool, len(f.Nodes))
	for id, port := range f.Nodes {
		if id < 0 || port < 1 || port > 65535 || seen[port] {
			return errors.New("nodes below 0, ports that are none, or a port of two nodes")
		}
		seen[port] = true
	}
	for _, id := range slices.Sorted(maps.Keys(f.Nodes)) {
		if port := f.Nodes[id]; port >= t.first && port <= t.last && !t.avoid[port] {
			t.set(id, portEntry{port, now})
		}
	}
	return nil
}
