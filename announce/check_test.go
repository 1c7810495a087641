package announce

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// says always says the same.
func says(text string) func() string { return func() string { return text } }

// answering is the address of a server that reads something and says what it is
// to say; it says nothing and waits if that is "-".
func answering(t *testing.T, network, address string, say func() string) string {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 256))
				text := say()
				if text == "-" {
					<-done
					return
				}
				_, _ = c.Write([]byte(text))
			})
		}
	})
	t.Cleanup(func() {
		close(done)
		ln.Close()
		wg.Wait()
	})
	if network == "unix" {
		return "unix:" + address
	}
	return ln.Addr().String()
}

func TestChecksJudgeAnswers(t *testing.T) {
	for _, c := range []struct{ name, kind, says, want string }{
		{"a server that takes connections", CheckTCP, "", ""},
		{"HTTP 200", CheckHTTP, "HTTP/1.1 200 OK\r\n\r\n", ""},
		{"HTTP 302", CheckHTTP, "HTTP/1.0 302 Found\r\nLocation: x\r\n\r\n", ""},
		{"HTTP 503", CheckHTTP, "HTTP/1.1 503 No\r\n\r\n", "GET /health: status 503"},
		{"HTTP without a reason", CheckHTTP, "HTTP/1.1 204\r\n\r\n", ""},
		{"no HTTP", CheckHTTP, "+OK\r\n", "not an HTTP reply"},
		{"half a line", CheckHTTP, "HTTP/1.1 200", "closed before a line"},
		{"a line without end", CheckHTTP, "HTTP/1.1 200 " + strings.Repeat("x", 4096), "closed before a line"},
		{"Redis", CheckRedis, "+PONG\r\n", ""},
		{"Redis with a password", CheckRedis, "-NOAUTH Authentication required.\r\n", ""},
		{"Redis that loads", CheckRedis, "-LOADING Redis is loading the dataset in memory\r\n", "LOADING"},
		{"none", CheckNone, "-", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := Check{Kind: c.kind, Address: answering(t, "tcp", "127.0.0.1:0", says(c.says)), Path: "/health", Timeout: time.Minute}
			err := check.Ask(t.Context())
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestUnixSocketsAreChecked(t *testing.T) {
	a := answering(t, "unix", filepath.Join(t.TempDir(), "s"), says("HTTP/1.1 200 OK\r\n\r\n"))
	if err := (Check{Kind: CheckHTTP, Address: a, Path: "/", Timeout: time.Minute}).Ask(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestASilentServiceFailsItsCheckInTime(t *testing.T) {
	a := answering(t, "tcp", "127.0.0.1:0", says("-"))
	if err := (Check{Kind: CheckHTTP, Address: a, Path: "/", Timeout: 20 * time.Millisecond}).Ask(t.Context()); err == nil {
		t.Error("no error")
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK"))
	f.Add([]byte("HTTP/1.1 +20"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if status, err := parseStatus(line); err == nil && (status < 0 || status > 999) {
			t.Errorf("%q: %d", line, status)
		}
	})
}
