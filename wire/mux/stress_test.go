package mux

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

// Clients that send, discard, use tags again at once, ask for fragments and go
// away at random get their own replies and nobody else's.
func TestReplyIsAlwaysOfTheRequest(t *testing.T) {
	var ended atomic.Int64
	h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
		switch p := string(c.Payload); {
		case strings.HasPrefix(p, "stay"):
			err := stay(x)
			ended.Add(1)
			return err
		case strings.HasPrefix(p, "yield"):
			for range 20 {
				runtime.Gosched()
			}
		}
		return reply(x, c, &Reply{Payload: c.Payload})
	})
	var work sync.WaitGroup
	for id := range 8 {
		work.Go(func() {
			r := rand.New(rand.NewPCG(uint64(id), 7))
			for session := range 6 {
				talk(t, h, r, fmt.Sprintf("%d.%d", id, session))
			}
		})
	}
	work.Wait()
	if ended.Load() == 0 {
		t.Error("nothing was ever interrupted")
	}
}

// talk is one session of a client that checks what it gets.
func talk(t *testing.T, h *harness, r *rand.Rand, who string) {
	c := ask(t, h)
	defer c.Close()
	if r.IntN(2) == 0 {
		c.Send(string(appendInit(nil, tinit, 1, 16+r.IntN(200))))
		hear(c)
	}
	want := map[uint32]string{}
	var discarded map[uint32]bool
	var p parts
	for n := range 60 {
		batch := ""
		for tag := uint32(2); tag < 12; tag++ {
			if _, busy := want[tag]; busy || r.IntN(3) == 0 {
				continue
			}
			kind := []string{"now", "yield", "stay"}[r.IntN(3)]
			want[tag] = fmt.Sprintf("%s %s %d %d %s", kind, who, n, tag, strings.Repeat(who, r.IntN(100)))
			batch += dispatch(tag, want[tag])
		}
		discarded = map[uint32]bool{}
		for tag, text := range want {
			if strings.HasPrefix(text, "stay") || r.IntN(9) == 0 {
				batch += string(appendDiscarded(nil, tag, "enough"))
				discarded[tag] = true
			}
		}
		for _, piece := range peer.Split(batch, 1+r.IntN(4000)) {
			if !c.TrySend(piece) {
				t.Errorf("%s: cut", who)
				return
			}
		}
		if r.IntN(40) == 0 {
			return // in the middle
		}
		for len(want) > 0 {
			f := hear(c)
			whole, bad := p.add(&f, 1<<20)
			if bad != nil {
				t.Error(bad)
				return
			}
			if !whole {
				continue
			}
			var reply Reply
			switch {
			case f.kind == rdiscarded && discarded[f.tag]:
			case f.kind == rdispatch && reply.read(f.body) == nil && string(reply.Payload) == want[f.tag]:
			default:
				t.Errorf("%s: got %v of %d: %.100q, want %.100q", who, f.kind, f.tag, f.body, want[f.tag])
				return
			}
			delete(want, f.tag)
		}
	}
}
