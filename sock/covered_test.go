package sock

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"
)

// greeted is a connection in TLS to a server, and that server's end.
func greeted(t *testing.T, change func(*tls.Config)) (*Conn, *tls.Conn) {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ends := make(chan *tls.Conn, 1)
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			close(ends)
			return
		}
		end := tls.Server(nc, srv.TLS)
		_ = end.Handshake()
		ends <- end
	}()
	cfg := &tls.Config{InsecureSkipVerify: true} // the test's server is the only one there
	if change != nil {
		change(cfg)
	}
	nc, err := tls.Dial("tcp", ln.Addr().String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	end := <-ends
	t.Cleanup(func() { nc.Close(); end.Close() })
	return New(nc), end
}

func TestLookThroughTLS(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, row := range []struct {
			name   string
			do     func(c *Conn, end *tls.Conn)
			silent bool
		}{
			{"new, tickets may have come", func(*Conn, *tls.Conn) {}, true},
			{"after a reply", func(c *Conn, end *tls.Conn) { answer(t, c, end, "abc", 3) }, true},
			{"a byte too much, read with the reply", func(c *Conn, end *tls.Conn) { answer(t, c, end, "abcd", 3) }, false},
			{"a byte behind the reply", func(c *Conn, end *tls.Conn) {
				answer(t, c, end, "abc", 3)
				io.WriteString(end, "d")
				arrived(t, c)
			}, false},
			{"closed", func(c *Conn, end *tls.Conn) {
				answer(t, c, end, "abc", 3)
				end.Close()
				arrived(t, c)
			}, false},
		} {
			t.Run(tls.VersionName(version)+", "+row.name, func(t *testing.T) {
				c, end := greeted(t, func(s *tls.Config) { s.MinVersion, s.MaxVersion = version, version })
				if !c.Looks() || c.Raw() {
					t.Fatalf("Looks %v, Raw %v", c.Looks(), c.Raw())
				}
				row.do(c, end)
				if got := c.Look(); got != row.silent {
					t.Fatalf("silent %v, want %v", got, row.silent)
				}
				if row.silent { // and it still works
					answer(t, c, end, "xyz", 3)
				}
			})
		}
	}
}

func TestRoundtripThroughTLSFindsWhatWasClosed(t *testing.T) {
	c, end := greeted(t, nil)
	answer(t, c, end, "abc", 3)
	end.Close()
	arrived(t, c)
	if wrote, _, err := c.Roundtrip([]byte("ask"), nil, make([]byte, 8)); err != ErrStale || wrote != 0 {
		t.Errorf("wrote %d: %v, want %v", wrote, err, ErrStale)
	}
}

// answer asks and is answered with text, of which it reads n bytes.
func answer(t *testing.T, c *Conn, end *tls.Conn, text string, n int) {
	t.Helper()
	go func() {
		var ask [3]byte
		io.ReadFull(end, ask[:])
		io.WriteString(end, text)
	}()
	in := make([]byte, n)
	if _, got, err := c.Roundtrip([]byte("ask"), nil, in); err != nil || got != n {
		t.Fatalf("got %d bytes: %v", got, err)
	}
}

// arrived waits until the socket has something to read.
func arrived(t *testing.T, c *Conn) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := c.below.in.do(c.below.raw, opPeek, nil); err == nil {
			return
		} else if time.Now().After(end) {
			t.Fatal("nothing came")
		}
	}
}
