package e2e

import (
	"net"
	"strings"
	"testing"
	"time"
)

// waiting starts a request to /path over a connection of its own.
func waiting(t *testing.T, p *proc, b *backend, path string) *httpClient {
	t.Helper()
	c := &httpClient{address: p.port}
	if err := c.dial(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	before := b.begun.Load()
	c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: e2e\r\nX-Request-Id: " + t.Name() + "\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	await(t, "the request at the backend", func() bool { return b.begun.Load() > before })
	return c
}

// cancelled waits until the backend has lost its caller and /why says so.
func cancelled(t *testing.T, p *proc, b *backend, since time.Time) {
	t.Helper()
	select {
	case at := <-b.gone:
		t.Logf("the backend's connection was closed %v after the client's", at.Sub(since).Round(time.Millisecond))
	case <-time.After(patience):
		t.Fatal("the backend's connection stays open")
	}
	await(t, "client_gone in /why", func() bool { return len(p.admin.why("reason=client_gone")) == 1 })
	if r := p.admin.rows()[0]; r.Breaker.State != "healthy" || r.Pool.Size != 0 || r.Pending != 0 {
		t.Errorf("endpoint: %+v, want nothing under way, no connection and no blame", r)
	}
}

func TestResetOfAClientEndsItsRequest(t *testing.T) {
	b := newBackend(t)
	p := start(t, "", conf{discover: b.address()})
	c := waiting(t, p, b, "/hang")
	c.conn.(*net.TCPConn).SetLinger(0)
	since := time.Now()
	c.close()
	cancelled(t, p, b, since)
}

func TestHalfCloseOfAClientStillGetsItsReply(t *testing.T) {
	b := newBackend(t)
	p := start(t, "", conf{discover: b.address()})
	c := waiting(t, p, b, "/slow")
	c.conn.(*net.TCPConn).CloseWrite()
	if r := c.reply(); r.failure() != "" || r.body != "answer to /slow" {
		t.Errorf("got %+v", r)
	}
}

func TestHalfCloseEndsTheRequestIfConfigured(t *testing.T) {
	b := newBackend(t)
	p := start(t, "", conf{discover: b.address(), listener: `half_close = "cancel"`})
	c := waiting(t, p, b, "/hang")
	since := time.Now()
	c.conn.(*net.TCPConn).CloseWrite()
	cancelled(t, p, b, since)
}

// A client that half-closed and then goes away for good is seen, too.
func TestResetAfterAHalfCloseEndsTheRequest(t *testing.T) {
	b := newBackend(t)
	p := start(t, "", conf{discover: b.address()})
	c := waiting(t, p, b, "/hang")
	c.conn.(*net.TCPConn).CloseWrite()
	time.Sleep(200 * time.Millisecond) // the FIN is seen after 50 ms
	c.conn.(*net.TCPConn).SetLinger(0)
	since := time.Now()
	c.close()
	if strings.Contains(p.log.String(), "client_gone") || len(p.admin.why("reason=client_gone")) > 1 {
		t.Error("the half-close alone ended the request")
	}
	cancelled(t, p, b, since)
}
