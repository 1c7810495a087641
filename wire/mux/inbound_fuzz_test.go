package mux

import (
	"fmt"
	"net"
	"testing"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/shared"
)

// FuzzInbound: what a backend's bytes mean does not depend on where they were
// cut, and hostile ones end the connection and nothing else.
func FuzzInbound(f *testing.F) {
	reply := (&Reply{Payload: []byte("hello")}).appendReplyHead(nil)
	f.Add(appendFrames(nil, rdispatch, 2, 0, reply, []byte("hello")), 7)
	f.Add(appendFrames(appendFrames(nil, rdispatch, 3, 16, reply, make([]byte, 100)), rdispatch, 2, 0, reply, nil), 9)
	f.Add(append(appendFrames(nil, rdispatch, 4, 16, reply, make([]byte, 100))[:24], appendError(nil, 4, "stop")...), 20)
	f.Add(appendEmpty(appendLease(appendEmpty(nil, tping, 1), 5), tdrain, 1), 3)
	f.Add(appendEmpty(appendEmpty(nil, rdiscarded, 2), rdiscarded, 2), 10)
	f.Add(unhex(f, "0000000502800002 00 00000005 ff000002 00 ffffffff"), 1)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		if len(data) > 1<<16 {
			return
		}
		whole := fed(t, data, len(data))
		if parts := fed(t, data, 1+max(0, cut)%64); parts != whole {
			t.Errorf("in pieces %s, whole %s", parts, whole)
		}
	})
}

// fed gives data in pieces to a connection that waits for three replies, and
// tells what came of it.
func fed(t *testing.T, data []byte, piece int) string {
	here, there := net.Pipe()
	defer there.Close()
	bufs := sock.NewBuffers()
	now := func() int64 { return 1 }
	d := NewDialer(DialParams{Wheel: sock.NewWheel(now), Buffers: bufs, Room: sock.NewRoom(1 << 20), Now: now}, DialSettings{MaxFrame: 1 << 15})
	c := &Conn{dialer: d, set: d.set.Load()}
	c.core = shared.New(shared.Params{Sock: sock.New(here), Wheel: d.params.Wheel, Buffers: bufs, Room: d.params.Room, Now: now, Most: 100}, c)
	x := new(sidecar.Exchange)
	x.Begin(&Call{}, nil, 1)
	var slots []*shared.Slot
	for range 3 {
		s, _ := c.core.Reserve()
		if f := c.core.Send(x, s, []byte("request"), nil); f != nil {
			t.Fatal(f)
		}
		slots = append(slots, s)
	}
	var err error
	held := 0
	for at := 0; err == nil && at < len(data); {
		end := min(len(data), at+piece)
		var used int
		used, err = c.Received(data[at-held : end])
		held = end - (at - held) - used
		at = end
	}
	said := fmt.Sprint(err, c.drains.Load(), c.lease.Load())
	for _, s := range slots {
		if err == nil { // how much was kept before the end is not told to anybody
			said += fmt.Sprintf(" %q", s.Buf)
		}
	}
	return said
}
