// Command sidecar is the daemon: see "sidecar help".
package main

import (
	"os"

	"sidecar/cmd/daemon"
)

func main() { os.Exit(daemon.Main(os.Args[1:], os.Stdout, os.Stderr)) }
