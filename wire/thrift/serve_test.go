package thrift

import (
	"testing"

	"sidecar/internal/peer"
)

// What the two sides speak alike goes through as it came, whatever the sizes
// and wherever the pieces are cut.
func TestCallsAndRepliesPassAsTheyCame(t *testing.T) {
	for _, e := range plainEncodings {
		for _, plain := range []bool{false, true} {
			name := e.testName()
			if plain {
				name += " by net.Conn"
			}
			t.Run(name, func(t *testing.T) {
				h := newHarness(t, backend(t, e).Addr())
				h.speaks = e
				h.plain.Store(plain)
				if e.Protocol == Lax {
					h.set(func(s *Settings) { s.Speaks.AnyProtocol, s.Speaks.Protocol = false, Lax })
				}
				c := h.client(t)
				for i, n := range []int{0, 1, 100, 4000, 4096, 5000, 32_000, 32_768, 40_000, 200_000, 10} {
					go c.TrySend(call(e, int32(i)-2, "Echo:say", text(n)))
					wants(c, e, int32(i)-2, text(n))
				}
			})
		}
	}
}

func TestCallsComeInPieces(t *testing.T) {
	for _, e := range plainEncodings {
		t.Run(e.testName(), func(t *testing.T) {
			h := newHarness(t, backend(t, e).Addr())
			h.speaks = e
			if e.Protocol == Lax {
				h.set(func(s *Settings) { s.Speaks.AnyProtocol, s.Speaks.Protocol = false, Lax })
			}
			c := h.client(t)
			for seq := range int32(3) {
				c.Send(peer.Split(call(e, seq, "m", text(40)), 1)...)
				wants(c, e, seq, text(40))
			}
		})
	}
}

// A reply may come a byte at a time, too.
func TestRepliesComeInPieces(t *testing.T) {
	for _, e := range plainEncodings {
		t.Run(e.testName(), func(t *testing.T) {
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				for c.Idle() {
					m, _ := hear(c, e)
					c.Send(peer.Split(reply(e, m.Seq, m.name, text(50)), 1)...)
				}
			}).Addr())
			h.speaks = e
			if e.Protocol == Lax {
				h.set(func(s *Settings) { s.Speaks.AnyProtocol, s.Speaks.Protocol = false, Lax })
			}
			c := h.client(t)
			for seq := range int32(3) {
				c.Send(call(e, seq, "m", "x"))
				wants(c, e, seq, text(50))
			}
			if h.dials != 1 {
				t.Errorf("%d connections to the backend", h.dials)
			}
		})
	}
}

// Frames are put on and taken off where only the transports differ.
func TestTransportsDiffer(t *testing.T) {
	for _, pair := range [][2]Encoding{{framedBinary, unframedBinary}, {unframedBinary, framedBinary}} {
		h := newHarness(t, backend(t, pair[1]).Addr())
		h.speaks = pair[1]
		c := h.client(t)
		for i, n := range []int{0, 100, 5000, 40_000, 200_000} {
			go c.TrySend(call(pair[0], int32(i), "say", text(n)))
			wants(c, pair[0], int32(i), text(n))
		}
	}
}

func TestPipelinedCallsAreAnsweredInTheirOrder(t *testing.T) {
	h := newHarness(t, backend(t, framedBinary).Addr())
	c := h.client(t)
	all := ""
	for i := range int32(200) {
		all += call(framedBinary, i, "say", text(int(i)*37))
	}
	go c.TrySend(all)
	for i := range int32(200) {
		wants(c, framedBinary, i, text(int(i)*37))
	}
}

// A client that has said all it has to say still gets its replies.
func TestAHalfClosedClientGetsItsReplies(t *testing.T) {
	h := newHarness(t, backend(t, framedBinary).Addr())
	c := h.client(t)
	c.Send(call(framedBinary, 1, "say", "one") + call(framedBinary, 2, "say", "two"))
	c.HalfClose()
	wants(c, framedBinary, 1, "one")
	wants(c, framedBinary, 2, "two")
	c.End()
}

func TestOnewayIsAnsweredByNothing(t *testing.T) {
	back := backend(t, framedBinary)
	h := newHarness(t, back.Addr())
	c := h.client(t)
	c.Send(packed(framedBinary, OnewayType, 1, "tell", 1, "x"), packed(framedBinary, OnewayType, 2, "tell", 1, text(100_000)), call(framedBinary, 3, "say", "y"))
	wants(c, framedBinary, 3, "y")
	if back.Conns() != 1 {
		t.Errorf("%d connections to the backend", back.Conns())
	}
}
