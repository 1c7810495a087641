package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// redisServer starts a real one. What it has executed is known of reads by
// MONITOR, and of writes by its log of them, which is written before replies are.
func redisServer(t testing.TB) *server {
	t.Helper()
	s, dir := redisCommand(t), t.TempDir()
	s.args = append(s.args, "--dir", dir, "--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0")
	s.start()
	m := monitor(t, s.address)
	s.executed = func() map[string]int { return m.executed(filepath.Join(dir, "appendonlydir")) }
	t.Cleanup(func() {
		s.kill()
		m.work.Wait()
		if t.Failed() {
			t.Logf("redis-server at %s: %s", s.address, clip(s.log.String()))
		}
	})
	return s
}

// redisCommand is one on a free port that is not started yet, and forgets all at
// its end.
func redisCommand(t testing.TB) *server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("needs redis-server: scripts/install.sh redis-server")
	}
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	return &server{t: t, address: address, program: program, args: []string{"--bind", "127.0.0.1", "--port", port, "--save", ""}}
}

// monitored is what a server says of the commands that it executes.
type monitored struct {
	t    testing.TB
	work sync.WaitGroup
	mu   sync.Mutex
	keys map[string]int // of GET
}

func monitor(t testing.TB, address string) *monitored {
	t.Helper()
	m := &monitored{t: t, keys: map[string]int{}}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "MONITOR\r\n")
	m.work.Go(func() {
		defer c.Close()
		in := bufio.NewScanner(c)
		in.Buffer(nil, 1<<20)
		for in.Scan() { // until the server ends
			if parts := strings.Split(in.Text(), `"`); len(parts) > 3 && strings.EqualFold(parts[1], "get") {
				m.mu.Lock()
				m.keys[parts[3]]++
				m.mu.Unlock()
			}
		}
	})
	return m
}

var writeID = regexp.MustCompile(`\nwrite-\d+-\d+\r`)

func (m *monitored) executed(dir string) map[string]int {
	m.mu.Lock()
	ids := make(map[string]int, len(m.keys))
	for key, n := range m.keys {
		ids[key] = n
	}
	m.mu.Unlock()
	out, err := exec.Command("sh", "-c", `cat "$0"/*.incr.aof`, dir).Output()
	if err != nil {
		m.t.Error(err)
	}
	for _, id := range writeID.FindAll(out, -1) {
		ids[strings.TrimSpace(string(id))]++
	}
	return ids
}

// redisClient speaks RESP over one connection, which it dials anew when it has
// ended. It is not the sidecar's own codec.
type redisClient struct {
	address string
	first   []string // commands that begin each connection
	conn    net.Conn
	in      *bufio.Reader
}

func (c *redisClient) open() bool { return c.conn != nil }

func (c *redisClient) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *redisClient) dial() error {
	if c.conn != nil {
		return nil
	}
	network, address := "tcp", c.address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		return err
	}
	c.conn, c.in = conn, bufio.NewReaderSize(conn, 64<<10)
	for _, line := range c.first {
		if v, err := c.cmd(strings.Fields(line)...); err != nil {
			return err
		} else if bad, is := v.(error); is {
			return bad
		}
	}
	return nil
}

func (c *redisClient) do(q query) result {
	if err := c.dial(); err != nil {
		return result{err: err}
	}
	key := q.id
	if path := strings.TrimPrefix(q.path, "/"); path != "" {
		key = "/" + path + ":" + q.id
	}
	words := []string{"GET", key}
	if q.write {
		words = []string{"SET", key, strings.Repeat("x", 1024)}
	}
	v, err := c.cmd(words...)
	if err != nil {
		return result{err: err, dialled: true}
	}
	told, is := v.(error)
	if !is {
		return result{status: 200, body: fmt.Sprint(v)}
	}
	r := result{status: 500, body: told.Error()}
	if text, own := strings.CutPrefix(told.Error(), "ERR sidecar: "); own {
		r.reason, _, _ = strings.Cut(text, " ")
		if at := strings.LastIndex(text, "(attempts: "); at >= 0 {
			fmt.Sscanf(text[at:], "(attempts: %d", &r.attempts)
		}
	}
	return r
}

// cmd sends one command and reads its reply; an error reply is a value.
func (c *redisClient) cmd(words ...string) (any, error) {
	if err := c.send(wireOf(words...)); err != nil {
		return nil, err
	}
	return c.reply()
}

// send sends bytes.
func (c *redisClient) send(text string) error {
	if err := c.dial(); err != nil {
		return err
	}
	c.conn.SetDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c.conn, text)
	if err != nil {
		c.close()
	}
	return err
}

// reply reads one.
func (c *redisClient) reply() (any, error) {
	v, err := readReply(c.in)
	if err != nil {
		c.close()
	}
	return v, err
}

// wireOf is one command as clients send it.
func wireOf(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

// readReply reads a reply of RESP2 or RESP3: nil, a string, a number, a list, or
// an error that the server has told.
func readReply(in *bufio.Reader) (any, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 {
		return nil, fmt.Errorf("no reply: %q", line)
	}
	kind, text := line[0], strings.TrimSuffix(line[1:], "\r\n")
	switch kind {
	case '+':
		return text, nil
	case '-':
		return errors.New(text), nil
	case ':':
		return strconv.Atoi(text)
	case '_':
		return nil, nil
	case '$', '*', '%', '~', '>':
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("no length: %q", line)
		}
		return readRest(in, kind, n)
	}
	return nil, fmt.Errorf("no reply: %q", line)
}

func readRest(in *bufio.Reader, kind byte, n int) (any, error) {
	if n < 0 {
		return nil, nil
	}
	if kind == '$' {
		b := make([]byte, n+2)
		_, err := io.ReadFull(in, b)
		return string(b[:n]), err
	}
	if kind == '%' {
		n *= 2
	}
	list := make([]any, n)
	for i := range list {
		var err error
		if list[i], err = readReply(in); err != nil {
			return nil, err
		}
	}
	return list, nil
}
