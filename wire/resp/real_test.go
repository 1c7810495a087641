package resp

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startRedis starts a real server and returns its socket's path.
func startRedis(t testing.TB, cluster bool, more ...string) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("needs redis-server: scripts/install.sh redis-server")
	}
	dir, err := os.MkdirTemp("", "resp") // a socket's path has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	args := []string{"--port", "0", "--bind", "127.0.0.1", "--unixsocket", path, "--save", "", "--dir", dir, "--enable-debug-command", "yes"}
	args = append(args, more...)
	if cluster {
		args = append(args, "--cluster-enabled", "yes", "--cluster-port", freePort(t))
	}
	cmd := exec.Command(program, args...)
	var said strings.Builder
	cmd.Stdout = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for end := time.Now().Add(20 * time.Second); ; {
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return path
		}
		if time.Now().After(end) {
			t.Fatalf("redis-server does not listen: %s", said.String())
		}
	}
}

// talk is a connection to a real server.
type talk struct {
	t testing.TB
	c net.Conn
	r *bufio.Reader
}

func dialRedis(t testing.TB, path string) *talk {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return &talk{t, c, bufio.NewReader(c)}
}

// raw sends bytes, and all that comes until the server closes is returned.
func (k *talk) raw(b string) string {
	k.t.Helper()
	io.WriteString(k.c, b)
	k.c.(*net.UnixConn).CloseWrite()
	got, _ := io.ReadAll(k.r)
	return string(got)
}

// do sends a command and returns its reply.
func (k *talk) do(args ...string) []byte {
	k.t.Helper()
	k.c.Write(AppendCommand(nil, args...))
	return k.reply()
}

// reply reads one reply.
func (k *talk) reply() []byte {
	k.t.Helper()
	var w Walker
	w.Start(1 << 30)
	var b []byte
	for {
		c, err := k.r.ReadByte()
		if err != nil {
			k.t.Fatalf("reply ended in %q: %v", b, err)
		}
		b = append(b, c)
		if len(b) < w.Need() && w.Need() > 0 {
			more := make([]byte, w.Need()-len(b))
			if _, err := io.ReadFull(k.r, more); err != nil {
				k.t.Fatal(err)
			}
			b = append(b, more...)
		}
		end, p := w.Walk(b)
		if p == More {
			continue
		}
		if p != nil || end != len(b) {
			k.t.Fatalf("%q: ends at %d of %d, %v", b, end, len(b), p)
		}
		return b
	}
}

// freePort is a port that nothing listens on.
func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}
