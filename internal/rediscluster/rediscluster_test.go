package rediscluster

import (
	"fmt"
	"testing"
)

func TestClusterMovesSlotsAndSurvivesAMaster(t *testing.T) {
	c := Start(t, ClusterParams{Replicas: 1, Params: Params{Password: "secret"}})
	if m, r := len(c.Masters()), len(c.Replicas()); m != 3 || r != 3 {
		t.Fatalf("%d masters, %d replicas", m, r)
	}
	from := c.Owner(0)
	from.Must("SET", "{06S}", "value") // of slot 0
	added := c.Add()
	c.Move(0, added)
	if got := added.Must("GET", "{06S}"); got != "value" {
		t.Errorf("the key of a moved slot: %v", got)
	}
	if _, err := from.Do("GET", "{06S}"); fmt.Sprint(err) != "MOVED 0 "+added.Address {
		t.Errorf("its former owner: %v", err)
	}
	gone := c.Owner(Slots - 1)
	gone.Kill()
	next, _ := c.AwaitFailover(Slots-1, gone)
	gone.Up()
	c.AwaitWell()
	if len(c.Masters()) != 4 || next.Must("CLUSTER", "COUNTKEYSINSLOT", "1") != int64(0) {
		t.Errorf("%d masters", len(c.Masters()))
	}
}

func TestSentinelsNameAnotherMaster(t *testing.T) {
	s := StartSentinel(t, SentinelParams{Params: Params{Password: "secret"}, SentinelPassword: "other"})
	first := s.Master()
	if first != s.Servers[0] {
		t.Fatal("the master is not the first server")
	}
	first.Kill()
	next := s.AwaitFailover(first)
	next.Must("SET", "a", "1")
	first.Up()
	Await(t, "the former master follows", func() bool { return first.Info("replication", "role") == "slave" })
}
