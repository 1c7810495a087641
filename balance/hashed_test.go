package balance

import (
	"bufio"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sidecar"
	"sidecar/varz"
)

// keyed is a message that has nothing but a key.
type keyed string

func (k keyed) Attr(sidecar.Selector) ([]byte, bool) { return []byte(k), k != "" }
func (keyed) Rewind() bool                           { return true }
func (keyed) Class() sidecar.Class                   { return sidecar.NoClass }

func withKey(key string, tried ...uint64) *sidecar.Exchange {
	x := exchange(tried...)
	x.Msg = keyed(key)
	return x
}

// servers are n nodes with addresses.
func servers(n int) ([]*fake, []Node) {
	nodes, fs := service(n), make([]*fake, n)
	for i := range nodes {
		fs[i] = nodes[i].(named).fake
	}
	return fs, nodes
}

// hashers are both circles.
func hashers(p HashedParams) map[string]*Hashed {
	return map[string]*Hashed{"ring_hash": NewRingHash(p), "maglev": NewMaglev(p)}
}

// quickHashers are so too, with a table that takes less time to lay.
func quickHashers(p HashedParams) map[string]*Hashed {
	return map[string]*Hashed{"ring_hash": NewRingHash(p), "maglev": newHashed(p, maglev{251})}
}

// owner is the ID of the node of a key.
func owner(h *Hashed, key string, tried ...uint64) uint64 {
	n := h.Pick(withKey(key, tried...), 0)
	h.Done(n, 1, 0)
	return n.ID()
}

func owners(h *Hashed, keys int) []uint64 {
	all := make([]uint64, keys)
	for i := range all {
		all[i] = owner(h, fmt.Sprintf("key %d", i))
	}
	return all
}

// The file was written by running it: each server answered with its address.
func TestKetamaSendsKeysWhereTwemproxyDoes(t *testing.T) {
	f, err := os.Open("testdata/ketama.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lists := map[string]*Hashed{}
	for list, weights := range map[string][]float64{
		"three": {1, 1, 1}, "seven": {1, 1, 1, 1, 1, 1, 1}, "ten": {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "weighted": {1, 2, 3, 1},
	} {
		_, nodes := weighted(weights...)
		for i := range nodes {
			nodes[i] = named{nodes[i].(*fake), fmt.Sprintf("127.0.0.1:%d", 17001+i)}
		}
		lists[list] = NewRingHash(HashedParams{})
		lists[list].Update(nodes, 0)
	}
	lines, in := 0, bufio.NewScanner(f)
	for in.Scan() {
		if strings.HasPrefix(in.Text(), "#") {
			continue
		}
		lines++
		row := strings.Split(in.Text(), "\t")
		n := lists[row[0]].Pick(withKey(row[1]), 0)
		if got := placeOf(n).Name; got != row[2] {
			t.Errorf("%s, key %q: %s, want %s", row[0], row[1], got, row[2])
		}
	}
	if lines != 400 {
		t.Errorf("%d keys were compared", lines)
	}
}

func TestKetamaLeavesOutMemcachedsPort(t *testing.T) {
	a, b := appendPoints(nil, KetamaName("10.0.0.1:11211"), 0, 3), appendPoints(nil, KetamaName("10.0.0.1"), 0, 3)
	if !slices.Equal(a, b) || slices.Equal(a, appendPoints(nil, KetamaName("10.0.0.1:1121"), 0, 3)) {
		t.Errorf("%v, %v", a, b)
	}
}

func TestHashedKeepsTheRulesOfStatusAndTries(t *testing.T) {
	for name := range quickHashers(HashedParams{}) {
		t.Run(name, func(t *testing.T) {
			statuses(t, func() picker { return quickHashers(HashedParams{})[name] })
		})
	}
}

func TestKeyStaysAndGoesToItsNextOnly(t *testing.T) {
	for name, h := range hashers(HashedParams{}) {
		t.Run(name, func(t *testing.T) {
			fs, nodes := servers(10)
			h.Update(nodes, 0)
			before := owners(h, 1000)
			if !slices.Equal(before, owners(h, 1000)) {
				t.Error("a key went to two nodes")
			}
			fs[3].set(sidecar.Closed)
			took := map[uint64]int{}
			for i, id := range owners(h, 1000) {
				switch key := fmt.Sprintf("key %d", i); {
				case before[i] != 4 && id != before[i]:
					t.Errorf("%q moved from %d to %d, and 4 was closed", key, before[i], id)
				case before[i] == 4:
					took[id]++
					fs[3].set(sidecar.Open)
					if second := owner(h, key, 4); second != id {
						t.Errorf("%q: the second try goes to %d, and to %d where the first is closed", key, second, id)
					}
					fs[3].set(sidecar.Closed)
				}
			}
			if len(took) < 6 {
				t.Errorf("what one left went to %v only", took)
			}
		})
	}
}

func TestKeysAreSharedByWeight(t *testing.T) {
	for name, h := range hashers(HashedParams{}) {
		t.Run(name, func(t *testing.T) {
			fs, nodes := servers(8)
			fs[0].weight.Store(math.Float64bits(3))
			h.Update(nodes, 0)
			got := map[uint64]int{}
			for _, id := range owners(h, 20000) {
				got[id]++
			}
			for id, n := range got {
				// The points of ketama are random: a share of 160 has a standard
				// deviation of 8 %.
				if want := 2000; id != 1 && (n < want*7/10 || n > want*13/10) || id == 1 && (n < 3*want*8/10 || n > 3*want*12/10) {
					t.Errorf("node %d has %d of 20000", id, n)
				}
			}
		})
	}
}

// Ten thousand nodes that are a millionth as strong as one must not be asked in
// each of its rounds: nothing would be picked for seconds. The share of each is
// less than a slot, so they have none.
func TestMaglevOfOneHeavyNodeAndManyLightOnes(t *testing.T) {
	names, weights := make([]string, 10_000), make([]float64, 10_000)
	for i := range names {
		names[i], weights[i] = "10.0.0."+strconv.Itoa(i), 1e-6
	}
	weights[0] = 1
	light := 0
	for _, node := range (maglev{maglevSize}).lay(names, weights).owner {
		if node != 0 {
			light++
		}
	}
	if light != 0 {
		t.Errorf("%d slots are of nodes whose share is less than one", light)
	}
}

func TestMaglevIsEven(t *testing.T) {
	for _, n := range []int{3, 100} {
		_, nodes := servers(n)
		h := NewMaglev(HashedParams{})
		h.Update(nodes, 0)
		got := map[int32]int{}
		for _, i := range h.view.Load().owner {
			got[i]++
		}
		for i, slots := range got {
			if slots < maglevSize/n-1 || slots > maglevSize/n+1 {
				t.Errorf("of %d nodes, number %d has %d slots", n, i, slots)
			}
		}
	}
}

func TestOneNodeLessMovesItsOwnKeys(t *testing.T) {
	for name, most := range map[string]int{"ring_hash": 0, "maglev": 300} {
		t.Run(name, func(t *testing.T) {
			h := hashers(HashedParams{})[name]
			_, nodes := servers(21)
			h.Update(nodes, 0)
			before := owners(h, 10000)
			h.Update(slices.Delete(slices.Clone(nodes), 7, 8), 0)
			moved := 0
			for i, id := range owners(h, 10000) {
				if before[i] != 8 && id != before[i] {
					moved++
				}
			}
			if moved > most {
				t.Errorf("%d of 10000 keys of others moved, want at most %d", moved, most)
			}
		})
	}
}

func TestPlacesAreTheSameInEveryProcess(t *testing.T) {
	for name, h := range hashers(HashedParams{}) {
		fs, nodes := servers(20)
		fs[2].weight.Store(math.Float64bits(2.5))
		h.Update(nodes, 0)
		before := owners(h, 1000)
		other := hashers(HashedParams{})[name]
		slices.Reverse(nodes)
		other.Update(nodes, 0)
		if !slices.Equal(before, owners(other, 1000)) {
			t.Errorf("%s: the order of the list matters", name)
		}
	}
}

// What is built on the last circle must be what a new process builds.
func TestKetamaBuiltOnIsKetamaBuiltAnew(t *testing.T) {
	r := fixed(3)
	k := &ketama{}
	for range 60 {
		var names []string
		var weights []float64
		for i := range 40 {
			if r.IntN(3) > 0 {
				names = append(names, fmt.Sprintf("10.0.0.%02d:80", i))
				weights = append(weights, float64(1+r.IntN(3)))
			}
		}
		got, want := k.lay(names, weights), (&ketama{}).lay(names, weights)
		if !slices.Equal(got.owner, want.owner) || !slices.Equal(got.value, want.value) {
			t.Fatalf("%d names: differs", len(names))
		}
	}
}

func TestBoundSpreadsAHotKey(t *testing.T) {
	for _, bounded := range []float64{0, 1.25} {
		overflowed := new(varz.Counter)
		for name, h := range hashers(HashedParams{Bounded: bounded, Overflowed: overflowed}) {
			fs, nodes := servers(10)
			h.Update(nodes, 0)
			for range 100 {
				begin2(t, h, withKey("hot"))
			}
			most := int64(0)
			for _, f := range fs {
				most = max(most, f.pending.Load())
			}
			if want := int64(13); bounded > 0 && most > want || bounded == 0 && most != 100 {
				t.Errorf("%s, bound %v: one node has %d of 100", name, bounded, most)
			}
		}
		if n := overflowed.Value(); (n > 0) != (bounded > 0) {
			t.Errorf("bound %v: %d overflowed", bounded, n)
		}
	}
}

// begin2 is begin for nodes that have addresses.
func begin2(t *testing.T, p picker, x *sidecar.Exchange) {
	t.Helper()
	n, ok := p.Pick(x, 0).(named)
	if !ok {
		t.Fatal("no node was picked")
	}
	n.pending.Add(int64(x.N))
}

func TestKeylessRequestsGoToTheLeastLoaded(t *testing.T) {
	keyless := new(varz.Counter)
	h := NewMaglev(HashedParams{Keyless: keyless})
	fs, nodes := servers(2)
	h.Update(nodes, 0)
	for range 100 {
		begin2(t, h, withKey(""))
	}
	if a, b := fs[0].pending.Load(), fs[1].pending.Load(); a != 50 || b != 50 || keyless.Value() != 100 {
		t.Errorf("%d and %d, %d counted", a, b, keyless.Value())
	}
}

func TestSlowStarterTakesOverItsKeysOneByOne(t *testing.T) {
	for name, h := range hashers(HashedParams{}) {
		t.Run(name, func(t *testing.T) {
			fs, nodes := servers(10)
			h.Update(nodes, 0)
			all := owners(h, 5000)
			had := map[int]bool{}
			for _, share := range []float64{0.1, 0.5, 0.9, 1} {
				fs[0].share.Store(math.Float64bits(share))
				h.Update(nodes, 0)
				has, own := map[int]bool{}, 0
				for i, id := range owners(h, 5000) {
					if all[i] == 1 {
						own++
						has[i] = id == 1
					} else if id != all[i] {
						t.Fatalf("key %d moved from %d to %d, and 1 starts slowly", i, all[i], id)
					}
				}
				for i := range had {
					if had[i] && !has[i] {
						t.Errorf("share %v: key %d went away again", share, i)
					}
				}
				maps.DeleteFunc(has, func(_ int, mine bool) bool { return !mine })
				within(t, fmt.Sprintf("share %v", share), len(has), own, share)
				had = has
			}
		})
	}
}

func TestHashedUnderConcurrencyLosesNoCount(t *testing.T) {
	for name, h := range quickHashers(HashedParams{Bounded: 1.25}) {
		i := 0
		storm(t, h, func(int64) {
			i++
			h.Set(HashedParams{Bounded: float64(i % 3)})
		})
		if n := h.pending.Load(); n != 0 {
			t.Errorf("%s: %d are outstanding after everything is done", name, n)
		}
	}
}

func BenchmarkHashedUpdate(b *testing.B) {
	for name, h := range hashers(HashedParams{}) {
		b.Run(name, func(b *testing.B) {
			_, nodes := servers(1000)
			h.Update(nodes, 0)
			for i := 0; b.Loop(); i++ {
				if i%2 == 0 {
					h.Update(nodes[1:], 0)
				} else {
					h.Update(nodes, 0)
				}
			}
		})
		b.Run(name+"/anew", func(b *testing.B) {
			_, nodes := servers(1000)
			for b.Loop() {
				hashers(HashedParams{})[name].Update(nodes, 0)
			}
		})
	}
}

func BenchmarkHashedPick(b *testing.B) {
	for name, h := range hashers(HashedParams{Bounded: 1.25}) {
		b.Run(name, func(b *testing.B) {
			_, nodes := servers(1000)
			h.Update(nodes, 0)
			x := withKey("user:" + fmt.Sprint(rand.Uint64()))
			for b.Loop() {
				h.Done(h.Pick(x, 0), 1, 0)
			}
		})
	}
}
