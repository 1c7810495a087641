package upstream

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"sidecar"
	"sidecar/discovery"
)

// BenchmarkExchange is the cost of all layers, the connection's own left out.
func BenchmarkExchange(b *testing.B) {
	for _, policy := range policies() {
		b.Run(policy, func(b *testing.B) {
			s := usual()
			s.Balance.Policy, s.AttemptTimeout = policy, time.Second
			r := &rig{backends: map[string]*backend{}}
			source := discovery.Static("list", []discovery.Endpoint{{Address: "a:1"}, {Address: "b:1"}, {Address: "c:1"}})
			c, err := New(Params{Name: "users", Settings: s, Sources: []discovery.Source{source}, Lines: []Line{{Dial: r.dial}}})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var run sync.WaitGroup
			run.Go(func() { _ = c.Run(ctx) })
			for len(c.set.Load().list) == 0 {
				runtime.Gosched()
			}
			x, m := request(), request().Msg
			b.ReportAllocs()
			for b.Loop() {
				now := sidecar.Now()
				x.Begin(m, nil, now)
				x.RequestDone(now)
				x.Idempotent = true // so that retry asks its budget
				if err := c.Do(ctx, x); err != nil {
					b.Fatal(err)
				}
				x.End()
			}
			cancel()
			run.Wait()
			c.Close()
		})
	}
}
