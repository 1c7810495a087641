// Package pickers measures what a pick and its end cost, beside grpc's least
// request balancer. It is a module of its own, so that grpc is no dependency of
// the sidecar for it: go test -bench . -benchmem -count 5
package pickers

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/balancer"

	"sidecar"
	"sidecar/balance"
)

const (
	endpoints  = 1000
	goroutines = 16
)

// node has what an endpoint of the sidecar has for its picker.
type node struct {
	id      uint64
	pending atomic.Int64
	status  atomic.Uint32
	costs   *balance.Costs
	ewma    balance.Ewma
	ramp    balance.Ramp
}

func (n *node) ID() uint64                  { return n.id }
func (n *node) Status(int64) sidecar.Status { return sidecar.Status(n.status.Load()) }
func (n *node) Place() balance.Place {
	return balance.Place{Name: fmt.Sprintf("10.0.%d.%d:80", n.id/250, n.id%250)}
}
func (n *node) Load(now int64) balance.Load {
	l := balance.Load{Pending: n.pending.Load(), Cost: 1, Weight: 1, Share: n.ramp.Share(now)}
	if n.costs.On() {
		l.Cost = n.ewma.Cost(now, n.costs)
	}
	return l
}

type message struct{ key []byte }

func (m *message) Attr(sidecar.Selector) ([]byte, bool) { return m.key, true }
func (*message) Rewind() bool                           { return true }
func (*message) Class() sidecar.Class                   { return sidecar.Success }

// pickers are the sidecar's, each in levels as the cluster has it.
func pickers() map[string]func() balance.Picker {
	hash := balance.HashedParams{Bounded: 1.25}
	at := balance.Coordinate{Index: 3, Total: 100}
	return map[string]func() balance.Picker{
		"p2c":           func() balance.Picker { return balance.NewP2C(nil) },
		"p2c peak_ewma": func() balance.Picker { return balance.NewP2C(nil) },
		"least_loaded":  func() balance.Picker { return balance.NewLeastLoaded(nil) },
		"aperture, all inside": func() balance.Picker {
			return balance.NewAperture(balance.ApertureParams{MinSize: endpoints}, nil, 0)
		},
		"aperture, of a place": func() balance.Picker { return balance.NewDeterministic(balance.DeterministicParams{At: at}) },
		"ring_hash":            func() balance.Picker { return balance.NewRingHash(hash) },
		"maglev":               func() balance.Picker { return balance.NewMaglev(hash) },
	}
}

func BenchmarkAcquireAndRelease(b *testing.B) {
	b.Run("grpc leastrequest", func(b *testing.B) {
		p := leastRequest(b, endpoints)
		share(b, func() func() {
			return func() {
				r, err := p.Pick(balancer.PickInfo{})
				if err != nil {
					panic(err)
				}
				r.Done(balancer.DoneInfo{})
			}
		})
	})
	all := pickers()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fresh := all[name]
		b.Run(name, func(b *testing.B) {
			costs := &balance.Costs{}
			if name == "p2c peak_ewma" {
				costs.Set(10 * time.Second)
			}
			nodes := make([]balance.Node, endpoints)
			for i := range nodes {
				nodes[i] = &node{id: uint64(i + 1), costs: costs}
			}
			p := balance.NewLevels(balance.LevelsParams{Fresh: func(int64) balance.Picker { return fresh() }, Panic: 0.5}, 0)
			p.Update(nodes, 0)
			var seed atomic.Int64
			share(b, func() func() {
				x := &sidecar.Exchange{}
				x.Begin(&message{key: fmt.Appendf(nil, "user:%d", seed.Add(1))}, nil, 1)
				now := int64(0)
				return func() {
					now += 1000
					picked := p.Pick(x, now)
					n := balance.Under(picked).(*node)
					n.pending.Add(1)
					if n.costs.On() {
						n.ewma.Observe(int64(time.Millisecond), now, n.costs)
					}
					n.pending.Add(-1)
					p.Done(picked, 1, now)
				}
			})
		})
	}
}

// share has the goroutines do it b.N times between them; begin makes one ready.
func share(b *testing.B, begin func() func()) {
	b.ReportAllocs()
	var work sync.WaitGroup
	start := make(chan struct{})
	for g := range goroutines {
		do := begin()
		work.Go(func() {
			<-start
			for range b.N/goroutines + min(1, max(0, b.N%goroutines-g)) {
				do()
			}
		})
	}
	b.ResetTimer()
	close(start)
	work.Wait()
}
