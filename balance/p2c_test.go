package balance

import (
	"math"
	"testing"

	"sidecar"
)

func TestP2CKeepsTheRulesOfStatusAndTries(t *testing.T) {
	statuses(t, func() picker { return NewP2C(nil) })
}

func TestP2CSharesSerialTrafficByWeight(t *testing.T) {
	cases := map[string][]float64{
		"equal":        {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"two":          {3, 1},
		"several":      {1, 2, 3, 4},
		"one has most": {1000, 1, 1},
		"odd values":   {0.25, 0.5, 7},
		"not weights":  {0, -1, math.NaN(), math.Inf(1)},
		"huge":         {math.MaxFloat64 / 4, math.MaxFloat64 / 4, math.MaxFloat64 / 2},
	}
	for name, weights := range cases {
		t.Run(name, func(t *testing.T) {
			const picks = 40000
			fs, nodes := weighted(weights...)
			p := NewP2C(nil)
			p.Update(nodes, 1)
			got, sum := make([]int, len(fs)+1), 0.0
			for _, w := range weights {
				sum += weigh(w)
			}
			x := exchange()
			for range picks {
				f := begin(t, p, x, 1)
				got[f.id]++
				end(p, f, 1, 1)
			}
			// The first of two idle nodes stays, and it is drawn by weight, so
			// that the counts are binomial with the weight's share.
			for i, w := range weights {
				within(t, "node", got[i+1], picks, weigh(w)/sum)
			}
		})
	}
}

func TestP2CKeepsOutstandingEvenByWeight(t *testing.T) {
	fs, nodes := weighted(1, 1, 1, 1, 2, 2, 4, 4)
	p := NewP2C(nil)
	p.Update(nodes, 1)
	for range 1600 {
		begin(t, p, exchange(), 1)
	}
	// Of two choices the fuller is never taken, so the difference between the
	// fullest and the mean stays near ln(ln(n)), far below a random 6 sigma of 60.
	for _, f := range fs {
		load := f.Load(1)
		if got := float64(load.Pending) / load.Weight; math.Abs(got-100) > 10 {
			t.Errorf("node %d of weight %v: %v outstanding a weight, want 100 ± 10", f.id, load.Weight, got)
		}
	}
}

func TestP2CFindsTheOneOpenNodeOfMany(t *testing.T) {
	fs, nodes := fakes(1000, 1)
	p := NewP2C(nil)
	p.Update(nodes, 1)
	for _, f := range fs {
		f.set(sidecar.Closed)
	}
	fs[617].set(sidecar.Open)
	for range 100 {
		if f := begin(t, p, exchange(), 1); f != fs[617] {
			t.Fatalf("picked %d", f.id)
		}
	}
}

// Whoever is drawn beside a node that is out must not get its share as well.
func TestP2CComparesTwoThatAreOpen(t *testing.T) {
	p := NewP2C(nil)
	fs, nodes := fakes(10, 1)
	p.Update(nodes, 1)
	fs[0].set(sidecar.Closed)
	fs[1].pending.Store(100)
	const picks = 10_000
	loaded := 0
	for range picks {
		if p.Pick(exchange(), 2).ID() == 2 {
			loaded++
		}
	}
	// That it is drawn beside the closed one time after time is all that is left.
	if loaded > picks/1000 {
		t.Errorf("the node with 100 outstanding was picked %d times of %d", loaded, picks)
	}
}

// Two bad ones are drawn together now and then, and the better of them is still
// bad.
func TestP2CLooksOnWhileTheBetterOneIsDear(t *testing.T) {
	p := NewP2C(nil)
	fs, nodes := fakes(10, 1)
	p.Update(nodes, 1)
	for i, f := range fs {
		if i < 2 {
			f.dear.Store(true)
			f.cost.Store(math.Float64bits(10))
		}
	}
	const picks = 10_000
	dear := 0
	for range picks {
		if p.Pick(exchange(), 2).ID() <= 2 {
			dear++
		}
	}
	if dear > picks/1000 {
		t.Errorf("one of the two dear nodes was picked %d times of %d", dear, picks)
	}
}
