package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// conf is the configuration of a sidecar with one upstream, "web", and one
// listener of that name. Its fields are further lines of the sections.
type conf struct {
	protocol string // of the upstream, and of the listener that leads there; http if empty
	address  string // of the listener, a free port if empty
	process  string
	admin    string // its address, a free port if empty
	probe    string // further lines of [admin]
	listener string
	discover string // "file:///..." or addresses with commas between
	upstream string
	more     string // further sections
	routed   bool   // the listener has routes only
}

func (c conf) text() string {
	if c.protocol == "" {
		c.protocol = "http"
	}
	if c.address == "" {
		c.address = "127.0.0.1:0"
	}
	if !strings.Contains(c.discover, "://") {
		c.discover = "tcp://" + c.discover
	}
	if c.admin == "" {
		c.admin = "127.0.0.1:0"
	}
	usual := `upstream = "web"`
	if c.routed {
		usual = ""
	}
	if listens(c.protocol) != c.protocol {
		c.upstream = fmt.Sprintf("protocol = %q\n", c.protocol) + c.upstream
	}
	return fmt.Sprintf("[process]\n%s\n[admin]\naddress = %q\n%s\n"+
		"[[listener]]\nname = \"web\"\naddress = %q\nprotocol = %q\n%s\n%s\n"+
		"[upstream.web]\ndiscover = %q\n%s\n%s\n",
		c.process, c.admin, c.probe, c.address, listens(c.protocol), usual, c.listener, c.discover, c.upstream, c.more)
}

// proc is a running sidecar.
type proc struct {
	t      testing.TB
	cmd    *exec.Cmd
	path   string // of config.toml
	log    logText
	done   chan struct{} // closed when the process has ended
	code   int           // its exit code, after done
	expect int           // what the exit code must be
	admin  admin
	port   string // address of the listener "web"
}

// start runs a sidecar, as a test binary if program is "", until the test ends.
func start(t testing.TB, program string, c conf) *proc {
	t.Helper()
	p := launch(t, program, c)
	await(t, "ready", func() bool { return p.over() || p.admin.status("/ready") == 200 })
	if p.over() {
		t.Fatalf("the sidecar ended with %d:\n%s", p.code, p.log.String())
	}
	return p
}

// launch is start without the wait until it is ready.
func launch(t testing.TB, program string, c conf) *proc {
	t.Helper()
	p := &proc{t: t, path: filepath.Join(t.TempDir(), "config.toml"), done: make(chan struct{})}
	p.write(c)
	p.cmd = command(program, "run", "-config", p.path)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.done)
	}()
	t.Cleanup(p.finish)
	await(t, "start", func() bool { return p.over() || p.log.has("sidecar started") })
	if p.over() {
		t.Fatalf("the sidecar ended with %d:\n%s", p.code, p.log.String())
	}
	p.port = p.listener("web")
	p.admin = newAdmin(t, p.log.find(`msg=admin address=(\S+)`))
	return p
}

// command is the sidecar's program with arguments.
func command(program string, args ...string) *exec.Cmd {
	if program == "" {
		program = os.Args[0]
	}
	cmd := exec.Command(program, args...)
	// With the race detector a process sleeps a second at its end by default.
	cmd.Env = append(os.Environ(), asSidecar+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

func (p *proc) write(c conf) {
	p.t.Helper()
	if err := os.WriteFile(p.path, []byte(c.text()), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// listener is the address of a listener.
func (p *proc) listener(name string) string {
	return p.log.find(`msg=listening listener=` + name + ` address=(\S+)`)
}

func (p *proc) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %v: %v", s, err)
	}
}

// reload writes a configuration, asks for it to be read, and waits until log
// says so.
func (p *proc) reload(c conf, log string) {
	p.t.Helper()
	before := p.log.count(log)
	p.write(c)
	p.signal(syscall.SIGHUP)
	await(p.t, "log of the reload: "+log, func() bool { return p.log.count(log) > before })
}

func (p *proc) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// wait waits for the end and returns how long it took.
func (p *proc) wait() time.Duration {
	p.t.Helper()
	began := time.Now()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatal("the sidecar does not end")
	}
	return time.Since(began)
}

// finish ends the process and looks whether it was well all the time.
func (p *proc) finish() {
	if !p.over() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(patience):
			p.t.Errorf("the sidecar does not end after SIGTERM")
			p.cmd.Process.Signal(syscall.SIGQUIT)
			<-p.done
		}
	}
	if p.code != p.expect {
		p.t.Errorf("exit code %d, want %d", p.code, p.expect)
	}
	text := p.log.String()
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if strings.Contains(text, bad) {
			p.t.Errorf("the sidecar's log has %q", bad)
		}
	}
	if p.t.Failed() {
		p.t.Logf("log of the sidecar:\n%s", clip(text))
	}
}

func clip(s string) string {
	const most = 12 << 10
	if len(s) <= most {
		return s
	}
	return s[:most/2] + "\n[...]\n" + s[len(s)-most/2:]
}

// logText collects what a process writes.
type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logText) has(s string) bool  { return strings.Contains(l.String(), s) }
func (l *logText) count(s string) int { return strings.Count(l.String(), s) }
func (l *logText) find(r string) string {
	if m := regexp.MustCompile(r).FindStringSubmatch(l.String()); m != nil {
		return m[1]
	}
	return ""
}
