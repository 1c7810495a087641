package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// maxIdleBytes is the resident memory that an idle connection may cost.
const maxIdleBytes = 3 << 10

// Idle connections cost no goroutine and little memory, are served again when
// a request comes, and are closed at their limit. 3,000 of them; 9,000, or as
// many as descriptors allow, with SIDECAR_CONFORMANCE=1.
func TestIdleConnectionsConformance(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	n := 3000
	if conformance() {
		n = 9000
	}
	n = min(n, int(limit.Max)-500)
	b := newBackend(t)
	c := conf{discover: b.address(), listener: `idle_timeout = "300s"`}
	p := start(t, built(t), c)
	crowd := &crowd{t: t, address: p.port}
	defer crowd.close()
	crowd.grow(1) // what the process takes once
	p.parked(1)
	goroutines, before := p.admin.scraped("go_goroutines"), rss(t, p.cmd.Process.Pid)

	crowd.grow(n)
	p.parked(1 + n)
	// The buffers and stacks of the crowd's requests go back to the system
	// some seconds after the last has been parked.
	var each int
	settle := time.Now().Add(20 * time.Second)
	for {
		each = (rss(t, p.cmd.Process.Pid) - before) / n
		if each <= maxIdleBytes || time.Now().After(settle) {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	after := p.admin.scraped("go_goroutines")
	t.Logf("%d idle connections (descriptor limit %d): %d bytes of resident memory each, goroutines %.0f before and %.0f after",
		n, limit.Max, each, goroutines, after)
	if each > maxIdleBytes {
		t.Errorf("%d bytes for each idle connection, want at most %d", each, maxIdleBytes)
	}
	if after > goroutines+20 {
		t.Errorf("goroutines grew from %.0f to %.0f", goroutines, after)
	}

	c.listener = `idle_timeout = "3s"`
	p.reload(c, "configuration reloaded")
	crowd.ask()
	crowd.ended()
	await(t, "all connections closed", func() bool { return p.admin.sum("sidecar.listener.connections", "") == 0 })
	if parked := p.admin.sum("sidecar.listener.parked", ""); parked != 0 {
		t.Errorf("%v parked of no connections", parked)
	}
}

// parked waits until n connections are parked.
func (p *proc) parked(n int) {
	p.t.Helper()
	await(p.t, fmt.Sprintf("%d parked connections", n), func() bool { return p.admin.sum("sidecar.listener.parked", "") == float64(n) })
}

// rss is the resident memory of a process in bytes.
func rss(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("needs /proc: the resident memory of a process: ", err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmRSS in %s", text)
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// crowd is many connections with little traffic.
type crowd struct {
	t       *testing.T
	address string
	conns   []net.Conn
}

// width is how many of them ask at once.
const width = 32

// grow opens n more connections; each makes a request.
func (c *crowd) grow(n int) {
	c.t.Helper()
	for range n {
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			c.t.Fatalf("connection %d: %v", len(c.conns), err)
		}
		c.conns = append(c.conns, conn)
		if err := ask(conn); err != nil {
			c.t.Fatalf("connection %d: %v", len(c.conns), err)
		}
	}
}

// ask makes a request on every connection.
func (c *crowd) ask() {
	c.t.Helper()
	c.each(ask)
}

// ended waits for the end of every connection.
func (c *crowd) ended() {
	c.t.Helper()
	c.each(func(conn net.Conn) error {
		conn.SetReadDeadline(time.Now().Add(patience))
		n, err := conn.Read(make([]byte, 64))
		if n == 0 && err == io.EOF {
			return nil
		}
		return fmt.Errorf("want the end, got %d bytes: %w", n, err)
	})
}

func (c *crowd) each(do func(net.Conn) error) {
	var wg sync.WaitGroup
	for part := range width {
		wg.Go(func() {
			for i := part; i < len(c.conns); i += width {
				if err := do(c.conns[i]); err != nil {
					c.t.Errorf("connection %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

func (c *crowd) close() {
	for _, conn := range c.conns {
		conn.Close()
	}
}

// ask makes a request whose answer is short.
func ask(conn net.Conn) error {
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: e2e\r\n\r\n"); err != nil {
		return err
	}
	var got [1024]byte
	n := 0
	for !bytes.HasSuffix(got[:n], []byte("answer to /")) {
		m, err := conn.Read(got[n:])
		if err != nil {
			return fmt.Errorf("after %q: %w", got[:n], err)
		}
		n += m
	}
	if !strings.HasPrefix(string(got[:n]), "HTTP/1.1 200") {
		return fmt.Errorf("got %q", got[:n])
	}
	return nil
}
