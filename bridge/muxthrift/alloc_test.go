//go:build !race

package muxthrift

import (
	"context"
	"strings"
	"testing"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// taker takes replies of either kind.
type taker struct{ n int }

type muxTaker struct{ *taker }

func (t muxTaker) Reply(_ *sidecar.Exchange, r *mux.Reply) *sidecar.Fault {
	t.n += len(r.Payload)
	return nil
}

type thriftTaker struct{ *taker }

func (t thriftTaker) Reply(_ *sidecar.Exchange, r *thrift.Reply) *sidecar.Fault {
	t.n += len(r.Payload)
	return nil
}

// A call over a bridge allocates nothing, whatever has to be written anew.
func TestAllocNothingOverTheBridge(t *testing.T) {
	layers := LayerParams{Buffers: sock.NewBuffers(), Room: sock.NewRoom(1 << 20), MaxFrame: 1 << 20}
	var info []byte
	for _, f := range []string{"client_id", "me", "X-B3-TraceId", "000000000000000a", "X-B3-SpanId", "000000000000000b", "tenant", "t1"} {
		info = append(append(info, byte(len(f))), f...)
	}
	pairs, _ := appendContexts(nil, nil, info)
	for _, p := range []thrift.Protocol{thrift.Binary, thrift.Compact} {
		arg := strings.Repeat("x", 1000)
		payload := []byte(called(p, thrift.CallType, 1, "echo", arg))
		reply := []byte(called(thrift.Binary, thrift.ReplyType, 1, "echo", arg))
		_, h, _ := headOf(payload)
		_, rh, _ := headOf(reply)
		take := new(taker)
		plain := thrift.Call{Encoding: thrift.Encoding{Protocol: p}, Head: h, Payload: payload, Info: info, Replies: thriftTaker{take}}
		over := mux.Call{Payload: payload, Contexts: pairs, Replies: muxTaker{take}}
		answer, result := mux.Reply{Payload: reply}, thrift.Reply{Head: rh, Payload: reply, Info: info}
		toMux := ToMux(layers)(sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
			if f := x.Msg.(*mux.Call).Replies.Reply(x, &answer); f != nil {
				return f
			}
			return nil
		}))
		toThrift := ToThrift(layers)(sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
			if f := x.Msg.(*thrift.Call).Replies.Reply(x, &result); f != nil {
				return f
			}
			return nil
		}))
		var x sidecar.Exchange
		turn := func(to sidecar.Service, m sidecar.Message) func() {
			return func() {
				x.Begin(m, nil, 1)
				if err := to.Do(context.Background(), &x); err != nil {
					t.Fatal(err)
				}
			}
		}
		for name, do := range map[string]func(){"to Mux": turn(toMux, &plain), "to Thrift": turn(toThrift, &over)} {
			if n := testing.AllocsPerRun(100, do); n != 0 {
				t.Errorf("%v %s: %v allocations", p, name, n)
			}
		}
		if take.n == 0 {
			t.Error("no reply came")
		}
	}
}
