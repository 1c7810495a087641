// Command demo shows the sidecar at work, in one process and with nothing else
// installed: six HTTP backends, one slow and one that dies again and again, the
// sidecar in front of them, light traffic, and a table of what the admin port
// says. The sidecar is what "sidecar run" starts, from the same configuration
// but for its addresses. It is no benchmark and no test bed: the backends are
// net/http, and all share one process.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 64
)

func main() { os.Exit(command(os.Args[1:])) }

func command(args []string) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	length := flags.Duration("for", 0, "end after this `time`, such as 10s; 0 is at Ctrl-C")
	path := flags.String("config", "config.toml", "configuration `file`, of which only addresses are changed")
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return exitOK
	case err != nil:
		return exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(os.Stderr, "demo: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	case *length < 0:
		fmt.Fprintln(os.Stderr, "demo: -for is less than no time")
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C ends it at once
	if *length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *length)
		defer cancel()
	}
	err := run(ctx, params{Path: *path, Out: os.Stdout, Terminal: isTerminal(os.Stdout), Shipped: true, Cycle: usual(), Every: time.Second})
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return exitFailure
	}
	return exitOK
}

// isTerminal tells whether f takes cursor movements.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	term := os.Getenv("TERM")
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && term != "" && term != "dumb"
}
