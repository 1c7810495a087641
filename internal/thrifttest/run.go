package thrifttest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a server may take to listen and a client to be done.
// Nothing that works waits for it.
const patience = 60 * time.Second

// Server starts a ThriftTest server of a language ("python" or "node") and
// returns its address. It ends with the test.
func (k *Kit) Server(t testing.TB, language string, s Speech) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	var cmd *exec.Cmd
	switch language {
	case "python":
		args := append([]string{"TestServer.py", "--genpydir=" + k.path("gen-py")}, s.args(port)...)
		cmd = k.command(context.Background(), "py", "python3", append(args, "TThreadPoolServer")...)
	case "node":
		cmd = k.command(context.Background(), "node/test", "node", append([]string{"server.mjs"}, s.args(port)...)...)
	default:
		t.Fatalf("no server in %q", language)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(patience); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return address
		}
		if time.Now().After(end) {
			t.Fatalf("the %s server does not listen: %v", language, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Client runs the whole ThriftTest of a language ("python", "java", "node")
// against address and tells what failed.
func (k *Kit) Client(language string, s Speech, address string) error {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var cmd *exec.Cmd
	switch language {
	case "python":
		cmd = k.command(ctx, "py", "python3", append([]string{"TestClient.py", "--host=127.0.0.1", "--genpydir=" + k.path("gen-py")}, s.args(port)...)...)
	case "java":
		cmd = k.command(ctx, "", "java", append([]string{"-cp", "classes:lib/*", "org.apache.thrift.test.TestClient", "--host=127.0.0.1"}, s.args(port)...)...)
	case "node":
		cmd = k.command(ctx, "node/test", "node", append([]string{"client.mjs", "--host=127.0.0.1"}, s.args(port)...)...)
	default:
		return fmt.Errorf("no client in %q", language)
	}
	out, err := cmd.CombinedOutput()
	if err == nil && (strings.Contains(string(out), "\nnot ok ") || strings.Contains(string(out), "FAILURE")) {
		err = fmt.Errorf("told failures")
	}
	if err != nil {
		return fmt.Errorf("%s client: %w\n%s", language, err, out[max(0, len(out)-3000):])
	}
	return nil
}

func (k *Kit) command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = k.path(dir)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+k.path("pylib")+":"+k.path("gen-py"))
	return cmd
}
