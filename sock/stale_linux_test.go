package sock

import (
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"
)

func TestRoundtripIsStaleBeforeItWrites(t *testing.T) {
	for _, s := range []struct {
		name    string
		do      func(t *testing.T, c *Conn, far peer)
		unasked int
	}{
		{"FIN", func(t *testing.T, c *Conn, far peer) {
			halfClose(t, far)
			_ = c.WaitRead() // until it has come
		}, 0},
		{"reset", func(t *testing.T, c *Conn, far peer) {
			reset(far)
			untilReset(t, c)
		}, 0},
		{"unasked bytes", func(t *testing.T, c *Conn, far peer) {
			send(t, far, []byte("HTTP/1.1 408"))
			_ = c.WaitRead() // until they have come
		}, 12},
	} {
		t.Run(s.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p path) {
				if !p.raw || s.name == "reset" && !p.tcp {
					return // cannot tell; a Unix socket has no reset
				}
				c, far := p.pair(t)
				s.do(t, c, far)
				wrote, n, err := c.Roundtrip([]byte("ask"), []byte("!"), make([]byte, 64))
				if wrote != 0 || n != s.unasked || !errors.Is(err, ErrStale) {
					t.Fatalf("wrote %d, read %d, %v", wrote, n, err)
				}
				if s.name == "reset" {
					return // nobody is there to look
				}
				_ = c.Close()
				if all, err := io.ReadAll(far); len(all) != 0 || err != nil {
					t.Errorf("peer got %q, %v; want nothing", all, err)
				}
			})
		})
	}
}

// untilReset waits for the peer's reset by the state of the connection, which
// takes nothing: a call that met the error would use it up.
func untilReset(t *testing.T, c *Conn) {
	t.Helper()
	raw, err := c.NetConn().(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	const closed = 7 // TCP_CLOSE, in the first byte of TCP_INFO
	for came := false; !came; runtime.Gosched() {
		if e := raw.Control(func(fd uintptr) {
			info, e := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO)
			came = e != nil || info&0xff == closed
		}); e != nil {
			t.Fatal(e)
		}
	}
}
