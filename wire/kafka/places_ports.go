package kafka

import (
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sidecar/sock"
)

// PortsParams are what Ports is made of.
type PortsParams struct {
	// Bootstrap is the port that clients bootstrap at; no node has it.
	Bootstrap   int
	First, Last int   // the ports of nodes
	Avoid       []int // of them, those that others in this process have
	// Host is what clients are told as the host, and Offset added to the ports that
	// they are told: they may come by another address than the one that is bound.
	Host   string
	Offset int
	// Bind listens at a port. A socket, so it does not wait.
	Bind  func(port int) error
	Learn LearnFunc
	// Path is the file that keeps which node has which port for the next process; ""
	// is none.
	Path string
	Log  *slog.Logger
	Now  func() time.Time // nil is time.Now
}

// Ports are the Places of a listener where each node has a port of its own.
type Ports struct {
	p    PortsParams
	now  atomic.Pointer[ports]
	told oncePerNode
	wake chan struct{}

	mu    sync.Mutex // guards what follows, and the order of now
	table *portTable
	again time.Time // before it no port is looked for
	full  bool      // that no port is left was told
}

// ports is who is where at one time. Nobody changes one.
type ports struct {
	byNode map[int32]int
	byPort map[int]int32
}

// NewPorts makes the places of one listener, and listens at the ports of nodes that
// a former process knew: clients still know them.
func NewPorts(p PortsParams) *Ports {
	if p.Now == nil {
		p.Now = time.Now
	}
	l := &Ports{p: p, wake: make(chan struct{}, 1), table: newPortTable(p.First, p.Last, append([]int{p.Bootstrap}, p.Avoid...))}
	if p.Path != "" {
		data, err := readPorts(p.Path)
		if err == nil {
			err = l.table.restore(data, p.Now())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.Log.Warn("kafka: which node had which port is not known; nodes may have others than before", "path", p.Path, "err", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for node, e := range l.table.byNode {
		l.bind(node, e.port)
	}
	l.publish()
	return l
}

// Learn is Places'.
func (l *Ports) Learn(node int32, host []byte, port int32) { l.p.Learn(node, host, port) }

// Place is Places'. Of a node that is new it takes a port, and listens there.
func (l *Ports) Place(node int32) (host string, port int32, ok bool) {
	n, ok := l.now.Load().byNode[node]
	if !ok {
		if n, ok = l.add(node); !ok {
			return "", 0, false
		}
	}
	return l.p.Host, int32(n + l.p.Offset), true // #nosec G115 -- the configuration keeps it within ports
}

// NodeAt is Params.NodeAt: by the port that the client has dialled.
func (l *Ports) NodeAt(c *sock.Conn) (node int32, ok bool) {
	port := int(localAddr(c).Port())
	if port == l.p.Bootstrap {
		return -1, true
	}
	node, ok = l.now.Load().byPort[port]
	return node, ok
}

// Has tells whether clients find a node, or bootstrap, at port.
func (l *Ports) Has(port int) bool {
	_, ok := l.now.Load().byPort[port]
	return ok || port == l.p.Bootstrap
}

// Tell takes up which nodes the cluster has. It listens at their ports before any
// client is told of them.
func (l *Ports) Tell(nodes []int32) {
	l.mu.Lock()
	l.table.present(nodes, l.p.Now())
	l.mu.Unlock()
	for _, node := range nodes {
		l.Place(node)
	}
}

const (
	// mostTaken is how many ports in a row may be somebody else's before a node gets
	// none for now.
	mostTaken = 100
	// nextTry is how long after a node got no port none is looked for again: answers
	// tell of the same nodes all the time.
	nextTry = time.Second
)

// add gives node a port.
func (l *Ports) add(node int32) (port int, ok bool) {
	if node < 0 {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.p.Now()
	if e, has := l.table.byNode[node]; has {
		return e.port, true // somebody else was faster
	}
	if now.Before(l.again) {
		return 0, false
	}
	for range mostTaken {
		port, ok = l.table.assign(node, now)
		if !ok {
			l.tellFull(node)
			break
		}
		bound, taken := l.bind(node, port)
		if bound {
			l.publish()
			l.poke()
			return port, true
		}
		if !taken {
			break
		}
	}
	l.again = now.Add(nextTry)
	return 0, false
}

// bind listens at node's port. One that cannot be had is taken from the node; taken
// tells that it is somebody else's, so that another is to be tried.
func (l *Ports) bind(node int32, port int) (bound, taken bool) {
	err := l.p.Bind(port)
	if err == nil {
		return true, false
	}
	if taken = errors.Is(err, syscall.EADDRINUSE); taken {
		l.table.avoid[port] = true
	}
	l.table.release(port)
	if l.told.first(node) {
		l.p.Log.Warn("kafka: the port of a node cannot be listened on", "node", node, "port", port, "err", err, "another_is_tried", taken)
	}
	return false, taken
}

// tellFull tells once that nodes are left without a port.
func (l *Ports) tellFull(node int32) {
	if l.full {
		return
	}
	l.full = true
	l.p.Log.Error("kafka: no port is left for a node, clients are told of none: widen the listener's kafka.ports", "node", node, "first", l.p.First, "last", l.p.Last)
}

// publish makes the table what is read; with the lock held.
func (l *Ports) publish() {
	next := &ports{make(map[int32]int, len(l.table.byNode)), make(map[int]int32, len(l.table.byNode))}
	for node, e := range l.table.byNode {
		next.byNode[node], next.byPort[e.port] = e.port, node
	}
	l.now.Store(next)
}

func (l *Ports) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
