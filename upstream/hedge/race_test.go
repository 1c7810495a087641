package hedge

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar"
)

// hand is a wheel whose hand the test turns: late may come at any moment, and
// after its exchange, too.
type hand struct {
	fire func(mark uint64)
	mark atomic.Uint64
}

func (h *hand) arm(at int64, mark uint64) {
	if at != 0 {
		h.mark.Store(mark)
	}
}

// Both senders answer, fail, are cut and are interrupted at the same moments: one
// reply goes out, Do returns after both, and nothing of one exchange reaches the
// next one of its pair.
func TestSendersRace(t *testing.T) {
	const owners, exchanges = 4, 4000
	var hands sync.Map
	var stop atomic.Bool
	var inside atomic.Int64 // second senders at work
	l := &layer{Params: newRig().Params}
	l.Budget = &purse{left: 1 << 40}
	l.Timer = func(fire func(mark uint64)) func(int64, uint64) {
		h := &hand{fire: fire}
		hands.Store(h, true)
		return h.arm
	}
	l.Fork = sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
		inside.Add(1)
		defer inside.Add(-1)
		return act(x, 2)
	})
	l.next = sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error { return act(x, 1) })
	l.pairs.New = func() any { return newPair(l) }
	var wheel, work sync.WaitGroup
	wheel.Go(func() {
		for !stop.Load() {
			hands.Range(func(h, _ any) bool {
				h.(*hand).fire(h.(*hand).mark.Load())
				return true
			})
			runtime.Gosched()
		}
	})
	var wins [3]atomic.Int64
	for range owners {
		work.Go(func() {
			var x sidecar.Exchange
			for range exchanges {
				m := &request{client: &client{}}
				x.Begin(m, nil, sidecar.Now())
				x.Idempotent = true
				x.RequestDone(x.Now())
				g := x.Gen()
				if rand.IntN(8) == 0 {
					work.Go(func() { x.Interrupt(g, sidecar.ClientGone) })
				}
				err := l.Do(context.Background(), &x)
				wrote := m.client.wrote
				if len(wrote) > 1 || (x.Replied() != 0) != (len(wrote) == 1) || err == nil && len(wrote) == 0 {
					t.Errorf("error %v, replied %d, client got %v", err, x.Replied(), wrote)
				}
				if m.forks != m.joined {
					t.Error("returned before the second sender")
				}
				if len(wrote) == 1 {
					wins[wrote[0]].Add(1)
				}
				x.End()
			}
		})
	}
	work.Wait()
	stop.Store(true)
	wheel.Wait()
	if n := inside.Load(); n != 0 {
		t.Errorf("%d second senders are left", n)
	}
	t.Logf("the first won %d, the second %d", wins[1].Load(), wins[2].Load())
	if wins[1].Load() == 0 || wins[2].Load() == 0 {
		t.Error("one never won")
	}
}

// act is a try that takes a moment, or a few.
func act(x *sidecar.Exchange, id uint64) error {
	for range rand.IntN(20) {
		runtime.Gosched()
	}
	x.Try("e", id, x.Now())
	b := make(bell, 1)
	if x.Block(b) && rand.IntN(4) == 0 {
		select {
		case <-b:
		default:
			runtime.Gosched()
		}
	}
	if cause := x.Unblock(); cause != sidecar.NoCause {
		return cause.Fault(sidecar.StageRead)
	}
	return step{id: id, class: []sidecar.Class{ok, ok, bad, none}[rand.IntN(4)]}.reply(x)
}

// reply is the end of a try, without its waits.
func (s step) reply(x *sidecar.Exchange) error {
	if s.class == none {
		return &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.PeerReset}
	}
	if !x.Commit(s.class) {
		return &sidecar.Fault{Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Class: s.class, Reason: sidecar.Status5xx}
	}
	c := x.Msg.(*request).client
	c.mu.Lock()
	c.wrote = append(c.wrote, s.id)
	c.mu.Unlock()
	return nil
}
