//go:build !race

package mux

import (
	"context"
	"encoding/binary"
	"net"
	"runtime"
	"testing"

	"sidecar"
	"sidecar/sock"
)

type nowhere struct{}

func (nowhere) Reply(*sidecar.Exchange, *Reply) *sidecar.Fault { return nil }

// A dispatch and its reply over a connection in use allocate nothing.
func TestAllocNothingPerDispatch(t *testing.T) {
	for _, size := range []int{100, 20_000} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go quietBackend(ln, size)
		d := NewDialer(DialParams{
			Dial: new(net.Dialer).DialContext, Wheel: sock.NewWheel(sidecar.Now), Buffers: sock.NewBuffers(), Room: sock.NewRoom(1 << 20), Now: sidecar.Now,
		}, DialSettings{MaxFrame: 1 << 20})
		c, err := d.Connect(context.Background(), ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		x, call := new(sidecar.Exchange), &Call{Contexts: AppendPair(nil, 0, "key", []byte("value")), Payload: make([]byte, size), Replies: nowhere{}}
		ask := func() {
			x.Begin(call, nil, sidecar.Now())
			x.RequestDone(sidecar.Now())
			x.Asked = 1e9
			x.SetTimeout(1e9)
			x.Try("a:1", 1, sidecar.Now())
			if err := c.Do(context.Background(), x); err != nil {
				t.Fatal(err)
			}
		}
		for range 200 {
			ask()
		}
		const rounds = 5000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			ask()
		}
		runtime.ReadMemStats(&after)
		if n := after.Mallocs - before.Mallocs; n > rounds/50 {
			t.Errorf("%.2f allocations a dispatch of %d bytes", float64(n)/rounds, size)
		}
		c.Close()
		ln.Close()
	}
}

// quietBackend answers each dispatch with a reply of size bytes and allocates
// nothing meanwhile.
func quietBackend(ln net.Listener, size int) {
	nc, err := ln.Accept()
	if err != nil {
		return
	}
	defer nc.Close()
	buf := make([]byte, 128<<10)
	reply := appendFrames(nil, rdispatch, 0, 0, (&Reply{}).appendReplyHead(nil), make([]byte, size))
	n := 0
	for {
		k, err := nc.Read(buf[n:])
		if err != nil {
			return
		}
		n += k
		for {
			f, size, bad := readFrame(buf[:n], len(buf))
			if bad != nil || size == 0 {
				break
			}
			out := reply
			switch f.kind {
			case rerr:
				out = buf[:size]
			case tinit:
				out = appendInit(nil, rinit, controlTag, 0)
			default:
				binary.BigEndian.PutUint32(reply[4:], uint32(0xfe)<<24|f.tag)
			}
			if _, err := nc.Write(out); err != nil {
				return
			}
			n = copy(buf, buf[size:n])
		}
	}
}
