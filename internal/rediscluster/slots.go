package rediscluster

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// Owner is the node that the first running one takes for the slot's owner, nil
// if it knows none.
func (c *Cluster) Owner(slot int) *Node {
	c.t.Helper()
	list, _ := c.anyNode().Must("CLUSTER", "SLOTS").([]any)
	for _, one := range list {
		r := one.([]any)
		if int(r[0].(int64)) > slot || int(r[1].(int64)) < slot {
			continue
		}
		host, _ := r[2].([]any)[0].(string)
		address := net.JoinHostPort(host, strconv.FormatInt(r[2].([]any)[1].(int64), 10))
		for _, n := range c.Nodes {
			if n.Address == address {
				return n
			}
		}
	}
	return nil
}

// Move brings a slot with its keys to another master, as redis-cli does it.
func (c *Cluster) Move(slot int, to *Node) {
	c.t.Helper()
	from := c.BeginMove(slot, to)
	c.MoveKeys(slot, from, to)
	c.EndMove(slot, to)
}

// BeginMove opens the slot at both ends, and returns where it is: its keys are
// asked for at from, and those that are not there at to, with ASKING.
func (c *Cluster) BeginMove(slot int, to *Node) (from *Node) {
	c.t.Helper()
	from = c.Owner(slot)
	s := strconv.Itoa(slot)
	to.Must("CLUSTER", "SETSLOT", s, "IMPORTING", c.idOf(from))
	from.Must("CLUSTER", "SETSLOT", s, "MIGRATING", c.idOf(to))
	return from
}

// MoveKeys moves the keys of an open slot.
func (c *Cluster) MoveKeys(slot int, from, to *Node) {
	c.t.Helper()
	const batch = 100
	host, port, _ := net.SplitHostPort(to.Address)
	for {
		keys, _ := from.Must("CLUSTER", "GETKEYSINSLOT", strconv.Itoa(slot), strconv.Itoa(batch)).([]any)
		if len(keys) == 0 {
			return
		}
		args := []string{"MIGRATE", host, port, "", "0", strconv.FormatInt(Patience.Milliseconds(), 10)}
		if c.p.Password != "" {
			args = append(args, "AUTH", c.p.Password)
		}
		args = append(args, "KEYS")
		for _, k := range keys {
			args = append(args, fmt.Sprint(k))
		}
		from.Must(args...)
	}
}

// EndMove makes to the slot's owner, and tells all masters.
func (c *Cluster) EndMove(slot int, to *Node) {
	c.t.Helper()
	s, owner := strconv.Itoa(slot), c.idOf(to)
	to.Must("CLUSTER", "SETSLOT", s, "NODE", owner)
	for _, n := range c.Masters() {
		if n != to {
			n.Must("CLUSTER", "SETSLOT", s, "NODE", owner)
		}
	}
}

// Failover has a replica take its master's place and waits until it has.
func (c *Cluster) Failover(replica *Node) {
	c.t.Helper()
	replica.Must("CLUSTER", "FAILOVER")
	Await(c.t, replica.Address+" is a master", func() bool { return replica.Info("replication", "role") == "master" })
}

// AwaitFailover waits until another than gone owns the slot, and returns it with
// the time that took.
func (c *Cluster) AwaitFailover(slot int, gone *Node) (*Node, time.Duration) {
	c.t.Helper()
	began := time.Now()
	var owner *Node
	Await(c.t, "another owner of the slot", func() bool {
		owner = c.Owner(slot)
		return owner != nil && owner != gone
	})
	return owner, time.Since(began)
}

func (c *Cluster) idOf(n *Node) string {
	c.t.Helper()
	name, _ := n.Must("CLUSTER", "MYID").(string)
	return name
}
