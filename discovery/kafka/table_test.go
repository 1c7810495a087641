package kafka

import (
	"maps"
	"testing"
	"time"

	"sidecar/discovery"
)

func nodeOf(t *testing.T, id int32, host string) Node {
	t.Helper()
	n, err := node(id, host, 1)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Whoever bootstraps is better off with brokers that the cluster has.
func TestWhatLeavesIsThereForThoseWhoKnowIt(t *testing.T) {
	now := time.Unix(1e9, 0)
	table := newTable()
	table.seed([]discovery.Endpoint{{Address: "seed:1", Zone: "z"}})
	wants := func(what string, want map[string]int) {
		t.Helper()
		got := map[string]int{}
		for _, e := range table.endpoints(table.snapshot(), true) {
			got[e.Address] = e.Priority
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	table.meet(nodeOf(t, 9, "met"), now)
	wants("before the cluster has answered", map[string]int{"seed:1": 0, "met:1": 1})
	table.take(answer{nodes: []Node{nodeOf(t, 1, "a"), nodeOf(t, 2, "b"), nodeOf(t, 3, "gate"), nodeOf(t, 4, "gate")}}, true, now)
	wants("then", map[string]int{"seed:1": 1, "met:1": 1, "a:1": 0, "b:1": 0, "gate:1": 0})
	now = now.Add(handover)
	table.expire(now)
	table.take(answer{nodes: []Node{nodeOf(t, 1, "elsewhere"), nodeOf(t, 4, "gate")}}, true, now)
	wants("one moved, one gone, one of two at an address gone", map[string]int{"met:1": 1, "elsewhere:1": 0, "a:1": 1, "b:1": 1, "gate:1": 0})
	now = now.Add(Lingering)
	if gone, next := table.expire(now); !gone || next != time.Hour {
		t.Errorf("gone %v, next in %s", gone, next)
	}
	wants("half a minute later", map[string]int{"elsewhere:1": 0, "gate:1": 0})
	if n, there := table.snapshot().At(3); there {
		t.Errorf("got %+v", n)
	}
}

func TestOneAnswerTellsOfANodeOnce(t *testing.T) {
	table := newTable()
	table.take(answer{nodes: []Node{nodeOf(t, 1, "a"), nodeOf(t, 1, "b")}}, true, time.Unix(1e9, 0))
	if got := table.snapshot().Address(1); got != "a:1" {
		t.Errorf("node 1 at %q", got)
	}
}
