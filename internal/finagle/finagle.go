// Package finagle runs real Finagle servers and clients for tests: ThriftMux as
// its authors built it, from Maven Central. It knows nothing of the sidecar.
// Tests that use it have the build tag conformance: nothing that make test runs
// may need a download of that kind.
package finagle

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed peer
var source embed.FS

// patience is how long an awaited thing may take before the test has failed.
// Nothing that works waits for it: a JVM on a busy machine takes seconds.
const patience = 90 * time.Second

// build makes the peer's classes once a version and returns its class path.
// Tests in several processes may build at once: what is whole is renamed.
func build(t testing.TB) string {
	t.Helper()
	for _, program := range []string{"mvn", "javac", "java"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: the real Finagle is built with it", program)
		}
	}
	pom, _ := source.ReadFile("peer/pom.xml")
	java, _ := source.ReadFile("peer/Peer.java")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(append(pom, java...))
	dir := filepath.Join(cache, "sidecar-conformance", fmt.Sprintf("finagle-%x", sum[:6]))
	if _, err := os.Stat(dir); err != nil {
		made := dir + "-" + strconv.Itoa(os.Getpid())
		if err := os.MkdirAll(filepath.Join(made, "classes"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(made, "pom.xml"), pom)
		write(t, filepath.Join(made, "Peer.java"), java)
		run(t, made, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
		run(t, made, "javac", "-cp", "lib/*", "-d", "classes", "Peer.java")
		if err := os.Rename(made, dir); err != nil {
			_ = os.RemoveAll(made) // another was faster
		}
	}
	return filepath.Join(dir, "classes") + ":" + filepath.Join(dir, "lib", "*")
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// peer is one process.
type peer struct {
	t     testing.TB
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // what it says, but for what Java's libraries log
	ended sync.Once
}

// maxLines is how many lines of a peer may be unread.
const maxLines = 10_000

// start runs the peer; maxFrame cuts what is longer into fragments, 0 never.
func start(t testing.TB, maxFrame int, args ...string) *peer {
	t.Helper()
	path := build(t)
	java := []string{"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"}
	if maxFrame > 0 {
		java = append(java, "-Dmax.frame="+strconv.Itoa(maxFrame))
	}
	p := &peer{t: t, lines: make(chan string, maxLines)}
	p.cmd = exec.Command("java", append(append(java, "-cp", path, "Peer"), args...)...)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(p.end)
	return p
}

// end kills the process and waits for its reader.
func (p *peer) end() {
	p.ended.Do(func() {
		_ = p.cmd.Process.Kill()
		for range p.lines {
		}
		_ = p.cmd.Wait()
	})
}

// await is the rest of the next line that begins with the word.
func (p *peer) await(word string) string {
	p.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("finagle ended without %q", word)
			}
			if rest, found := strings.CutPrefix(line, word); found {
				return strings.TrimSpace(rest)
			}
		case <-limit.C:
			p.t.Fatalf("waited %v for %q of finagle", patience, word)
		}
	}
}

func (p *peer) tell(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatalf("finagle: %v", err)
	}
}

// Server is a ThriftMux server: echo, slow, nack, never, as Peer.java tells.
type Server struct {
	*peer
	Address string
}

// NewServer starts one on a free port, or on that of address if it is not "".
func NewServer(t testing.TB, address string, maxFrame int) *Server {
	t.Helper()
	port := "0"
	if address != "" {
		_, port, _ = net.SplitHostPort(address)
	}
	p := start(t, maxFrame, "server", port)
	return &Server{p, "127.0.0.1:" + p.await("ready")}
}

// Drain closes it in good order and returns how many calls it served.
func (s *Server) Drain() int {
	s.t.Helper()
	s.tell("drain")
	n, err := strconv.Atoi(s.await("drained"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.end()
	return n
}

// Kill ends it at once.
func (s *Server) Kill() { s.end() }

// AwaitDiscarded returns when a caller has given a call up.
func (s *Server) AwaitDiscarded() { s.t.Helper(); s.await("discarded") }

// Client is a ThriftMux client.
type Client struct{ *peer }

// NewClient starts one that calls address.
func NewClient(t testing.TB, address string, maxFrame int) *Client {
	t.Helper()
	p := start(t, maxFrame, "client", address)
	p.await("ready")
	return &Client{p}
}

// Call calls method count times, at of them at once, with value (xN: N letters
// and the number of the call). It returns how many were answered right, how
// many were not, and why.
func (c *Client) Call(method string, count, at int, value string) (ok, bad int, errors string) {
	c.t.Helper()
	c.Begin(method, count, at, value)
	return c.End()
}

// Begin begins calls, End waits for them.
func (c *Client) Begin(method string, count, at int, value string) {
	c.t.Helper()
	c.tell(fmt.Sprintf("%s %d %d %s", method, count, at, value))
}

// End waits for what Begin began.
func (c *Client) End() (ok, bad int, errors string) {
	c.t.Helper()
	line := c.await("done")
	if _, err := fmt.Sscanf(line, "ok=%d bad=%d", &ok, &bad); err != nil {
		c.t.Fatalf("finagle said %q", line)
	}
	if _, after, found := strings.Cut(line, "{"); found {
		errors = strings.TrimSuffix(after, "}")
	}
	return ok, bad, errors
}
