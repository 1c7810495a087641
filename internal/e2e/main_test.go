// Package e2e is the end-to-end suite: a sidecar in a process of its own
// between clients and real servers, which are killed, stopped and restarted
// while requests go through. Scenarios are written once and run with every
// protocol that has a driver (driver_test.go). What a codec or a policy does
// with a given input is not tested here.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"sidecar/cmd/daemon"
	"sidecar/internal/leak"
)

// asSidecar in the environment makes the test binary the sidecar itself. The
// sidecar under test is thus built as the tests are: with the race detector if
// they are.
const asSidecar = "SIDECAR_E2E_RUN"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == asThriftServer {
		fmt.Fprintln(os.Stderr, serveThrift(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	if len(os.Args) == 4 && os.Args[1] == asMuxServer {
		fmt.Fprintln(os.Stderr, serveMux(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	if os.Getenv(asSidecar) != "" {
		os.Exit(daemon.Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	leak.Main(m, leak.Params{})
}

// built is the program as it is released, for tests that look at the process:
// its memory, its exit.
func built(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sidecar")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", path, "sidecar/cmd/sidecar")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// conformance tells whether the long runs are asked for.
func conformance() bool { return os.Getenv("SIDECAR_CONFORMANCE") == "1" }

// patience is how long an awaited thing may take before the test has failed.
// Nothing that works waits for it.
const patience = 30 * time.Second

// await polls until ok holds.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	awaitFor(t, patience, what, ok)
}

// awaitFor is await with a patience of its own.
func awaitFor(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited %v for: %s", limit, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
