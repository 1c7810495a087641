package announce

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sidecar/wire/thrift"
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

// frame is text with its length before it.
func frame(text string) string { return string([]byte{0, 0, 0, byte(len(text))}) + text }

func TestThriftChecksJudgeReplies(t *testing.T) {
	framed, compact := thrift.Encoding{}, thrift.Encoding{Transport: thrift.Unframed, Protocol: thrift.Compact}
	reply := string(append(thrift.AppendHead(nil, thrift.Binary, thrift.ReplyType, 1, "ping"), 0))
	exception := func(p thrift.Protocol, k thrift.Kind) string {
		return string(thrift.AppendException(nil, p, 1, "ping", k, "why"))
	}
	for _, c := range []struct {
		name       string
		e          thrift.Encoding
		says, want string
	}{
		{"a reply", framed, frame(reply), ""},
		{"no such method", framed, frame(exception(thrift.Binary, thrift.UnknownMethod)), ""},
		{"a failure", framed, frame(exception(thrift.Binary, thrift.InternalError)), `ping: exception 6: "why"`},
		{"no such method, compact", compact, exception(thrift.Compact, thrift.UnknownMethod), ""},
		{"a failure, compact", compact, exception(thrift.Compact, thrift.InternalError), `ping: exception 6: "why"`},
		{"another sequence id", framed, frame(string(append(thrift.AppendHead(nil, thrift.Binary, thrift.ReplyType, 2, "ping"), 0))), "not a reply"},
		{"HTTP", framed, "HTTP/1.1 400 Bad Request\r\n\r\n", "this is not Thrift"},
		{"a long frame", framed, "\x00\x10\x00\x00", "larger"},
		{"half a reply", framed, frame(reply)[:10], "ended before"},
		{"nothing", compact, "", "ended before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := Check{Kind: CheckThrift, Address: answering(t, "tcp", "127.0.0.1:0", says(c.says)), Method: "ping", Encoding: c.e, Timeout: 10 * time.Second}
			err := check.Ask(t.Context())
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
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
