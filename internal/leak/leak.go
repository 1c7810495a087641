// Package leak makes a package's tests fail when they leave something behind:
// a goroutine without an owner, a buffer that never went back. It is for
// TestMain only. It says nothing about which test left it: run them one by one.
package leak

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// maxWait is how long goroutines that are on their way out get. It is a bound
// for a failure only: a clean package does not wait.
const maxWait = 5 * time.Second

// maxStacks bounds the memory for the stacks of all goroutines, in bytes; one
// package's tests with more than that left have failed anyway.
const maxStacks = 8 << 20

// Params says what Main may find and what else it counts.
type Params struct {
	// Ignore are goroutines that may stay, by a part of their stack: the name
	// of the function in which one started, such as "sock.(*Wheel).run".
	Ignore []string
	// Zero are counts that must be zero at the end, by what they count.
	Zero map[string]func() int64
}

// Main runs the tests of a package and ends the process: with the tests' own
// exit code if they failed, else with 1 if something was left.
func Main(m *testing.M, p Params) {
	code := m.Run()
	if code == 0 && !settles(p, maxWait, os.Stderr) {
		code = 1
	}
	os.Exit(code)
}

// settles waits until nothing is left, at most for wait, and else tells w what
// is. It looks again and again since a goroutine that was told to end, and even
// one that its owner has joined, is seen for a moment more.
func settles(p Params, wait time.Duration, w io.Writer) bool {
	end := time.Now().Add(wait)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		left := p.left()
		if len(left) == 0 {
			return true
		}
		if time.Now().After(end) {
			_, _ = fmt.Fprintf(w, "leak: left behind by the tests of this package:\n\n%s\n", strings.Join(left, "\n\n"))
			return false
		}
		time.Sleep(pause)
	}
}

// left is what stands now, each as text.
func (p Params) left() []string {
	var all []string
	for _, g := range goroutines() {
		if !p.allowed(g) {
			all = append(all, g)
		}
	}
	for what, count := range p.Zero {
		if n := count(); n != 0 {
			all = append(all, fmt.Sprintf("%d %s", n, what))
		}
	}
	return all
}

// goroutines are the stacks of all but the calling one.
func goroutines() []string {
	for size := 1 << 16; ; size *= 2 {
		text := make([]byte, size)
		n := runtime.Stack(text, true)
		if n < size || size >= maxStacks {
			_, others, _ := strings.Cut(string(text[:n]), "\n\n")
			if others == "" {
				return nil
			}
			return strings.Split(strings.TrimSpace(others), "\n\n")
		}
	}
}

// ours are goroutines of the runtime, of signal handling and of the testing
// package itself, by a part of their stack.
var ours = [...]string{
	"os/signal.signal_recv", "os/signal.loop", "runtime.ensureSigM", "runtime.ReadTrace",
	"testing.(*M).", "testing.runFuzzing", "internal/fuzz.",
	"runtime/pprof.profileWriter",
}

func (p Params) allowed(stack string) bool {
	for _, known := range ours {
		if strings.Contains(stack, known) {
			return true
		}
	}
	for _, known := range p.Ignore {
		if strings.Contains(stack, known) {
			return true
		}
	}
	return false
}
