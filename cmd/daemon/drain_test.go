package daemon

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// mute takes requests and never answers, until it is closed.
type mute struct {
	net.Listener
	took    chan struct{} // one for each request that came
	serving sync.WaitGroup
}

func newMute(t *testing.T) *mute {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mute{Listener: ln, took: make(chan struct{}, 8)}
	m.serving.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			m.serving.Go(func() {
				defer c.Close()
				if n, _ := c.Read(make([]byte, 1024)); n > 0 {
					m.took <- struct{}{}
				}
				_, _ = io.Copy(io.Discard, c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		m.serving.Wait()
	})
	return m
}

// insist sends a request until the connection is cut: the first ones may be
// answered before any endpoint is known.
func insist(c net.Conn) {
	defer c.Close()
	replies := bufio.NewReader(c)
	for {
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			return
		}
		res, err := http.ReadResponse(replies, nil)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

// The log must not say of what an impatient second signal did that the grace
// had been too short.
func TestWhatCutTheLastConnectionsIsTold(t *testing.T) {
	for _, c := range []struct {
		name, grace string
		signals     int
		code        int
		want        string
	}{
		{"grace", "10ms", 1, exitOK, "grace is over: connections were cut"},
		{"second signal", "1h", 2, exitFailure, "second signal: connections were cut"},
	} {
		t.Run(c.name, func(t *testing.T) {
			backend := newMute(t)
			path := filepath.Join(t.TempDir(), "c.toml")
			text := fmt.Sprintf("[process]\ngrace = %q\n[admin]\naddress = \"off\"\n[[listener]]\nname = \"web\"\naddress = \"127.0.0.1:0\"\n"+
				"upstream = \"web\"\n[upstream.web]\ndiscover = \"tcp://%s\"\n[upstream.web.pool]\nlow_watermark = 0\n", c.grace, backend.Addr())
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			signals := make(chan os.Signal, 2)
			started := make(chan Running, 1)
			var log strings.Builder
			code := make(chan int, 1)
			go func() {
				code <- Run(Params{Path: path, Signals: signals, Log: &log, Started: func(r Running) { started <- r }})
			}()
			client, err := net.Dial("tcp", (<-started).Listeners["web"].String())
			if err != nil {
				t.Fatal(err)
			}
			var asking sync.WaitGroup
			asking.Go(func() { insist(client) })
			<-backend.took
			for range c.signals {
				signals <- syscall.SIGTERM
			}
			if got := <-code; got != c.code || strings.Count(log.String(), "were cut") != 1 || !strings.Contains(log.String(), c.want) {
				t.Errorf("code %d, want %d and %q in\n%s", got, c.code, c.want, log.String())
			}
			asking.Wait()
		})
	}
}
