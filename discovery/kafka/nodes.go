package kafka

import (
	"cmp"
	"slices"
	"time"
)

// MaxNodes bounds the brokers of one cluster.
const MaxNodes = 10000

// Node is a broker as the cluster tells of it.
type Node struct {
	ID   int32
	Host string // as the cluster writes it
	Port int32
	// Address is "host:port" in the form that endpoints have.
	Address string
	Rack    string    // "" if it has none, or is not known yet
	Seen    time.Time // when it was last told of by an answer of its own accord
	// Until is when it is forgotten, as the cluster tells of it no more, or does not
	// yet; zero for one that the cluster's last answer has.
	Until time.Time
}

// Nodes are the brokers that are known at one time. Nobody changes one; nil has
// none.
type Nodes struct {
	list []Node // by ID
}

// All are the nodes by their ids. Nobody changes them.
func (n *Nodes) All() []Node {
	if n == nil {
		return nil
	}
	return n.list
}

// At is the node of that id. It takes no memory.
func (n *Nodes) At(id int32) (Node, bool) {
	if n == nil {
		return Node{}, false
	}
	i, ok := slices.BinarySearchFunc(n.list, id, func(e Node, id int32) int { return cmp.Compare(e.ID, id) })
	if !ok {
		return Node{}, false
	}
	return n.list[i], true
}

// Address is where node is, "" if nobody knows.
func (n *Nodes) Address(node int32) string {
	e, _ := n.At(node)
	return e.Address
}
