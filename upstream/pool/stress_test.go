package pool

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"sidecar"
)

// Exchanges are interrupted at any moment of a hand-over while connections
// end, go stale, are swept and dials fail: no connection may be lost, shared
// or left open, and everybody gets an answer.
func TestNothingIsLostUnderInterruptsAndFailures(t *testing.T) {
	b := newBench(t, Settings{LowWatermark: 1, HighWatermark: 3, MaxWaiters: 20, IdleTimeout: 1})
	b.server.do = func(l *line, _ *sidecar.Exchange) error {
		switch rand.IntN(20) {
		case 0:
			l.ended.Store(true)
		case 1:
			return &sidecar.Fault{Flags: sidecar.Stale | sidecar.Unsent, Reason: sidecar.PeerClosed}
		default:
			runtime.Gosched()
		}
		return nil
	}
	stop := make(chan struct{})
	var aside sync.WaitGroup
	aside.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			b.Sweep(sidecar.Now())
			if i%16 == 0 {
				b.server.set(0, syscall.ECONNREFUSED)
			} else {
				b.server.set(0, nil)
			}
			runtime.Gosched()
		}
	})
	for range 16 {
		b.users.Go(func() {
			x := new(sidecar.Exchange)
			for range 2000 {
				x.Begin(message{}, nil, sidecar.Now())
				x.Try("a:1", 1, sidecar.Now())
				g := x.Gen()
				var cutter sync.WaitGroup
				if rand.IntN(2) == 0 {
					cutter.Go(func() { x.Interrupt(g, sidecar.AttemptDeadline) })
				}
				if err := b.Do(context.Background(), x); err != nil && sidecar.FaultOf(err).Reason == sidecar.Internal {
					t.Error(err)
				}
				cutter.Wait()
				x.End()
			}
		})
	}
	b.users.Wait()
	close(stop)
	aside.Wait()
	b.end()
}
