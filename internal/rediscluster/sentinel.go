package rediscluster

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// MasterName is what the Sentinels call their master.
const MasterName = "mymaster"

// SentinelParams are what Sentinels with their servers are made of.
type SentinelParams struct {
	Params
	Replicas, Sentinels int // 0 is 2 and 3
	// SentinelPassword is that of the Sentinels themselves, "" is none.
	SentinelPassword string
	// DownAfter is how long a server is silent that a Sentinel takes for lost; 0
	// is 1 s.
	DownAfter time.Duration
}

// Sentinel is a master with replicas and the Sentinels that watch them.
type Sentinel struct {
	Servers   []*Node // the first begins as master
	Sentinels []*Node

	t testing.TB
	p SentinelParams
}

// StartSentinel starts servers and Sentinels and waits until all of them know
// each other.
func StartSentinel(t testing.TB, p SentinelParams) *Sentinel {
	t.Helper()
	if p.Replicas == 0 {
		p.Replicas = 2
	}
	if p.Sentinels == 0 {
		p.Sentinels = 3
	}
	if p.DownAfter == 0 {
		p.DownAfter = time.Second
	}
	s := &Sentinel{t: t, p: p}
	for i := range 1 + p.Replicas {
		n := newNode(t, p.Params)
		if i > 0 {
			host, port, _ := net.SplitHostPort(s.Servers[0].Address)
			n.args = append(n.args, "--replicaof", host+" "+port)
		}
		n.Up()
		s.Servers = append(s.Servers, n)
	}
	for i, n := range s.Servers {
		Await(t, n.Address+" serves", func() bool {
			return i == 0 && n.Info("replication", "role") == "master" || n.Info("replication", "master_link_status") == "up"
		})
	}
	for range p.Sentinels {
		s.Sentinels = append(s.Sentinels, &Node{Address: Free(t), t: t, password: p.SentinelPassword})
	}
	for i, n := range s.Sentinels {
		n.args = []string{file(t, "sentinel.conf", s.conf(i)), "--sentinel"}
		t.Cleanup(n.stop)
		n.Up()
	}
	s.AwaitWell()
	return s
}

// conf is the file of Sentinel i, in which the others stand already: they would
// else find each other within seconds.
func (s *Sentinel) conf(i int) string {
	host, port, _ := net.SplitHostPort(s.Sentinels[i].Address)
	mhost, mport, _ := net.SplitHostPort(s.Servers[0].Address)
	var b strings.Builder
	fmt.Fprintf(&b, "port %s\nbind %s\ndir %s\nsentinel myid %s\n", port, host, s.t.TempDir(), id(i))
	fmt.Fprintf(&b, "sentinel monitor %s %s %s %d\nsentinel down-after-milliseconds %[1]s %[5]d\nsentinel failover-timeout %[1]s 6000\n",
		MasterName, mhost, mport, s.p.Sentinels/2+1, s.p.DownAfter.Milliseconds())
	if s.p.Password != "" {
		fmt.Fprintf(&b, "sentinel auth-pass %s %s\n", MasterName, s.p.Password)
	}
	if s.p.SentinelPassword != "" {
		fmt.Fprintf(&b, "requirepass %s\nsentinel sentinel-pass %[1]s\n", s.p.SentinelPassword)
	}
	for _, n := range s.Servers[1:] {
		host, port, _ := net.SplitHostPort(n.Address)
		fmt.Fprintf(&b, "sentinel known-replica %s %s %s\n", MasterName, host, port)
	}
	for j, n := range s.Sentinels {
		if j != i {
			host, port, _ := net.SplitHostPort(n.Address)
			fmt.Fprintf(&b, "sentinel known-sentinel %s %s %s %s\n", MasterName, host, port, id(j))
		}
	}
	return b.String()
}

// AwaitWell waits until each running Sentinel sees a majority and as many
// replicas in order as there are running servers beside the master.
func (s *Sentinel) AwaitWell() {
	s.t.Helper()
	running := 0
	for _, n := range s.Servers {
		if n.Running() {
			running++
		}
	}
	for _, n := range s.Sentinels {
		if !n.Running() {
			continue
		}
		Await(s.t, n.Address+" sees a quorum", func() bool {
			_, err := n.Do("SENTINEL", "CKQUORUM", MasterName)
			return err == nil
		})
		Await(s.t, n.Address+" sees the replicas", func() bool {
			list, _ := n.Do("SENTINEL", "REPLICAS", MasterName)
			all, _ := list.([]any)
			well := 0
			for _, one := range all {
				if text := fmt.Sprint(one); strings.Contains(text, " flags slave ") && strings.Contains(text, " master-link-status ok ") {
					well++
				}
			}
			return well == running-1
		})
	}
}

// Addresses are those of the Sentinels.
func (s *Sentinel) Addresses() []string { return Addresses(s.Sentinels) }

// Master is the server that the first running Sentinel names, nil if it names
// none.
func (s *Sentinel) Master() *Node {
	for _, n := range s.Sentinels {
		if !n.Running() {
			continue
		}
		reply, _ := n.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName)
		pair, _ := reply.([]any)
		if len(pair) != 2 {
			return nil
		}
		for _, m := range s.Servers {
			if m.Address == net.JoinHostPort(fmt.Sprint(pair[0]), fmt.Sprint(pair[1])) {
				return m
			}
		}
	}
	return nil
}

// AwaitFailover waits until the Sentinels name another master than gone, and it
// says that it is one.
func (s *Sentinel) AwaitFailover(gone *Node) *Node {
	s.t.Helper()
	var m *Node
	Await(s.t, "another master", func() bool {
		m = s.Master()
		return m != nil && m != gone && m.Info("replication", "role") == "master"
	})
	return m
}
