// Command sidecar is the daemon. So far it checks configurations.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"sidecar/config"
)

const (
	version   = "0.1.0"
	exitOK    = 0
	exitUsage = 64 // bad usage or configuration
)

const usage = `usage:
  sidecar check [-config FILE]   print the effective configuration, or all that is wrong with it
  sidecar version                print the version
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	verb := "help"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("sidecar "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "config.toml", "configuration `file`")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	switch verb {
	case "check":
		return check(*path, stdout, stderr)
	case "version":
		fmt.Fprintf(stdout, "sidecar %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return exitOK
	}
	fmt.Fprint(stderr, usage)
	return exitUsage
}

func check(path string, stdout, stderr io.Writer) int {
	f, err := config.Load(path)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	for _, note := range f.Notes {
		fmt.Fprintln(stderr, "note:", note)
	}
	if err := f.WriteEffective(stdout); err != nil {
		fmt.Fprintln(stderr, "sidecar check:", err)
		return 1
	}
	return exitOK
}
