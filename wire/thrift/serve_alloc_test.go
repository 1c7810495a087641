//go:build !race

package thrift

import (
	"net"
	"runtime"
	"testing"

	"sidecar/sock"
)

// An exchange over kept connections allocates nothing, from the client's first
// byte to its last, whether its bytes pass or are written anew.
func TestAllocNothingPerExchange(t *testing.T) {
	unframedCompact, header := Encoding{Unframed, Compact}, Encoding{Header, Binary}
	for _, row := range []struct {
		name        string
		front, back Encoding
		in, out     int
		any         bool
	}{
		{name: "replies in any order", front: framedBinary, back: framedBinary, in: 100, out: 5000, any: true},
		{"framed binary", framedBinary, framedBinary, 100, 100, false},
		{"unframed compact", unframedCompact, unframedCompact, 100, 100, false},
		{"4 KiB", framedBinary, framedBinary, 4096, 4096, false},
		{"30 KB", framedBinary, framedBinary, 30_000, 30_000, false},
		{"a reply in pieces", framedBinary, framedBinary, 100, 300_000, false},
		{"frames put on", unframedBinary, framedBinary, 1000, 1000, false},
		{"binary to compact", framedBinary, framedCompact, 1000, 1000, false},
		{"a header put on", framedBinary, header, 1000, 1000, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked := len(asSent(row.back, CallType, 1, text(row.in)))
			h := newHarness(t, quietBackend(t, asked, asSent(row.back, ReplyType, 0, text(row.out))))
			h.speaks = row.back
			h.set(func(s *Settings) { s.AnyOrder = row.any })
			nc, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			c := sock.New(nc)
			request, buf := []byte(asSent(row.front, CallType, 1, text(row.in))), make([]byte, 128<<10)
			want := len(asSent(row.front, ReplyType, 0, text(row.out)))
			ask := func() {
				if _, err := c.Write(request, nil); err != nil {
					t.Fatal(err)
				}
				for n := 0; n < want; {
					k, err := c.Read(buf)
					if err != nil {
						t.Fatal(err)
					}
					n += k
				}
			}
			noAllocations(t, ask)
		})
	}
}

// asSent is a message of the method m as the sidecar writes it, a header without
// fields included.
func asSent(e Encoding, typ Type, id byte, s string) string {
	if e.Transport != Header {
		return packed(e, typ, 1, "m", id, s)
	}
	payload := packed(Encoding{Unframed, e.Protocol}, typ, 1, "m", id, s)
	th := THeader{Seq: 1, Protocol: e.Protocol}
	frame, _ := AppendTHeader(OpenFrame(nil), &th)
	frame = append(frame, payload...)
	CloseFrame(frame, 0)
	return string(frame)
}

// noAllocations fails the test if ask, an exchange, allocates once it is warm.
func noAllocations(t *testing.T, ask func()) {
	t.Helper()
	for range 200 {
		ask()
	}
	const rounds = 3_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		ask()
	}
	runtime.ReadMemStats(&after)
	n := after.Mallocs - before.Mallocs
	// What the runtime does for itself; and with replies in any order the next
	// call may be there before the backend's connection is back, and dial another.
	if n > rounds/10 {
		t.Errorf("%.2f allocations an exchange", float64(n)/rounds)
	}
}

// quietBackend answers each so many bytes without allocating.
func quietBackend(t *testing.T, asked int, reply string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go answerQuietly(nc, asked, []byte(reply))
		}
	}()
	return ln.Addr().String()
}

func answerQuietly(nc net.Conn, asked int, reply []byte) {
	defer nc.Close()
	c, buf := sock.New(nc), make([]byte, 128<<10)
	for n := 0; ; {
		k, err := c.Read(buf[n:])
		if err != nil {
			return
		}
		if n += k; n < asked {
			continue
		}
		n = 0
		if _, err := c.Write(reply, nil); err != nil {
			return
		}
	}
}
