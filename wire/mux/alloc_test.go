//go:build !race

package mux

import (
	"net"
	"strings"
	"sync"
	"testing"

	"sidecar"
	"sidecar/sock"
)

func TestAllocNothingInTheCodec(t *testing.T) {
	body := unhex(t, scalesDispatch)
	wire := appendFrames(nil, tdispatch, 2, 0, body, nil)
	reply := Reply{Payload: []byte("reply")}
	dst := make([]byte, 0, 4096)
	var head, contexts [1024]byte
	var c Call
	var p parts
	if n := testing.AllocsPerRun(100, func() {
		f, n, bad := readFrame(wire, DefaultMaxFrame)
		if n == 0 || bad != nil {
			t.Fatal(bad)
		}
		if whole, bad := p.add(&f, DefaultMaxFrame); !whole || bad != nil {
			t.Fatal(bad)
		}
		if bad := c.read(f.body); bad != nil {
			t.Fatal(bad)
		}
		left := Left(c.Contexts)
		timed := AppendDeadline(contexts[:0], c.Contexts, 1, left)
		dst = appendFrames(dst[:0], tdispatch, 3, 64, c.appendDispatchHead(head[:0], timed), c.Payload)
		dst = appendFrames(dst[:0], rdispatch, 3, 0, reply.appendReplyHead(head[:0]), reply.Payload)
		dst = appendDiscarded(dst[:0], 3, "timeout")
		dst = appendError(dst[:0], 3, "what")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A request and its reply allocate nothing, from the client's first byte to its
// last.
func TestAllocNothingPerRequest(t *testing.T) {
	for _, row := range []struct{ name, request, reply string }{
		{"small", dispatch(2, "hello"), echoed(2, "hello")},
		{"three at once", dispatch(2, "a") + dispatch(3, "b") + dispatch(4, "c"), echoed(2, "a") + echoed(3, "b") + echoed(4, "c")},
		{"20 KB", dispatch(2, strings.Repeat("x", 20_000)), echoed(2, strings.Repeat("x", 20_000))},
		{"Treq", message(treq, 2, "\x00hello"), message(rreq, 2, "\x00hello")},
		{"ping", message(tping, 1, ""), message(rping, 1, "")},
	} {
		t.Run(row.name, func(t *testing.T) {
			replies := sync.Pool{New: func() any { return new(Reply) }}
			h := newHarness(t, func(x *sidecar.Exchange, c *Call) error {
				r := replies.Get().(*Reply)
				defer replies.Put(r)
				*r = Reply{Payload: c.Payload}
				return reply(x, c, r)
			})
			nc, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			c := sock.New(nc)
			request, buf := []byte(row.request), make([]byte, 64<<10)
			turn := func() {
				if _, err := c.Write(request, nil); err != nil {
					t.Fatal(err)
				}
				for n := 0; n < len(row.reply); {
					k, err := c.Read(buf)
					if err != nil {
						t.Fatal(err)
					}
					n += k
				}
			}
			for range 200 {
				turn()
			}
			if n := testing.AllocsPerRun(2000, turn); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}
