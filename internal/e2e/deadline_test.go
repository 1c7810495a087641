package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A client that says how long it waits gets its answer, or none, by then; the
// backend is told what is left; and what would have been is counted in the dark.
func TestClientsOwnDeadline(t *testing.T) {
	var asked atomic.Int64
	last := make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		last <- r.Header.Get("Grpc-Timeout") + "|" + r.Header.Get("X-Request-Timeout")
		if r.URL.Path == "/slow" {
			time.Sleep(slowTime)
		}
	}))
	defer srv.Close()
	mode := func(mode string) conf {
		return conf{discover: strings.TrimPrefix(srv.URL, "http://"), upstream: fmt.Sprintf("client_deadline = %q", mode)}
	}
	p := start(t, "", mode("on"))
	c := &httpClient{address: p.port}
	defer c.close()
	ask := func(path, fields string) result {
		return c.raw("GET " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n")
	}
	if r := ask("/slow", "X-Request-Timeout: 50ms\r\n"); r.status != 504 || r.reason != "deadline" {
		t.Errorf("on, 50ms of %v: %+v", slowTime, r)
	}
	var left int
	<-last
	if r := ask("/slow", "grpc-timeout: 5S\r\n"); r.failure() != "" {
		t.Errorf("on, 5s: %+v", r)
	}
	if _, err := fmt.Sscanf(<-last, "%du|", &left); err != nil || left <= 0 || left > 5_000_000 {
		t.Errorf("the backend was told of %d us: %v", left, err)
	}
	before := asked.Load()
	if r := ask("/", "grpc-timeout: 0m\r\n"); r.status != 504 || r.reason != "deadline" || asked.Load() != before {
		t.Errorf("on, nothing left: %+v, sent %d times", r, asked.Load()-before)
	}
	if r := ask("/", "grpc-timeout: 5s\r\n"); r.failure() != "" {
		t.Errorf("malformed: %+v", r)
	}
	if got := <-last; got != "5s|" {
		t.Errorf("malformed, the backend got %q", got)
	}
	counted := func(want string) {
		t.Helper()
		got := ""
		for _, name := range []string{"deadline.shortened", "deadline.expired", "deadline.dark_shortened", "deadline.dark_expired", "listener.malformed_deadlines"} {
			got += fmt.Sprint(p.admin.sum("sidecar."+name, ""), " ")
		}
		if got != want {
			t.Errorf("shortened, expired, the same in the dark, malformed: %s, want %s", got, want)
		}
	}
	counted("2 1 0 0 1 ")
	await(t, "the record", func() bool { return len(p.admin.why("reason=deadline")) == 2 })
	if all := p.admin.why("reason=deadline"); len(all) != 2 || all[1].Asked != 50 || len(all[0].Tries) != 0 {
		t.Errorf("/why: %+v", all)
	}
	p.reload(mode("dark"), "configuration reloaded")
	if r := ask("/slow", "X-Request-Timeout: 50ms\r\n"); r.failure() != "" {
		t.Errorf("dark: %+v", r)
	}
	if got := <-last; got != "|50ms" {
		t.Errorf("dark, the backend got %q", got)
	}
	if r := ask("/", "grpc-timeout: 0m\r\n"); r.failure() != "" {
		t.Errorf("dark, nothing left: %+v", r)
	}
	<-last
	counted("2 1 1 1 1 ")
	p.reload(mode("off"), "configuration reloaded")
	if r := ask("/slow", "X-Request-Timeout: 50ms\r\n"); r.failure() != "" || <-last != "|50ms" {
		t.Errorf("off: %+v", r)
	}
	counted("2 1 1 1 1 ")
	p.signal(syscall.SIGTERM)
	p.wait()
}
