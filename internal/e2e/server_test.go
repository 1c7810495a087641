package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a real server in a process group of its own: signals to the group
// reach its workers too, which go on serving when only their parent dies.
type server struct {
	t       testing.TB
	address string
	second  string // another address, where its configuration uses it
	program string
	args    []string
	log     logText
	cmd     *exec.Cmd // nil while it does not run
	// executed counts the requests with an id that the server has finished, by
	// id.
	executed func() map[string]int
}

// start starts the server and waits until it takes connections.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.program, s.args...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	await(s.t, s.program+" at "+s.address, func() bool {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// group signals all processes of the server.
func (s *server) group(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(-s.cmd.Process.Pid, sig); err != nil {
		s.t.Errorf("%s: %v: %v", s.program, sig, err)
	}
}

// kill ends all processes of the server at once.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	s.group(syscall.SIGKILL)
	s.cmd.Wait()
	s.cmd = nil
}

// freeAddress is one that nobody listens on, from below the ports that systems
// give to clients: a server that is restarted finds its port free.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if ln, err := net.Listen("tcp", addr); err == nil {
			ln.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// nginx starts one that answers every request with a KiB of text, and logs each
// by its id as soon as it is done. http is further lines of its http section, in
// which SECOND stands for the server's second address.
func nginx(t testing.TB, http string) *server {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip("needs nginx: the real server behind the sidecar")
		}
	}
	dir, address, second := t.TempDir(), freeAddress(t), freeAddress(t)
	http = strings.ReplaceAll(http, "SECOND", second)
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // its directory is the test's
	}
	text := fmt.Sprintf(`%sdaemon off;
worker_processes 1;
pid %[2]s/pid;
error_log %[2]s/error.log;
events { worker_connections 4096; }
http {
	log_format ids '$arg_id $status';
	access_log %[2]s/access.log ids;
	client_body_temp_path %[2]s/body;
	proxy_temp_path %[2]s/proxy;
	fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi;
	scgi_temp_path %[2]s/scgi;
	default_type text/plain;
	keepalive_requests 1000000;
	%[4]s
	server {
		listen %[3]s backlog=1024;
		location / { return 200 "%[5]s"; }
	}
}
`, user, dir, address, http, strings.Repeat("0123456789abcdef", 64))
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, address: address, second: second, program: program, args: []string{"-c", path, "-e", dir + "/error.log", "-p", dir}}
	s.executed = func() map[string]int { return countIDs(t, dir+"/access.log") }
	s.start()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("nginx at %s: %s", address, clip(s.log.String()))
		}
	})
	return s
}

func countIDs(t testing.TB, path string) map[string]int {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	ids := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if id, _, ok := strings.Cut(line, " "); ok && id != "-" {
			ids[id]++
		}
	}
	return ids
}

// settled waits until what a server has executed does not change any more.
func settled(s *server) map[string]int {
	last := s.executed()
	for {
		time.Sleep(100 * time.Millisecond)
		now := s.executed()
		if len(now) == len(last) {
			return now
		}
		last = now
	}
}
