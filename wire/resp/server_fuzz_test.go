package resp

import (
	"io"
	"net"
	"testing"
	"time"
)

// Whatever bytes a client sends, in whatever pieces, it gets whole replies or the
// end of its connection, and the next client is served.
func FuzzServer(f *testing.F) {
	for _, in := range []string{
		req("GET", "a"), req("MSET", "a", "1", "b", "2") + req("MGET", "a", "b", "c"), "GET a\r\nPING\r\n",
		req("HELLO", "3") + req("GET", "a"), req("CLIENT", "REPLY", "OFF") + req("PING"), req("SCAN", "0"),
		"*2\r\n$3\r\nGET\r\n$100000\r\n", "*-1\r\n*0\r\n\r\n", "*1048577\r\n", "POST / HTTP/1.1\r\n", "\x16\x03\x01",
		req("EVAL", "return 1", "2", "a", "b"), req("DEL", "a", "b", "{a}x"), req("MULTI") + req("EXEC"), req("RESET") + req("QUIT") + req("GET", "a"),
		"*2\r\n$4\r\nMGET\r\n$0\r\n\r\n", "MSET a\r\n", req("RANDOMKEY") + req("FLUSHALL") + req("KEYS", "*"), "\"un\r\n",
	} {
		f.Add([]byte(in), uint8(3))
	}
	h, _ := sharded(f, nil)
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		nc, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(20 * time.Second))
		go func() {
			for size := int(cut) + 1; len(in) > 0; {
				n, err := nc.Write(in[:min(size, len(in))])
				if err != nil {
					return
				}
				in = in[n:]
				size *= 2
			}
			nc.(*net.TCPConn).CloseWrite()
		}()
		out, err := io.ReadAll(nc)
		if nerr, ok := err.(net.Error); ok && nerr.Timeout() {
			t.Fatalf("no end after %q", out)
		}
		for rest := out; len(rest) > 0; {
			n, p := WalkReply(rest)
			if p != nil {
				if err == nil {
					t.Fatalf("%q in %q: %v", rest, out, p)
				}
				return // a reset took the rest
			}
			rest = rest[n:]
		}
	})
}
