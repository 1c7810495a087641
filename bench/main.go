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
	"regexp"
	"runtime"
	"syscall"
	"time"
)

type options struct {
	rounds  int
	length  time.Duration
	verbose bool
	write   bool
	profile string
	sidecar string
	choice
}

func main() {
	if len(os.Args) > 1 {
		// What this program is besides, for itself only.
		switch os.Args[1] {
		case "reverseproxy":
			exit(runReverseProxy(os.Args[2:]))
		case "generate":
			exit(runGenerator(os.Args[2:]))
		case "broker":
			exit(runBroker(os.Args[2:]))
		case "stream":
			exit(runStreamer(os.Args[2:]))
		}
	}
	// Servers are told to end with the thread that started them (server.go).
	runtime.LockOSThread()
	var o options
	flag.IntVar(&o.rounds, "rounds", enough, "rounds kept; one before them is dropped, and fewer than the default give no verdict")
	flag.DurationVar(&o.length, "length", time.Second, "of a round, in whole seconds")
	flag.BoolVar(&o.all, "all", false, "run every workload, not only the main ones")
	flag.BoolVar(&o.verbose, "v", false, "print the configuration of every server too")
	flag.BoolVar(&o.write, "write", false, "write the result to "+document+", .csv and .svg")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of the sidecar under the first workload to this `file`, and where the time went to the result")
	flag.StringVar(&o.sidecar, "sidecar", "", "measure this binary instead of building the sidecar of this tree")
	flag.Func("only", "run the workloads whose names match this `regexp`, main ones or not", pattern(&o.only))
	flag.Func("peers", "run the peers whose names match this `regexp`", pattern(&o.peers))
	flag.Func("with", "`path[,name]` of another binary of the sidecar to measure beside this one, with the same configuration; may be repeated", func(text string) error {
		b, err := parseBuild(text)
		o.with = append(o.with, b)
		return err
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, o options) error {
	if o.rounds < 1 || o.length < time.Second || o.length%time.Second != 0 || flag.NArg() > 0 {
		return errors.New("-rounds is at least 1, -length whole seconds, and there are no arguments")
	}
	if runtime.NumCPU() < 2 {
		return errors.New("needs 2 CPUs: one for the proxy, one for client and backend")
	}
	if err := widenPath(); err != nil {
		return err
	}
	for program, brings := range map[string]string{"wrk": fromDebian + "wrk", "taskset": "the package util-linux"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("there is no %s in $PATH, which no measurement does without: %s", program, brings)
		}
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
	v := values{Files: fileLimit()}
	if v.Self, err = executable(); err != nil {
		return err
	}
	if v.Sidecar, err = o.subject(ctx, dir); err != nil {
		return err
	}
	j := journal{live: os.Stdout}
	for i, s := range suites() {
		s, err := o.pick(s)
		if err != nil {
			return err
		}
		v.Dir = filepath.Join(dir, fmt.Sprint("suite", i))
		if err := runSuite(ctx, &j, o, s, v); err != nil {
			return err
		}
	}
	if !o.write {
		return nil
	}
	return writeDocument(&j)
}

// widenPath adds to $PATH where Debian puts servers and users do not look, and
// where scripts/envoy.sh puts Envoy.
func widenPath() error {
	path := os.Getenv("PATH") + ":/usr/sbin:/sbin"
	if cache, err := os.UserCacheDir(); err == nil {
		path += ":" + filepath.Join(cache, "sidecar-bench")
	}
	return os.Setenv("PATH", path)
}

// pattern reads a flag's regular expression.
func pattern(to **regexp.Regexp) func(string) error {
	return func(text string) (err error) {
		*to, err = regexp.Compile(text)
		return err
	}
}

// subject is the path of the binary to measure.
func (o options) subject(ctx context.Context, dir string) (string, error) {
	if o.sidecar == "" {
		return compile(ctx, dir)
	}
	b, err := parseBuild(o.sidecar)
	return b.path, err
}

// compile builds the sidecar of this module and returns the binary's path.
func compile(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "sidecar")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "sidecar/cmd/sidecar")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the sidecar: %w: %s", err, out)
	}
	return path, nil
}
