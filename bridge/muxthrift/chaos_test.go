package muxthrift

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"sidecar/wire/thrift"
)

// Clients of both kinds, which go away when they like, get their own replies and
// nobody else's, whatever the backend speaks.
func TestReplyIsAlwaysOfTheCall(t *testing.T) {
	for _, to := range []func() backend{
		func() backend { return backend{address: newMuxServer(t).Addr(), mux: true} },
		func() backend {
			return backend{address: apacheServer(t, encodings[0], new(service)), encoding: encodings[0]}
		},
		func() backend {
			return backend{address: apacheServer(t, encodings[7], new(service)), encoding: encodings[7]}
		},
	} {
		r := newRig(t, to())
		var work sync.WaitGroup
		for id := range 8 {
			work.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(id), 3))
				for session := range 5 {
					who := fmt.Sprintf("%d.%d", id, session)
					if id%2 == 0 {
						talkPlain(t, r, rnd, who)
					} else {
						talkMux(t, r, rnd, who)
					}
				}
			})
		}
		work.Wait()
	}
}

func talkPlain(t *testing.T, r *rig, rnd *rand.Rand, who string) {
	e := encodings[rnd.IntN(len(encodings))]
	c := newApacheClient(t, r.addr, e)
	for n := range 20 {
		arg := fmt.Sprint(who, " ", n, " ", strings.Repeat("x", rnd.IntN(9000)))
		if got, err := c.call(context.Background(), "echo", arg); err != nil || got != arg {
			t.Errorf("%s: got %.100q, %v, want %.100q", who, got, err, arg)
			return
		}
	}
	if rnd.IntN(2) == 0 {
		_ = c.post(context.Background(), "unknown", "and gone")
	}
}

func talkMux(t *testing.T, r *rig, rnd *rand.Rand, who string) {
	c := r.client()
	defer c.Close()
	for n := range 10 {
		want := map[int]string{}
		batch, discarded := "", map[int]bool{}
		for tag := 2; tag < 8; tag++ {
			want[tag] = fmt.Sprint(who, " ", n, " ", tag, " ", strings.Repeat("y", rnd.IntN(3000)))
			batch += dispatch(tag, "", called(thrift.Binary, thrift.CallType, int32(tag), "echo", want[tag]))
			if rnd.IntN(4) == 0 {
				discarded[tag] = true
				batch += frame(0x42, 0, string([]byte{0, 0, byte(tag)})+"enough")
			}
		}
		c.Send(batch)
		if rnd.IntN(20) == 0 {
			return // in the middle
		}
		for len(want) > 0 {
			kind, tag, body, ok := hear(c)
			switch {
			case !ok:
				t.Errorf("%s: the connection ended", who)
				return
			case kind == 0xbe && discarded[tag]:
			case kind == 0xfe && body[0] == 0 && strings.HasSuffix(body, want[tag]+"\x00"):
			default:
				t.Errorf("%s: got %x of %d: %.200q, want %.100q", who, kind, tag, body, want[tag])
				return
			}
			delete(want, tag)
		}
	}
}
