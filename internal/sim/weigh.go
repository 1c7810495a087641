package sim

import (
	"math/rand/v2"
	"runtime"
	"time"

	"sidecar/balance"
)

// Cost is what a picker of many backends costs a sidecar, by the real clock.
type Cost struct {
	Bytes int64
	// First is the time of the first Update, Less that of one with a backend
	// less, Peer that of another place among one peer more; 0 if places are
	// nothing to it.
	First, Less, Peer time.Duration
}

// weighed is how often times are taken; the least is told.
const weighed = 5

// Weigh finds the cost for as many sidecars as there are backends.
func Weigh(p Policy, n int) Cost {
	hosts := newHosts(n)
	slab, nodes := make([]node, n), make([]balance.Node, n)
	for i := range nodes {
		slab[i].host = hosts[i]
		nodes[i] = &slab[i]
	}
	c := Cost{First: 1 << 62, Less: 1 << 62, Peer: 1 << 62}
	var pickers [weighed]Picker
	before := inUse()
	for i := range pickers {
		pickers[i] = p.New(Seat{Index: n / 3, Total: n, Random: rand.New(rand.NewPCG(1, 1)), Now: 1})
		c.First = min(c.First, clocked(func() { pickers[i].Update(nodes, 1) }))
	}
	c.Bytes = max(0, inUse()-before) / weighed
	for _, picker := range pickers {
		c.Less = min(c.Less, clocked(func() { picker.Update(nodes[1:], 2) }))
		d, ok := picker.(*deterministic)
		if !ok {
			c.Peer = 0
			continue
		}
		c.Peer = min(c.Peer, clocked(func() { d.sit(n/3, n+1, 3) }))
	}
	return c
}

func clocked(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// inUse is the memory that is in use after what is not is given back.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
