// Package zoo runs real ZooKeeper servers for tests: an ensemble of several
// processes that can be killed and started again, a proxy in front of one
// that cuts and stalls, and a crew that changes the members of a serverset. It
// reads no serversets.
package zoo

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

const (
	// jar is where Debian's package libzookeeper-java puts the server. Its
	// manifest names the others that it needs.
	jar = "/usr/share/java/zookeeper.jar"
	// tick is the servers' unit of time in milliseconds. A session lasts two at
	// the least.
	tick = 200
	// Patience is how long an awaited thing may take before the test has
	// failed. Nothing that works waits for it.
	Patience = 60 * time.Second
)

// Ensemble is a number of servers that know each other.
type Ensemble struct {
	t       testing.TB
	java    string
	servers []*server
}

type server struct {
	address string
	conf    string
	log     text
	cmd     *exec.Cmd // nil while it does not run
}

// Start starts n servers on free ports and waits until they serve. They end
// with the test. Without ZooKeeper the test is skipped.
func Start(t testing.TB, n int) *Ensemble {
	t.Helper()
	java, err := exec.LookPath("java")
	if _, jarErr := os.Stat(jar); err != nil || jarErr != nil {
		t.Skip("needs zookeeper: the real servers that members are read from")
	}
	e := &Ensemble{t: t, java: java}
	peers := ""
	for i := range n {
		e.servers = append(e.servers, &server{address: Free(t)})
		if n > 1 {
			_, a, _ := net.SplitHostPort(Free(t))
			_, b, _ := net.SplitHostPort(Free(t))
			peers += fmt.Sprintf("server.%d=127.0.0.1:%s:%s\n", i+1, a, b)
		}
	}
	for i, s := range e.servers {
		dir := t.TempDir()
		host, port, _ := net.SplitHostPort(s.address)
		conf := fmt.Sprintf("tickTime=%d\ninitLimit=100\nsyncLimit=25\nmaxSessionTimeout=60000\nmaxClientCnxns=0\ndataDir=%s\nclientPort=%s\nclientPortAddress=%s\n"+
			"admin.enableServer=false\n4lw.commands.whitelist=*\n%s", tick, dir, port, host, peers)
		s.conf = filepath.Join(dir, "zoo.cfg")
		if err := os.WriteFile(filepath.Join(dir, "myid"), fmt.Appendln(nil, i+1), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.conf, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		e.Up(i)
	}
	t.Cleanup(func() {
		for i := range e.servers {
			e.Kill(i)
		}
	})
	e.Await("all servers serve", func() bool {
		for i := range e.servers {
			if e.mode(i) == "" {
				return false
			}
		}
		return true
	})
	return e
}

// Up starts server i, which was killed, and does not wait for it.
func (e *Ensemble) Up(i int) {
	e.t.Helper()
	s := e.servers[i]
	s.cmd = exec.Command(e.java, "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Dzookeeper.forceSync=no",
		"-cp", jar, "org.apache.zookeeper.server.quorum.QuorumPeerMain", s.conf)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
}

// Kill ends server i at once.
func (e *Ensemble) Kill(i int) {
	s := e.servers[i]
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
	if e.t.Failed() {
		e.t.Logf("zookeeper at %s: %s", s.address, s.log.String())
	}
}

// Addresses are those of the servers for clients.
func (e *Ensemble) Addresses() []string {
	var all []string
	for _, s := range e.servers {
		all = append(all, s.address)
	}
	return all
}

// URI is the zk:// URI of a path of the ensemble.
func (e *Ensemble) URI(path string) string {
	return "zk://" + strings.Join(e.Addresses(), ",") + path
}

// Leader is the number of the server that leads, of the only one if there is
// no other.
func (e *Ensemble) Leader() int {
	e.t.Helper()
	leader := 0
	e.Await("a leader", func() bool {
		for i := range e.servers {
			if m := e.mode(i); m == "leader" || m == "standalone" {
				leader = i
				return true
			}
		}
		return false
	})
	return leader
}

// mode is what server i says it is, "" if it does not serve.
func (e *Ensemble) mode(i int) string {
	_, after, _ := strings.Cut(ask(e.servers[i].address, "srvr"), "Mode: ")
	mode, _, _ := strings.Cut(after, "\n")
	return mode
}

// ask sends one of the four-letter words.
func ask(address, word string) string {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := io.WriteString(c, word); err != nil {
		return ""
	}
	text, _ := io.ReadAll(c)
	return string(text)
}

// Await polls until ok holds.
func (e *Ensemble) Await(what string, ok func() bool) {
	e.t.Helper()
	Await(e.t, what, ok)
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

// Client is a client of the ensemble for the test's own changes, with a session
// that outlives what the test does to the servers.
func (e *Ensemble) Client() *zk.Conn {
	e.t.Helper()
	c, events, err := zk.Connect(e.Addresses(), 50*time.Second, zk.WithLogger(silent{}))
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		c.Close()
		for range events { // until the library's goroutine ends
		}
	})
	return c
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// Make makes a node and those above it.
func (e *Ensemble) Make(c *zk.Conn, path, data string) {
	e.t.Helper()
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		d := ""
		if i == len(path) {
			d = data
		}
		if _, err := c.Create(path[:i], []byte(d), 0, zk.WorldACL(zk.PermAll)); err != nil && err != zk.ErrNodeExists {
			e.t.Fatalf("create %s: %v", path[:i], err)
		}
	}
}

// Free is an address that nobody listens on, from below the ports that systems
// give to clients: a server that is restarted finds its port free.
func Free(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(8000))
		if ln, err := net.Listen("tcp", address); err == nil {
			ln.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// text collects what a process writes.
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
	return s[max(0, len(s)-4096):]
}

// HasSession tells whether the ensemble holds a session of that number,
// written as in "0x1f".
func (e *Ensemble) HasSession(id string) bool {
	// The leader knows all sessions, a follower only its own clients.
	return strings.Contains(ask(e.servers[e.Leader()].address, "dump"), id)
}
