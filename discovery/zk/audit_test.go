package zk

import (
	"fmt"
	"testing"
)

func TestEachNodeIsAuditedWithinTheRounds(t *testing.T) {
	for _, c := range []struct{ nodes, most int }{{1, 1}, {64, 64}, {1000, 64}, {1920, 64}, {50_000, 1667}} {
		f := &follower{source: new(source), view: newView(Location{})}
		for i := range c.nodes {
			f.view.nodes[fmt.Sprintf("n%05d", i)] = &child{read: true, stat: Node{Created: 1}}
		}
		names := f.view.names()
		seen := map[string]bool{}
		for range auditRounds {
			part := f.part(names)
			if len(part) > c.most {
				t.Fatalf("%d nodes: one audit reads %d, more than %d", c.nodes, len(part), c.most)
			}
			for _, n := range part {
				seen[n] = true
			}
		}
		if len(seen) != c.nodes {
			t.Errorf("%d nodes: %d were audited in %d rounds", c.nodes, len(seen), auditRounds)
		}
	}
}

func TestWhatIsToBeReadAnywayIsNotAudited(t *testing.T) {
	f := &follower{source: new(source), view: newView(Location{})}
	f.view.nodes = map[string]*child{"a": {read: true, stat: Node{Created: 1}}, "b": {stat: Node{Created: 1}}, "c": {read: true}}
	if got := fmt.Sprint(f.part(append(f.view.names(), "gone"))); got != "[a]" {
		t.Errorf("got %s, want [a]", got)
	}
}
