package resp

import (
	"fmt"
	"strings"
	"testing"

	"sidecar/internal/peer"
	"sidecar/internal/rediscluster"
)

// clusterStage is a stage before a real cluster, whose map says that the first
// node has all.
type clusterStage struct {
	*stage
	nodes *rediscluster.Cluster
	looks int
}

func newClusterStage(t *testing.T) *clusterStage {
	s := &clusterStage{stage: newStage(t), nodes: rediscluster.Start(t, rediscluster.ClusterParams{})}
	m, err := NewClusterMap([]Shard{{Master: s.nodes.Nodes[0].Address}}, []SlotRange{{0, Slots - 1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	s.target.Keys = NewKeyspace(KeyspaceParams{Map: m, Look: func() { s.looks++ }})
	return s
}

// at is a key that the node of that number has.
func (s *clusterStage) at(node int) string {
	for i := 0; ; i++ {
		if key := fmt.Sprint("key", i); s.nodes.Owner(Slot([]byte(key))) == s.nodes.Nodes[node] {
			return key
		}
	}
}

func TestSessionsOnACluster(t *testing.T) {
	s := newClusterStage(t)
	c := s.dial(RESP2)
	k := []string{s.at(0), s.at(1), s.at(2)}
	moved := func(c *peer.Conn) {
		t.Helper()
		c.Send(req("PING") + req("ECHO", "still here"))
		c.Expect("+PONG\r\n$10\r\nstill here\r\n")
	}
	// Each finds its server, though the map is wrong; at once or one by one.
	for _, key := range k {
		c.Send(req("MULTI") + req("SET", key, "1") + req("INCR", key) + req("EXEC"))
		c.Expect(ok + queued + queued + "*2\r\n+OK\r\n:2\r\n")
	}
	s.target.Keys.Set(mustMap(t, s.nodes.Nodes[0].Address))
	for _, key := range k {
		c.Send(req("MULTI"))
		c.Expect(ok)
		c.Send(req("INCR", key))
		c.Expect(queued)
		c.Send(req("EXEC"))
		c.Expect("*1\r\n:3\r\n")
		moved(c)
	}
	s.target.Keys.Set(mustMap(t, s.nodes.Nodes[0].Address))
	c.Send(req("WATCH", k[1]) + req("MULTI") + req("GET", k[1]) + req("EXEC"))
	c.Expect(ok + ok + queued + "*1\r\n$1\r\n3\r\n")
	s.target.Keys.Set(mustMap(t, s.nodes.Nodes[0].Address))
	c.Send(req("BLPOP", "{"+k[2]+"}l", "0"))
	other := s.nodes.Nodes[2]
	rediscluster.Await(t, "a blocked client", func() bool { return other.Info("clients", "blocked_clients") == "1" })
	other.Must("RPUSH", "{"+k[2]+"}l", "x")
	c.Until("$1\r\nx\r\n")
	// Keys of several servers in one transaction.
	c.Send(req("MULTI") + req("SET", k[0], "9") + req("SET", k[1], "9") + req("EXEC"))
	c.Expect(ok + queued + "-" + textCrossSlot + "\r\n-" + textExecAbort + "\r\n")
	if got := fmt.Sprint(s.nodes.Nodes[0].Must("GET", k[0])); got != "3" {
		t.Errorf("half a transaction ran: %s", got)
	}
	c.Send(req("WAIT", "0", "0"))
	if got := c.Until("\r\n"); !strings.HasPrefix(got, "-ERR sidecar: WAIT is refused: ") {
		t.Errorf("%q", got)
	}
}

func mustMap(t *testing.T, address string) *Map {
	m, err := NewClusterMap([]Shard{{Master: address}}, []SlotRange{{0, Slots - 1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSubscriptionsOnACluster(t *testing.T) {
	s := newClusterStage(t)
	channel := s.at(2)
	for _, v := range []Version{RESP2, RESP3} {
		h := map[Version]string{RESP2: "*", RESP3: ">"}[v]
		s.target.Keys.Set(mustMap(t, s.nodes.Nodes[0].Address))
		sharded, all := s.dial(v), s.dial(v)
		sharded.Send(req("SSUBSCRIBE", channel))
		sharded.Expect(h + "3\r\n$10\r\nssubscribe\r\n" + string(AppendBulk(nil, channel)) + ":1\r\n")
		all.Send(req("SUBSCRIBE", channel))
		all.Until(":1\r\n")
		s.nodes.Nodes[2].Must("SPUBLISH", channel, "a")
		sharded.Expect(h + "3\r\n$8\r\nsmessage\r\n" + string(AppendBulk(nil, channel)) + "$1\r\na\r\n")
		s.nodes.Nodes[1].Must("PUBLISH", channel, "b")
		all.Expect(h + "3\r\n$7\r\nmessage\r\n" + string(AppendBulk(nil, channel)) + "$1\r\nb\r\n")
		if v == RESP2 {
			continue
		}
		sharded.Send(req("SET", channel, "1") + req("SET", s.at(0), "1"))
		sharded.Expect(ok + "-" + textCrossSlot + "\r\n")
	}
}

// A slot that moves under a session is told as what can be tried again; one that is
// on its way is found by a command that waits.
func TestSlotsThatMoveUnderSessions(t *testing.T) {
	s := newClusterStage(t)
	key := s.at(0)
	slot := Slot([]byte(key))
	c := s.dial(RESP2)
	c.Send(req("WATCH", key))
	c.Expect(ok)
	s.nodes.Move(slot, s.nodes.Nodes[1])
	c.Send(req("MULTI") + req("SET", key, "1") + req("EXEC"))
	c.Expect(ok + "-" + textTryAgain + "\r\n-" + textExecAbort + "\r\n")
	c.Send(req("WATCH", key) + req("MULTI") + req("SET", key, "1") + req("EXEC"))
	c.Expect(ok + ok + queued + "*1\r\n+OK\r\n")

	s.nodes.Nodes[1].Must("DEL", key)
	s.nodes.BeginMove(slot, s.nodes.Nodes[2])
	blocked := s.dial(RESP2)
	blocked.Send(req("BLPOP", key, "0"))
	to := s.nodes.Nodes[2]
	rediscluster.Await(t, "a blocked client", func() bool { return to.Info("clients", "blocked_clients") == "1" })
	s.nodes.EndMove(slot, to)
	to.Must("RPUSH", key, "x")
	blocked.Until("$1\r\nx\r\n")
}

// A master that is none any more is not heard of: the session begins at the new one.
func TestSessionsFollowAFailover(t *testing.T) {
	old := rediscluster.Server(t, rediscluster.Params{})
	next := rediscluster.Server(t, rediscluster.Params{})
	s := newStage(t)
	host, port, _ := strings.Cut(next.Address, ":")
	old.Must("REPLICAOF", host, port)
	rediscluster.Await(t, "a replica", func() bool { return old.Info("replication", "master_link_status") == "up" })
	looks := 0
	s.target.Keys = NewKeyspace(KeyspaceParams{Map: One(Shard{Master: old.Address}), Look: func() {
		if looks++; looks == 3 {
			s.target.Keys.Set(One(Shard{Master: next.Address}))
		}
	}})
	c := s.dial(RESP2)
	c.Send(req("MULTI") + req("SET", "a", "1") + req("EXEC"))
	c.Expect(ok + queued + "*1\r\n+OK\r\n")
	if looks != 3 {
		t.Errorf("looked %d times", looks)
	}
}
