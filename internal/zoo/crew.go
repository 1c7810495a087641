package zoo

import (
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/go-zookeeper/zk"
)

// Crew changes the members of a path. Their names are the crew's own: a request
// whose answer was lost is made again and leaves no second member.
type Crew struct {
	t    testing.TB
	c    *zk.Conn
	path string

	mu   sync.Mutex
	next int
}

// NewCrew makes the path and the crew's own session, with which its members go.
func (e *Ensemble) NewCrew(path string) *Crew {
	e.t.Helper()
	c := &Crew{t: e.t, c: e.Client(), path: path}
	e.Make(c.c, path, "")
	return c
}

// Add adds a member as Finagle writes them and returns its node, "" when the
// test has failed. Any goroutine may call it.
func (c *Crew) Add(address string) string {
	c.mu.Lock()
	c.next++
	node := fmt.Sprintf("%s/member_%010d", c.path, c.next)
	c.mu.Unlock()
	host, port, _ := net.SplitHostPort(address)
	data := fmt.Sprintf(`{"serviceEndpoint":{"host":%q,"port":%s},"additionalEndpoints":{},"status":"ALIVE"}`, host, port)
	for {
		_, err := c.c.Create(node, []byte(data), zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
		if err == nil || err == zk.ErrNodeExists {
			return node
		}
		if !passing(err) {
			c.t.Errorf("add %s: %v", address, err)
			return ""
		}
	}
}

// Remove removes a member. Any goroutine may call it.
func (c *Crew) Remove(node string) {
	for {
		err := c.c.Delete(node, -1)
		if err == nil || err == zk.ErrNoNode {
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
	return err == zk.ErrConnectionClosed || err == zk.ErrNoServer || err == zk.ErrSessionMoved
}
