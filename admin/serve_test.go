package admin

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// serving serves a's full handler on l until stop is called, which gives what
// Serve returned.
func serving(a *Admin, l net.Listener) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx, l, a.Handler()) }()
	return func() error {
		cancel()
		return <-done
	}
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func fetch(t *testing.T, l net.Listener, path, host string) (int, string) {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, l.Addr().Network(), l.Addr().String())
	}}
	r, err := http.NewRequest("GET", "http://"+host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServesOnTheAddressItIsBoundTo(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	stop := serving(small(), l)
	for host, want := range map[string]int{l.Addr().String(): 200, "localhost": 200, "rebound.example": 403} {
		if code, body := fetch(t, l, "/ready", host); code != want {
			t.Errorf("%s: %d %s", host, code, body)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the socket is still open")
	}
}

func TestServesOnASocketFile(t *testing.T) {
	l := listen(t, "unix", filepath.Join(t.TempDir(), "s"))
	stop := serving(small(), l)
	if code, body := fetch(t, l, "/ready", "any.example"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestShutdownWaitsForAnswersUnderWay(t *testing.T) {
	begun, finish := make(chan bool), make(chan bool)
	page := Page{Path: "/slow", Help: "x", Kind: Text, Get: func(w io.Writer, _ url.Values) error {
		close(begun)
		<-finish
		_, err := io.WriteString(w, "whole")
		return err
	}}
	l := listen(t, "tcp", "127.0.0.1:0")
	stop := serving(small(page), l)
	got, stopped := make(chan string, 1), make(chan error, 1)
	go func() {
		_, body := fetch(t, l, "/slow", l.Addr().String())
		got <- body
	}()
	<-begun
	go func() { stopped <- stop() }()
	close(finish)
	if body := <-got; body != "whole" {
		t.Errorf("got %q", body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestServeTellsWhyASocketFailed(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	l.Close()
	if err := small().Serve(context.Background(), l, http.NotFoundHandler()); err == nil || !strings.HasPrefix(err.Error(), "admin: serve") {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsBeyondTheLimitAreClosed(t *testing.T) {
	l := &limited{Listener: listen(t, "tcp", "127.0.0.1:0"), free: 1}
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := dial()
	defer first.Close()
	held := <-accepted
	second := dial()
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("a connection beyond the limit was not closed")
	}
	second.Close()
	held.Close()
	held.Close() // gives its place back once only
	third := dial()
	defer third.Close()
	c := <-accepted
	if l.take() {
		t.Error("a place was given back twice")
	}
	c.Close()
	l.Close()
	<-accepted
}

func TestHeadersAreBounded(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	stop := serving(small(), l)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /ready HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", maxHeader+8192)+"\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "HTTP/1.1 431" {
		t.Errorf("%q %v", answer, err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
