package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"text/template"
	"time"
)

const (
	clientCPU = 0 // generator and backend
	proxyCPU  = 1

	// readyWithin is how long a server may take to answer.
	readyWithin = 10 * time.Second
)

//go:embed testdata
var testdata embed.FS

// server is a program to start: a proxy or the backend. command and the file
// config of testdata are templates over values.
type server struct {
	name    string
	config  string
	command []string
	version []string
	files   map[string]int // to make in its directory before it starts: name and size
}

// values are what templates may name.
type values struct {
	Address, Admin, Backend string // host:port
	Dir, Config             string // its own directory, and its configuration there
	Sidecar                 string // the binary under test
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
	v.Config = filepath.Join(v.Dir, "config")
	p := &process{values: v, server: s, ended: make(chan struct{})}
	args, err := p.prepare()
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
func (p *process) prepare() ([]string, error) {
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
	for name, size := range p.files {
		if err := os.WriteFile(filepath.Join(p.Dir, name), bytes.Repeat([]byte("a"), size), 0o644); err != nil {
			return nil, err
		}
	}
	return expandAll(p.command, p.values)
}

func expand(text string, v values) (string, error) {
	t, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.String(), err
}

func expandAll(texts []string, v values) ([]string, error) {
	var all []string
	for _, t := range texts {
		s, err := expand(t, v)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// stop ends the server and its workers at once: it has nothing to finish.
func (p *process) stop() {
	_ = syscall.Kill(-p.group, syscall.SIGKILL) // it may have ended by itself
	<-p.ended
}

// answers waits until the process serves the workload, and looks that the
// answer is whole.
func (p *process) answers(ctx context.Context, w workload) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		err := ask(ctx, "http://"+p.Address+w.path, w.body)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			log, _ := os.ReadFile(filepath.Join(p.Dir, "log"))
			return fmt.Errorf("%s ended: %s", p.name, bytes.TrimSpace(log))
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve %s: %w", p.name, w.path, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func ask(ctx context.Context, url string, size int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || n != int64(size) {
		return fmt.Errorf("got %s with %d bytes, want 200 with %d", res.Status, n, size)
	}
	return nil
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
