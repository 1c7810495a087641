package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	zklib "github.com/go-zookeeper/zk"

	"sidecar/internal/zoo"
)

// crew changes the members of a path. Their names are the crew's own: a request
// whose answer was lost is made again and leaves no second member.
type crew struct {
	t    *testing.T
	c    *zklib.Conn
	path string

	mu   sync.Mutex
	next int
}

func newCrew(t *testing.T, e *zoo.Ensemble, path string) *crew {
	c := &crew{t: t, c: e.Client(), path: path}
	e.Make(c.c, path, "")
	return c
}

// add adds a member and returns its node, "" when the test has failed. Any
// goroutine may call it.
func (c *crew) add(address string) string {
	c.mu.Lock()
	c.next++
	node := fmt.Sprintf("%s/member_%010d", c.path, c.next)
	c.mu.Unlock()
	host, port, _ := net.SplitHostPort(address)
	data := fmt.Sprintf(`{"serviceEndpoint":{"host":%q,"port":%s},"additionalEndpoints":{},"status":"ALIVE"}`, host, port)
	for {
		_, err := c.c.Create(node, []byte(data), zklib.FlagEphemeral, zklib.WorldACL(zklib.PermAll))
		if err == nil || err == zklib.ErrNodeExists {
			return node
		}
		if !passing(err) {
			c.t.Errorf("add %s: %v", address, err)
			return ""
		}
	}
}

// remove removes a member. Any goroutine may call it.
func (c *crew) remove(node string) {
	for {
		err := c.c.Delete(node, -1)
		if err == nil || err == zklib.ErrNoNode {
			return
		}
		if !passing(err) {
			c.t.Errorf("remove %s: %v", node, err)
			return
		}
	}
}

// passing tells of errors that an ensemble in trouble gives.
func passing(err error) bool {
	return err == zklib.ErrConnectionClosed || err == zklib.ErrNoServer || err == zklib.ErrSessionMoved
}

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
