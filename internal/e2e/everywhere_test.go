package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// everywhere is a backend that answers at all of this machine's own addresses,
// so that it can be as many members as a test wants.
type everywhere struct {
	srv  *httptest.Server
	port string

	mu   sync.Mutex
	seen map[string]struct{} // the addresses that requests came to
}

func newEverywhere(t *testing.T) *everywhere {
	t.Helper()
	ln, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &everywhere{seen: map[string]struct{}{}}
	e.srv = &httptest.Server{Listener: ln, Config: &http.Server{Handler: e}}
	e.srv.Start()
	t.Cleanup(e.srv.Close)
	_, e.port, _ = net.SplitHostPort(ln.Addr().String())
	return e
}

func (e *everywhere) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	at := r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen[at] = struct{}{}
}

// address is one of them, another for each number from 0 to 59999.
func (e *everywhere) address(n int) string {
	return fmt.Sprintf("127.9.%d.%d:%s", n/250, n%250+1, e.port)
}

// reached is how many addresses had a request.
func (e *everywhere) reached() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.seen)
}
