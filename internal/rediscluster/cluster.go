package rediscluster

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Slots is how many slots a cluster has.
const Slots = 16384

// ClusterParams are what a Redis Cluster is made of.
type ClusterParams struct {
	Params
	Masters  int // 0 is 3; slots are shared out evenly and in order
	Replicas int // of each master
	// NodeTimeout is how long a node is silent that others take for lost; 0 is
	// 2 s: less takes a busy machine for a lost node.
	NodeTimeout time.Duration
}

// Cluster is a Redis Cluster. Node i < Masters begins as master; node
// Masters + i*Replicas + r as replica r of master i.
type Cluster struct {
	Nodes []*Node

	t    testing.TB
	p    ClusterParams
	made int // nodes, which gives ids
}

// Start starts a cluster and waits until all nodes know that it is well. Its
// nodes begin with files that say who is who, so that nobody has to meet.
func Start(t testing.TB, p ClusterParams) *Cluster {
	t.Helper()
	if p.Masters == 0 {
		p.Masters = 3
	}
	if p.NodeTimeout == 0 {
		p.NodeTimeout = 2 * time.Second
	}
	c := &Cluster{t: t, p: p}
	var lines []string
	for i := range p.Masters * (1 + p.Replicas) {
		n, bus := c.node()
		c.Nodes = append(c.Nodes, n)
		lines = append(lines, c.line(i, n, bus))
	}
	for i, n := range c.Nodes {
		mine := slices.Clone(lines)
		mine[i] = strings.Replace(strings.Replace(mine[i], " master ", " myself,master ", 1), " slave ", " myself,slave ", 1)
		n.args = append(n.args, "--cluster-config-file", file(t, "nodes.conf", strings.Join(mine, "\n")+"\nvars currentEpoch 1000 lastVoteEpoch 0\n"))
		n.Up()
	}
	c.AwaitWell()
	return c
}

// node makes a node that does not run yet, and the port of its bus.
func (c *Cluster) node() (n *Node, bus string) {
	_, bus, _ = net.SplitHostPort(Free(c.t))
	n = newNode(c.t, c.p.Params, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", strconv.FormatInt(c.p.NodeTimeout.Milliseconds(), 10),
		"--cluster-replica-validity-factor", "0")
	c.made++
	return n, bus
}

// id is that of the node numbered i from the start.
func id(i int) string { return fmt.Sprintf("%040x", 0xabc000+i) }

// line is node i as the file of all nodes has it.
func (c *Cluster) line(i int, n *Node, bus string) string {
	at := n.Address + "@" + bus
	if i >= c.p.Masters {
		master := (i - c.p.Masters) / c.p.Replicas
		return fmt.Sprintf("%s %s slave %s 0 0 %d connected", id(i), at, id(master), master+1)
	}
	first, end := i*Slots/c.p.Masters, (i+1)*Slots/c.p.Masters
	return fmt.Sprintf("%s %s master - 0 0 %d connected %d-%d", id(i), at, i+1, first, end-1)
}

// AwaitWell waits until each running node says that the cluster is well, and
// each replica among them has its master's data.
func (c *Cluster) AwaitWell() {
	c.t.Helper()
	for _, n := range c.Nodes {
		if !n.Running() {
			continue
		}
		Await(c.t, n.Address+" finds its cluster well", func() bool {
			reply, _ := n.Do("CLUSTER", "INFO")
			text, _ := reply.(string)
			return strings.Contains(text, "cluster_state:ok") &&
				(n.Info("replication", "role") == "master" || n.Info("replication", "master_link_status") == "up")
		})
	}
}

// Addresses are those of the nodes.
func (c *Cluster) Addresses() []string { return Addresses(c.Nodes) }

// Masters are the running nodes that say that they are masters.
func (c *Cluster) Masters() []*Node { return c.role("master") }

// Replicas are the running nodes that say that they are replicas.
func (c *Cluster) Replicas() []*Node { return c.role("slave") }

func (c *Cluster) role(role string) []*Node {
	var all []*Node
	for _, n := range c.Nodes {
		if n.Running() && n.Info("replication", "role") == role {
			all = append(all, n)
		}
	}
	return all
}

// Add starts another master, without slots, and waits until all nodes know it.
func (c *Cluster) Add() *Node {
	c.t.Helper()
	i := c.made
	n, bus := c.node()
	me := fmt.Sprintf("%s %s myself,master - 0 0 0 connected\nvars currentEpoch 0 lastVoteEpoch 0\n", id(i), n.Address+"@"+bus)
	n.args = append(n.args, "--cluster-config-file", file(c.t, "nodes.conf", me))
	n.Up()
	n.await()
	c.Nodes = append(c.Nodes, n)
	host, port, _ := net.SplitHostPort(n.Address)
	c.anyNode().Must("CLUSTER", "MEET", host, port, bus)
	c.eachRunning(func(other *Node) {
		Await(c.t, other.Address+" knows "+n.Address, func() bool {
			reply, _ := other.Do("CLUSTER", "NODES")
			text, _ := reply.(string)
			return strings.Contains(text, id(i)) && !strings.Contains(text, "handshake")
		})
	})
	c.AwaitWell()
	return n
}

func (c *Cluster) anyNode() *Node {
	for _, n := range c.Nodes {
		if n.Running() {
			return n
		}
	}
	c.t.Fatal("no node runs")
	return nil
}

func (c *Cluster) eachRunning(do func(*Node)) {
	for _, n := range c.Nodes {
		if n.Running() {
			do(n)
		}
	}
}
