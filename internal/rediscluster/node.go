package rediscluster

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is how long an awaited thing may take before the test has failed.
// Nothing that works waits for it.
const Patience = 60 * time.Second

// Params are what servers have in common.
type Params struct {
	Password string   // of clients and between the servers, "" is none
	Args     []string // further ones for each redis-server
}

// Node is one server.
type Node struct {
	Address string // "127.0.0.1:port"

	t        testing.TB
	password string
	args     []string
	log      text
	mu       sync.Mutex
	cmd      *exec.Cmd // nil while it does not run; guarded by mu
}

// Server starts a server that knows no other.
func Server(t testing.TB, p Params) *Node {
	t.Helper()
	n := newNode(t, p)
	n.Up()
	n.await()
	return n
}

// newNode makes a server that does not run yet.
func newNode(t testing.TB, p Params, args ...string) *Node {
	t.Helper()
	n := &Node{Address: Free(t), t: t, password: p.Password}
	_, port, _ := net.SplitHostPort(n.Address)
	n.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(), "--repl-diskless-sync-delay", "0"}, args...)
	if p.Password != "" {
		n.args = append(n.args, "--requirepass", p.Password, "--masterauth", p.Password)
	}
	n.args = append(n.args, p.Args...)
	t.Cleanup(n.stop)
	return n
}

// Up starts the server, which does not run, and does not wait for it.
func (n *Node) Up() {
	n.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		n.t.Skip("needs redis-server: the real servers that are spoken to")
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cmd = exec.CommandContext(context.Background(), program, n.args...) //nolint:gosec // G204: a program and arguments of the test's own
	n.cmd.Stdout, n.cmd.Stderr = &n.log, &n.log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
}

// Kill ends the server at once, as a crash does.
func (n *Node) Kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
	n.cmd = nil
}

// Running tells whether the server has been started and not killed since.
func (n *Node) Running() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cmd != nil
}

func (n *Node) stop() {
	n.Kill()
	if n.t.Failed() {
		n.t.Logf("redis at %s: %s", n.Address, n.log.String())
	}
}

// Do sends one command over a connection of its own; see Conn.Do.
func (n *Node) Do(args ...string) (any, error) {
	c, err := Dial(n.Address, n.password)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Do(args...)
}

// Must is Do whose error ends the test.
func (n *Node) Must(args ...string) any {
	n.t.Helper()
	reply, err := n.Do(args...)
	if err != nil {
		n.t.Fatalf("%s: %s: %v", n.Address, strings.Join(args, " "), err)
	}
	return reply
}

// Info is one field of what INFO tells, "" if the server does not answer.
func (n *Node) Info(section, field string) string {
	reply, _ := n.Do("INFO", section)
	text, _ := reply.(string)
	_, after, _ := strings.Cut(text, "\n"+field+":")
	value, _, _ := strings.Cut(after, "\r")
	return value
}

func (n *Node) await() {
	n.t.Helper()
	Await(n.t, n.Address+" answers", func() bool {
		reply, _ := n.Do("PING")
		return reply == "PONG"
	})
}

// Await polls until ok holds.
func Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited %v for: %s", Patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Addresses are those of the servers.
func Addresses(nodes []*Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Address)
	}
	return all
}

// Free is an address that nobody listens on, from below the ports that systems
// give to clients: a server that is restarted finds its port free.
func Free(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000))
		if ln, err := net.Listen("tcp", address); err == nil {
			ln.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// file writes a file of a server into a directory of the test's and returns its
// path.
func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// text collects what a process writes, of which the end is of interest.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	return s[max(0, len(s)-1024):]
}
