//go:build !race

package http1

import (
	"bytes"
	"net"
	"runtime"
	"testing"

	"sidecar/sock"
)

// An exchange over kept connections allocates nothing, from the client's first
// byte to its last.
func TestAllocNothingPerExchange(t *testing.T) {
	for _, row := range []struct{ name, request, reply string }{
		{"GET", get("/search?q=1"), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + text(100)},
		{"POST of 1 KiB", post(text(1024)), ok200},
		{"POST of 20 KiB", post(text(20_000)), ok200},
		{"a client that says how long it waits", "GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 99S\r\nX-Request-Timeout: 9.5\r\n\r\n", ok200},
		{"absolute form", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", ok200},
		{"reply of 60 KiB", get("/"), "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + text(60_000)},
		{"chunked reply", get("/"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(text(3000), 900)},
		{"a call of Thrift in JSON", "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-thrift\r\nContent-Length: 16\r\n\r\n[1,\"get\",1,0,{}]", ok200},
		{"chunked request in one piece", postChunked(chunked(text(1000), 300)), ok200},
		{"heads of 6 KiB", "GET / HTTP/1.1\r\nHost: a\r\nX: " + text(6000) + "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + text(6000) + "\r\n\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			backend := quietBackend(t, row.reply)
			h := newHarness(t, backend)
			nc, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			c := sock.New(nc)
			request, buf := []byte(row.request), make([]byte, 128<<10)
			want := len(row.reply) + len("Via: 1.1 sidecar\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n")
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

// noAllocations fails the test if ask, an exchange, allocates once it is warm.
func noAllocations(t *testing.T, ask func()) {
	t.Helper()
	for range 200 {
		ask()
	}
	const rounds = 10_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		ask()
	}
	runtime.ReadMemStats(&after)
	n, size := after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	t.Logf("%d allocations, %d bytes in %d exchanges", n, size, rounds)
	if n > rounds/50 { // what the runtime does for itself
		t.Errorf("%.2f allocations an exchange", float64(n)/rounds)
	}
}

// quietBackend answers without allocating; a request's end is known by its
// head and, for those with a body, by its length.
func quietBackend(t *testing.T, reply string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		c := sock.New(nc)
		out, buf := []byte(reply), make([]byte, 128<<10)
		for n := 0; ; {
			k, err := c.Read(buf[n:])
			if err != nil {
				return
			}
			if n += k; !whole(buf[:n]) {
				continue
			}
			n = 0
			if _, err := c.Write(out, nil); err != nil {
				return
			}
		}
	}()
	return ln.Addr().String()
}

var (
	headEnd  = []byte("\r\n\r\n")
	lastPart = []byte("0\r\n\r\n")
	length   = []byte("Content-Length: ")
	coded    = []byte("chunked")
)

func whole(p []byte) bool {
	end := bytes.Index(p, headEnd)
	if end < 0 {
		return false
	}
	if bytes.Contains(p[:end], coded) {
		return bytes.HasSuffix(p[end:], lastPart)
	}
	at := bytes.Index(p[:end], length)
	if at < 0 {
		return true
	}
	n := 0
	for _, d := range p[at+len(length):] {
		if d < '0' || d > '9' {
			break
		}
		n = n*10 + int(d-'0')
	}
	return len(p) >= end+4+n
}
