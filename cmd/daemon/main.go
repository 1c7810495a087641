package daemon

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"sidecar/config"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 64 // bad usage or configuration
)

const usage = `sidecar forwards local HTTP connections to the real backends of a service.

  sidecar [run] [-config FILE]   run the daemon (FILE: config.toml)
  sidecar check [-config FILE]   print the effective configuration, or all that is wrong with it
  sidecar ready [-config FILE]   ask a running daemon whether it is ready; exit 0 or 1
  sidecar version                print the version

Signals: SIGTERM and SIGINT drain and end the daemon (twice: at once), SIGHUP reads the configuration again.
Exit codes: 0 clean (after a grace that ran out too), 1 failure or a second signal, 64 bad usage or configuration.
`

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	verb := "run"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	path, err := arguments(verb, args)
	switch {
	case err == flag.ErrHelp:
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "sidecar: %v\n\n%s", err, usage)
		return exitUsage
	}
	switch verb {
	case "run":
		return runVerb(path, stderr)
	case "check":
		return checkVerb(path, stdout, stderr)
	case "ready":
		return readyVerb(path, stderr)
	case "version":
		fmt.Fprintf(stdout, "sidecar %s %s %s/%s\n", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return exitOK
	case "help":
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	return exitUsage // not reached: arguments knows the verbs
}

// load reads and checks a configuration, with everything that components have
// to say about it.
func load(path string) (*config.File, error) {
	f, err := config.Load(path)
	return read(f, err, path)
}

func checkVerb(path string, stdout, stderr io.Writer) int {
	f, err := load(path)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	for _, note := range f.Notes {
		fmt.Fprintln(stderr, "note:", note)
	}
	if err := f.WriteEffective(stdout); err != nil {
		fmt.Fprintln(stderr, "sidecar check:", err)
		return exitFailure
	}
	writePlaces(stdout, f)
	return exitOK
}

// readyTimeout bounds the whole question, so that a health check cannot hang.
const readyTimeout = 2 * time.Second

func readyVerb(path string, stderr io.Writer) int {
	f, err := config.Load(path)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	address := f.Admin.Address
	if address == "" {
		address = f.Admin.ProbeAddress
	}
	if address == "" {
		fmt.Fprintln(stderr, "sidecar ready: the configuration has no admin address to ask")
		return exitUsage
	}
	if text, ok := askReady(address); !ok {
		fmt.Fprintln(stderr, "sidecar ready:", text)
		return exitFailure
	}
	return exitOK
}

// askReady asks /ready at the admin address.
func askReady(address string) (text string, ok bool) {
	network, addr := "tcp", address
	if p, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		network, addr = "unix", p
	}
	conn, err := net.DialTimeout(network, addr, readyTimeout)
	if err != nil {
		return err.Error() + ": is the daemon running, with this configuration?", false
	}
	defer conn.Close()
	host := "localhost"
	if network == "tcp" {
		// The port lets in the address that it was reached by: not
		// "localhost" where it is bound elsewhere, nor a name or a wildcard.
		host = conn.RemoteAddr().String()
	}
	client := http.Client{Timeout: readyTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}}
	res, err := client.Get("http://" + host + "/ready")
	if err != nil {
		return err.Error(), false
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	return strings.TrimSpace(string(body)), res.StatusCode == http.StatusOK
}

func runVerb(path string, stderr io.Writer) int {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	return Run(Params{Path: path, Signals: signals, Log: stderr})
}
