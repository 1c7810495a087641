package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// slowTime is how long the backend of Go takes for a slow request.
const slowTime = 300 * time.Millisecond

// backend is an HTTP server of Go in the test's own process, for what a real
// server cannot be made to do: to take its time, and to tell that its caller
// is gone.
type backend struct {
	*httptest.Server
	begun, done atomic.Int64
	gone        chan time.Time // when a request to /hang lost its caller
}

// newBackend answers /slow after slowTime, /hang never, anything else at once.
func newBackend(t testing.TB) *backend { return newBackendAt(t, "127.0.0.1:0") }

// newBackendAt is newBackend at an address.
func newBackendAt(t testing.TB, address string) *backend {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{gone: make(chan time.Time, 64)}
	b.Server = &httptest.Server{Listener: ln, Config: &http.Server{Handler: http.HandlerFunc(b.serve)}}
	b.Start()
	t.Cleanup(b.Close)
	return b
}

func (b *backend) address() string { return strings.TrimPrefix(b.URL, "http://") }

func (b *backend) serve(w http.ResponseWriter, r *http.Request) {
	b.begun.Add(1)
	defer b.done.Add(1)
	io.Copy(io.Discard, r.Body)
	switch r.URL.Path {
	case "/slow":
		time.Sleep(slowTime)
	case "/hang":
		<-r.Context().Done()
		b.gone <- time.Now()
		return
	}
	io.WriteString(w, "answer to "+r.URL.Path)
}
