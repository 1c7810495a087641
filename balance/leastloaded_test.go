package balance

import (
	"testing"

	"sidecar"
)

func TestLeastLoadedKeepsTheRulesOfStatusAndTries(t *testing.T) {
	statuses(t, func() picker { return NewLeastLoaded(fixed(1)) })
}

func TestLeastLoadedTakesIdleNodesNearlyByTurns(t *testing.T) {
	const nodesN, rounds = 10, 2000
	_, nodes := fakes(nodesN, 1)
	l := NewLeastLoaded(fixed(2))
	l.Update(nodes, 1)
	var last, got [nodesN + 1]int
	repeats := 0
	previous := uint64(0)
	for i := 1; i <= nodesN*rounds; i++ {
		f := begin(t, l, exchange(), 1)
		end(l, f, 1, 1)
		// A tie number is at most two turns of all nodes ahead, which is one
		// turn of picks (each draws two), after which only the nodes that are
		// ahead of it, one turn at most, come first.
		if gap := i - last[f.id]; gap > 2*nodesN+1 {
			t.Fatalf("node %d waited for %d picks", f.id, gap)
		}
		if f.id == previous {
			repeats++
		}
		previous = f.id
		last[f.id] = i
		got[f.id]++
	}
	for id := 1; id <= nodesN; id++ {
		// By turns the counts would be equal; randomness of one turn each way
		// adds up as a walk that is pulled back, so one in fifty is generous.
		if n := got[id]; n < rounds*98/100 || n > rounds*102/100 {
			t.Errorf("node %d: %d picks, want %d ± 2 %%", id, n, rounds)
		}
	}
	if repeats == 0 {
		t.Error("the order is strictly by turns, so clients would fall into step")
	}
}

func TestLeastLoadedSpreadsOutstandingExactly(t *testing.T) {
	fs, nodes := fakes(5, 1)
	l := NewLeastLoaded(fixed(3))
	l.Update(nodes, 1)
	for range 10 {
		begin(t, l, exchange(), 1)
	}
	for _, f := range fs {
		if n := f.pending.Load(); n != 2 {
			t.Errorf("node %d has %d outstanding, want 2", f.id, n)
		}
	}
}

func TestLeastLoadedCountsTheRequestsOfABurst(t *testing.T) {
	_, nodes := fakes(2, 1)
	l := NewLeastLoaded(fixed(4))
	l.Update(nodes, 1)
	x := exchange()
	x.N = 10
	full := begin(t, l, x, 1)
	for range 9 {
		if f := begin(t, l, exchange(), 1); f == full {
			t.Fatal("picked the node with ten outstanding")
		}
	}
}

func TestLeastLoadedSeesARecoveryWithinAQuarterOfTheDownNodes(t *testing.T) {
	const down = 40
	fs, nodes := fakes(down+1, 1)
	l := NewLeastLoaded(fixed(5))
	for _, f := range fs[:down] {
		f.set(sidecar.Closed)
	}
	l.Update(nodes, 1)
	for i := range down {
		begin(t, l, exchange(), 1) // the Open one gets ever more loaded
		fs[i].set(sidecar.Open)
		found := false
		for range (down + lookAgain - 1) / lookAgain {
			found = begin(t, l, exchange(), 1) == fs[i] || found
		}
		if !found {
			t.Fatalf("node %d, idle and Open again, was not picked", fs[i].id)
		}
		fs[i].set(sidecar.Closed)
	}
}

func TestLeastLoadedKeepsTheLoadOfANodeThatComesBack(t *testing.T) {
	_, nodes := fakes(2, 1)
	l := NewLeastLoaded(fixed(6))
	l.Update(nodes[:1], 1)
	for range 3 {
		begin(t, l, exchange(), 1)
	}
	l.Update(nodes[1:], 2)
	l.Update(nodes, 3)
	for range 3 {
		if f := begin(t, l, exchange(), 4); f.id != 2 {
			t.Fatal("picked the node that came back with three outstanding")
		}
	}
	l.Update(nodes[1:], 5)
	for range 3 {
		l.Done(nodes[0], 1, 6)
	}
	if len(l.entries) != 1 {
		t.Errorf("%d nodes are remembered, want the one in the set", len(l.entries))
	}
	l.Done(nodes[0], 1, 7) // one too many does no harm
}

// Sidecars that have few requests for many nodes have them all in the order of
// one list, and must not begin with the first of it; nor when the list comes
// once more, as it does when one of it changes.
func TestLeastLoadedHasNoFirstNodes(t *testing.T) {
	const clients, picks, size = 400, 10, 50
	_, nodes := fakes(size, 1)
	first := 0
	for c := range clients {
		p := NewLeastLoaded(fixed(uint64(c)))
		p.Update(nodes, 1)
		for i := range picks {
			if i == picks/2 {
				p.Update(nodes, 2)
			}
			f := begin(t, p, exchange(), 3)
			if f.id <= size/2 {
				first++
			}
			end(p, f, 1, 3)
		}
	}
	within(t, "picks of the first half", first, clients*picks, 0.5)
}
