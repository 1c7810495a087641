package mux

import (
	"context"
	"testing"

	"sidecar"
)

// A call and its second sender are under way on one connection at once; one of
// their replies goes out.
func TestForkSendsTheSameCall(t *testing.T) {
	inBubble(t, 0, nil, func(r *rig, c *Conn, b *backend) {
		a := r.ready(&Call{Payload: []byte("hello"), Dest: []byte("/s")})
		if a.call.Share(a.x) {
			t.Error("shared without a pool of forks")
		}
		a.call.Hedged(NewForks(r.wheel))
		if !a.call.Share(a.x) {
			t.Error("not shared")
		}
		a.x.Hold = sidecar.Classes(sidecar.Success) // it loses
		x := a.call.Fork()
		x.RequestDone(x.Now())
		x.Try("a:1", 1, x.Now())
		done := make(chan error, 1)
		r.work.Go(func() { a.done <- c.Do(context.Background(), a.x) })
		r.work.Go(func() { done <- c.Do(context.Background(), x) })
		for range 2 {
			f := b.expect(tdispatch)
			var got Call
			if bad := got.read(f.body); bad != nil || string(got.Payload) != "hello" || string(got.Dest) != "/s" {
				t.Errorf("%v %+v", bad, got)
			}
			b.answer(f.tag, Reply{Payload: []byte("world")})
		}
		if f := a.fault(); f == nil || !f.Has(sidecar.FromPeer) {
			t.Errorf("the first: %v", f)
		}
		if err := <-done; err != nil || a.to.got != 1 {
			t.Errorf("the second: %v, %d replies", err, a.to.got)
		}
		a.call.Join(x)
		if a.call.Class() != sidecar.Success {
			t.Errorf("class %v", a.call.Class())
		}
		once := Call{Once: true}
		once.Hedged(NewForks(r.wheel))
		if once.Share(nil) {
			t.Error("a call that nobody answers is sent twice")
		}
	})
}
