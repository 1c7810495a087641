//go:build !race

package mux

import "testing"

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
