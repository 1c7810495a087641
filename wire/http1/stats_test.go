package http1

import (
	"context"
	"net"
	"syscall"
	"testing"

	"sidecar/internal/peer"
	"sidecar/sock"
)

// stingy is a client's connection that takes so many bytes and no more.
type stingy struct {
	plainConn
	left int
}

func (c *stingy) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	if n < len(p) {
		return n, syscall.ECONNRESET
	}
	return n, nil
}

// Bytes that a client who left did not get are not counted.
func TestBytesOutAreThoseThatWentOut(t *testing.T) {
	for _, row := range []struct{ name, request, reply string }{
		{"reply", get("/"), "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + text(200_000)},
		{"1xx", get("/"), "HTTP/1.1 103 Hints\r\nX: " + text(2000) + "\r\n\r\n" + ok200},
		{"tunnel", upgrade, switched + text(200_000)},
	} {
		for _, taken := range []int{0, 1, 150, 1000, 100_000} {
			if taken > len(row.reply) {
				continue
			}
			h := newHarness(t, peer.Listen(t, func(c *peer.Conn) {
				c.Until("\r\n\r\n")
				c.TrySend(row.reply)
				c.Gone()
			}).Addr())
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c := peer.Dial(t, ln.Addr().String())
			nc, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			ln.Close()
			c.Send(row.request)
			cl := h.srv.NewClient(sock.New(&stingy{plainConn: plainConn{nc.(*net.TCPConn)}, left: taken}))
			if cl.Serve(context.Background()) {
				t.Error("it was kept")
			}
			if n := h.srv.stats.Out.Value(); n != uint64(taken) {
				t.Errorf("%s: counted %d bytes, %d went out", row.name, n, taken)
			}
			c.Close()
		}
	}
}

func TestBytesOutCountOwnReplies(t *testing.T) {
	h := newHarness(t, "127.0.0.1:1")
	c := h.client(t)
	c.Send("GET\r\n\r\n")
	got, _ := c.Rest()
	if n := h.srv.stats.Out.Value(); n != uint64(len(got)) || n == 0 {
		t.Errorf("counted %d bytes, %d came", n, len(got))
	}
}
