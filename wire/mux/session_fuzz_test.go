package mux

import (
	"io"
	"net"
	"testing"
	"time"
)

// FuzzSession: whatever a client sends before it ends, the server ends, gives
// everything back, and what it says are frames.
func FuzzSession(f *testing.F) {
	f.Add([]byte(message(rerr, 1, initCheck) + string(appendInit(nil, tinit, 1, 64)) + dispatch(2, "hello")))
	f.Add([]byte(dispatch(2, "a") + string(appendDiscarded(nil, 2, "x")) + dispatch(2, "b")))
	f.Add([]byte("\x00\x00\x00\x06\x02\x80\x00\x05ab\x00\x00\x00\x04\x02\x00\x00\x05"))
	f.Add([]byte(message(treq, 3, "\x00hi") + message(rdrain, 1, "")))
	h := newHarness(f, nil)
	h.set(func(s *Settings) { s.MaxFrame, s.MessageTimeout = 1<<16, time.Second })
	f.Fuzz(func(t *testing.T, data []byte) {
		nc, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Skip(err) // ports run out under a fuzzer
		}
		defer nc.Close()
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := nc.Write(data); err == nil {
			_ = nc.(*net.TCPConn).CloseWrite()
		}
		got, err := io.ReadAll(nc)
		if err, ok := err.(net.Error); ok && err.Timeout() {
			t.Fatalf("%x: no end", data)
		}
		for len(got) > 0 {
			_, n, bad := readFrame(got, 1<<20)
			if n == 0 || bad != nil {
				t.Fatalf("%x: got %x: %v", data, got, bad)
			}
			got = got[n:]
		}
	})
}
