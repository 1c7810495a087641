package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	clientCPU = 0 // generator and backend
	proxyCPU  = 1
)

//go:embed testdata
var testdata embed.FS

// server is a program to start: a proxy or the backend. command and the file
// config of testdata are templates over values.
type server struct {
	name      string
	source    string // a C program of testdata, compiled for it
	config    string // "" for none
	command   []string
	version   []string       // "" for none
	install   string         // the command that brings its program
	files     map[string]int // to make in its directory before it starts: name and size
	upstreams int            // that it is configured with; 0 = one, without routes
}

// missing tells why the server cannot be started here, "" if it can.
func (s server) missing() string {
	program := s.command[0]
	if s.source != "" {
		program = "cc"
	} else if strings.Contains(program, "{{") {
		return "" // what this command brings itself
	}
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Sprintf("there is no %s in $PATH: %s", program, s.install)
	}
	return ""
}

// process is a server that runs, in a process group of its own.
type process struct {
	values
	server
	text  string // of its configuration
	group int
	ended chan struct{} // closed when it has ended
}

func (s server) start(ctx context.Context, cpu int, v values) (*process, error) {
	v.Config = filepath.Join(v.Dir, s.config) // by its suffix Envoy knows the format
	v.Program = filepath.Join(v.Dir, "program")
	v.Upstreams = upstreams(s.upstreams, v.Endpoints)
	p := &process{values: v, server: s, ended: make(chan struct{})}
	args, err := p.prepare(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	log, err := os.Create(filepath.Join(v.Dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := pinned(ctx, cpu, args)
	cmd.Stdout, cmd.Stderr = log, log
	// The signal is for when this process is killed: servers left behind would
	// disturb the next measurement. The kernel sends it when the thread ends
	// that started them, so main keeps to one.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	p.group = cmd.Process.Pid
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // how it ended stands in its log
	}()
	return p, nil
}

// prepare writes what the server reads and returns its command line.
func (p *process) prepare(ctx context.Context) ([]string, error) {
	if p.config != "" {
		raw, err := testdata.ReadFile("testdata/" + p.config)
		if err != nil {
			return nil, err
		}
		if p.text, err = expand(string(raw), p.values); err != nil {
			return nil, err
		}
		if err := os.WriteFile(p.Config, []byte(p.text), 0o644); err != nil {
			return nil, err
		}
	}
	for name, size := range p.files {
		if err := os.WriteFile(filepath.Join(p.Dir, name), bytes.Repeat([]byte("a"), size), 0o644); err != nil {
			return nil, err
		}
	}
	if p.source != "" {
		if err := compileC(ctx, p.source, p.Program); err != nil {
			return nil, err
		}
	}
	return expandAll(p.command, p.values)
}

// compileC makes a program of a file of testdata.
func compileC(ctx context.Context, source, program string) error {
	text, err := testdata.ReadFile("testdata/" + source)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "cc", "-O2", "-o", program, "-x", "c", "-")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s: %w: %s", source, err, out)
	}
	return nil
}

// stop ends the server and its workers at once: it has nothing to finish.
func (p *process) stop() {
	_ = syscall.Kill(-p.group, syscall.SIGKILL) // it may have ended by itself
	<-p.ended
}

// aim is what a generator is pointed at.
func (p *process) aim() aim {
	return aim{address: p.Address, upstreams: max(1, p.upstreams), client: p.Client}
}

// pinned is a command that runs on one CPU only. taskset becomes the program,
// so the process is the program's.
func pinned(ctx context.Context, cpu int, args []string) *exec.Cmd {
	return exec.CommandContext(ctx, "taskset", append([]string{"-c", strconv.Itoa(cpu)}, args...)...)
}

// freeAddress is one that nobody listens on; servers take it a moment later.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
