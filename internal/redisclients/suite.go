package redisclients

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unitTime bounds one unit. The longest (geo, hyperloglog) take minutes on a busy
// machine.
const unitTime = 10 * time.Minute

// Result is what became of a unit's tests.
type Result struct {
	Passed, Ignored int // ignored: their tags say that no external server can run them
	Failed          []string
	Ended           bool // the unit ran to its end
	Text            string
}

var (
	suiteColour = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	suiteLine   = regexp.MustCompile(`(?m)^\[(ok|err|ignore|exception|TIMEOUT)\]: (.*)$`)
)

// Run runs a unit against address, whose server behind it is at direct: what
// sets that server up goes there. Tests of skipped are left out.
func (s *Suite) Run(t testing.TB, unit, direct, address string, skipped []string) Result {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"tests/test_helper.tcl", "--host", host, "--port", port, "--singledb", "--clients", "1", "--durable",
		"--no-latency", "--timeout", "500", "--baseport", strconv.Itoa(freePort(t)), "--tags", "-slow -needs:debug -needs:repl", "--single", unit,
	}
	for _, name := range skipped {
		args = append(args, "--skiptest", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), unitTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tclsh", args...)
	cmd.Dir = s.path("src")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts another, which must end with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	cmd.Env = os.Environ()
	if direct != address {
		_, port, err := net.SplitHostPort(direct)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "DIRECT="+port)
	}
	out, _ := cmd.CombinedOutput() // what it tells is looked at in any case
	return read(string(out))
}

func read(out string) Result {
	r := Result{Text: suiteColour.ReplaceAllString(out, "")}
	for _, m := range suiteLine.FindAllStringSubmatch(r.Text, -1) {
		switch m[1] {
		case "ok":
			r.Passed++
		case "ignore":
			r.Ignored++
		default:
			r.Failed = append(r.Failed, m[2])
		}
	}
	r.Ended = strings.Contains(r.Text, "All tests passed without errors") || len(r.Failed) > 0 && strings.Contains(r.Text, "The following tests failed")
	return r
}

// Each runs every unit that has a test for an external server, each behind a
// server of its own: through starts what stands in front of it. What is left
// out is the Unit's to say.
func (s *Suite) Each(t *testing.T, through func(t *testing.T, direct string) string) {
	t.Helper()
	passed := 0
	for _, u := range Units() {
		t.Run(u.Name, func(t *testing.T) {
			direct := Server(t, "--enable-protected-configs", "yes")
			address := through(t, direct)
			var skipped []string
			if address != direct {
				for _, x := range u.Except {
					skipped = append(skipped, x.Tests...)
				}
			}
			r := s.Run(t, u.Name, direct, address, skipped)
			passed += r.Passed
			t.Logf("%s: %d passed, %d left out for %d reasons, %d not for external servers", u.Name, r.Passed, len(skipped), len(u.Except), r.Ignored)
			if len(r.Failed) > 0 || !r.Ended || r.Passed == 0 {
				t.Error(fmt.Sprintf("failed: %q\n", r.Failed), r.Text[max(0, len(r.Text)-5000):])
			}
		})
	}
	t.Logf("%d tests passed", passed)
}
