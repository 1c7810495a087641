//go:build !race

package pool

import (
	"context"
	"testing"

	"sidecar"
)

func TestAllocNothingOnAKeptConnection(t *testing.T) {
	b := newBench(t, usual())
	defer b.end()
	x, ctx := exchange(), context.Background()
	if err := b.Do(ctx, x); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _ = b.Do(ctx, x) }); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}

// Two exchanges take turns on one connection, so that each waits.
func TestAllocNothingInTheQueue(t *testing.T) {
	b := newBench(t, Settings{HighWatermark: 1, MaxWaiters: 1})
	ctx := context.Background()
	x, y := exchange(), exchange()
	turn, ready := make(chan struct{}), make(chan struct{})
	b.server.do = func(_ *line, by *sidecar.Exchange) error {
		if by == x {
			ready <- struct{}{}
			for b.Stats().Waiters == 0 {
			}
		}
		return nil
	}
	b.users.Go(func() {
		for range turn {
			<-ready
			_ = b.Do(ctx, y)
			ready <- struct{}{}
		}
	})
	n := testing.AllocsPerRun(500, func() {
		turn <- struct{}{}
		_ = b.Do(ctx, x)
		<-ready
	})
	close(turn)
	b.end()
	if n > 0.1 { // the runtime's own, when the collector empties the pool of waiters
		t.Errorf("%v allocations an exchange", n)
	}
}

func BenchmarkKeptConnection(b *testing.B) {
	t := new(testing.T)
	p := newBench(t, usual())
	x, ctx := exchange(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Do(ctx, x)
	}
	p.end()
}

func TestAllocNothingOnASharedConnection(t *testing.T) {
	h := newHub(t, few(1))
	defer h.end()
	x := exchange()
	if n := testing.AllocsPerRun(1000, func() {
		x.Begin(message{}, nil, sidecar.Now())
		x.Try("a:1", 1, sidecar.Now())
		if err := h.Do(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}
