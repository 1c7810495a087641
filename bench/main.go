package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// document is what -write writes, from the module's root.
const document = "docs/performance.md"

type options struct {
	rounds  int
	length  time.Duration
	all     bool
	verbose bool
	write   bool
	profile string
}

func main() {
	// Servers are told to end with the thread that started them (server.go).
	runtime.LockOSThread()
	var o options
	flag.IntVar(&o.rounds, "rounds", enough, "rounds kept; one before them is dropped, and fewer than the default give no verdict")
	flag.DurationVar(&o.length, "length", time.Second, "of a round, in whole seconds")
	flag.BoolVar(&o.all, "all", false, "every workload, not only the main ones")
	flag.BoolVar(&o.verbose, "v", false, "print the configuration of every server too")
	flag.BoolVar(&o.write, "write", false, "write the result to "+document)
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of the sidecar under the first workload to this `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.rounds < 1 || o.length < time.Second || o.length%time.Second != 0 || flag.NArg() > 0 {
		return errors.New("-rounds is at least 1, -length whole seconds, and there are no arguments")
	}
	if runtime.NumCPU() < 2 {
		return errors.New("needs 2 CPUs: one for the proxy, one for client and backend")
	}
	// Where Debian puts servers and users do not look.
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays behind is in a directory for that
	// A worker of nginx that root started is another user.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	sidecar, err := build(ctx, dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, s := range suites() {
		if err := measure(ctx, &b, o, s, dir, sidecar); err != nil {
			return err
		}
	}
	fmt.Print(b.String())
	if !o.write {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(document), 0o755); err != nil {
		return err
	}
	return os.WriteFile(document, []byte(introduction+b.String()), 0o644)
}

// build compiles the sidecar of this module and returns the binary's path.
func build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "sidecar")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "sidecar/cmd/sidecar")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the sidecar: %w: %s", err, out)
	}
	return path, nil
}
